//! Views: what `service.telemetry.metrics.views` drops or narrows.
//!
//! They act when a handle is made, so they cost nothing while counting. Of what a view can say in the SDKs, weft
//! does `drop` and `attribute_keys`; the settings refuse the rest.

use crate::telemetry::def::{Def, Kind};
use crate::telemetry::wildcard::matches as wildcard;

/// One view: which metrics it means, and what becomes of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Wildcards (`*`, `?`) over the name as in `names.rs`.
    pub name: Option<String>,
    /// Only metrics of these kinds; empty is all.
    pub kinds: Vec<Kind>,
    /// Only metrics of this instrumentation scope.
    pub scope: Option<String>,
    /// Only metrics of this unit.
    pub unit: Option<String>,
    /// Whether they are dropped.
    pub drop: bool,
    /// The only labels kept, if given (wildcards).
    pub included: Option<Vec<String>>,
    /// The labels removed (wildcards).
    pub excluded: Vec<String>,
}

impl View {
    /// A view that selects nothing in particular means nothing, as in the SDKs.
    fn means(&self, def: &Def) -> bool {
        let selective =
            self.name.is_some() || !self.kinds.is_empty() || self.scope.is_some() || self.unit.is_some();
        selective
            && self.name.as_deref().is_none_or(|pattern| wildcard(pattern, def.name))
            && (self.kinds.is_empty() || self.kinds.contains(&def.kind))
            && self.scope.as_deref().is_none_or(|scope| scope == def.scope)
            && self.unit.as_deref().is_none_or(|unit| unit == def.unit)
    }

    fn keeps(&self, key: &str) -> bool {
        let listed = |patterns: &[String]| patterns.iter().any(|pattern| wildcard(pattern, key));
        self.included.as_deref().is_none_or(listed) && !listed(&self.excluded)
    }
}

/// The labels that the views leave of a series, or none if they drop it. All views that mean a metric act.
pub(super) fn apply<'l>(
    views: &[View],
    def: &Def,
    labels: &[(&'l str, &'l str)],
) -> Option<Vec<(&'l str, &'l str)>> {
    let mut labels = labels.to_vec();
    for view in views.iter().filter(|view| view.means(def)) {
        if view.drop {
            return None;
        }
        labels.retain(|(key, _)| view.keeps(key));
    }
    Some(labels)
}
