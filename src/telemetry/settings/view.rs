//! `service.telemetry.metrics.views`: of OpenTelemetry's views, those that leave something out.

use serde::Deserialize;

use super::metrics::Lists;
use crate::config::Optional;
use crate::telemetry::def::Kind;
use crate::telemetry::registry::View;

/// One view as it is written. A key of the schema that is missing here is one that weft does not do, and an error.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawView {
    selector: Selector,
    stream: Stream,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Selector {
    instrument_name: Option<String>,
    instrument_type: Option<InstrumentType>,
    meter_name: Option<String>,
    unit: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum InstrumentType {
    Counter,
    Gauge,
    Histogram,
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
    UpDownCounter,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Stream {
    aggregation: Aggregation,
    attribute_keys: Lists,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Aggregation {
    default: Optional<Empty>,
    drop: Optional<Empty>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Empty {}

impl RawView {
    /// `aggregation.default` says what is so anyway.
    pub(super) fn view(&self) -> View {
        let Aggregation { drop, default: Optional(_) } = &self.stream.aggregation;
        View {
            name: self.selector.instrument_name.clone(),
            kinds: self.selector.instrument_type.map(InstrumentType::kinds).unwrap_or_default(),
            scope: self.selector.meter_name.clone(),
            unit: self.selector.unit.clone(),
            drop: drop.0.is_some(),
            included: self.stream.attribute_keys.included.clone(),
            excluded: self.stream.attribute_keys.excluded.clone().unwrap_or_default(),
        }
    }
}

impl InstrumentType {
    fn kinds(self) -> Vec<Kind> {
        match self {
            Self::Counter | Self::ObservableCounter => vec![Kind::Counter, Kind::Seconds],
            Self::Gauge | Self::ObservableGauge => vec![Kind::Gauge],
            Self::UpDownCounter | Self::ObservableUpDownCounter => vec![Kind::UpDown],
            Self::Histogram => vec![Kind::Histogram],
        }
    }
}
