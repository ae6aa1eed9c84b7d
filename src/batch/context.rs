//! Where a batch came from: tenant, the headers that later nodes read, and the sender's identity.
//!
//! Batches merge only with their like, and likeness is equality of the [`Origin`]. The plan decides
//! which headers are read at all, so that two requests that differ in a trace header nobody asks for
//! are still alike. A context holds no payload and knows nothing of signals.

use super::Time;
use std::sync::Arc;

/// The owner of the data: empty where no tenant was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(Option<Arc<str>>);

impl Tenant {
    /// A tenant by its name; the empty name is no tenant.
    pub fn new(name: &str) -> Self {
        Tenant((!name.is_empty()).then(|| name.into()))
    }

    /// The name, empty for none.
    pub fn name(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

/// The request headers that the plan keeps: lower-case names, sorted, each with its values in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Headers(Option<Arc<[Header]>>);

/// A name and a value.
type Header = (Arc<str>, Arc<str>);

impl Headers {
    /// Keeps the given pairs; names are lower-cased, order of equal names is kept.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut kept: Vec<Header> =
            pairs.into_iter().map(|(name, value)| (name.to_ascii_lowercase().into(), value.into())).collect();
        kept.sort_by(|a, b| a.0.cmp(&b.0));
        Headers((!kept.is_empty()).then(|| kept.into()))
    }

    /// Every value of the header `name`, which is given in lower case.
    pub fn get<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(kept, _)| *kept == name).map(|(_, value)| value)
    }

    /// All pairs, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|pairs| pairs.iter()).map(|(name, value)| (&**name, &**value))
    }
}

/// Who the sender proved to be: the name of an authenticated subject and the authenticator's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The user, the token's entry, or the certificate's common name.
    pub subject: Arc<str>,
    /// What vouched for it, for example `basicauth/server`.
    pub authenticator: Arc<str>,
}

/// What makes two batches alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The owner of the data.
    pub tenant: Tenant,
    /// The headers that some later node reads.
    pub headers: Headers,
    /// The sender's identity, if a later node reads it.
    pub identity: Option<Identity>,
}

/// A batch's origin and its times.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Shared by all batches of one kind.
    pub origin: Arc<Origin>,
    /// When the first byte of the request was read.
    pub received: Time,
    /// When the sender stops waiting: a request without an owner by then is refused.
    pub deadline: Option<Time>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_any_case_and_keep_the_order_of_their_values() {
        let pairs = [("X-B", "2"), ("x-a", "1"), ("x-b", "3")];
        let headers = Headers::new(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(headers.get("x-b").collect::<Vec<_>>(), ["2", "3"]);
        assert_eq!(headers.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["x-a", "x-b", "x-b"]);
        assert_eq!(headers.get("x-c").count(), 0);
    }

    #[test]
    fn likeness_is_over_tenant_headers_and_identity_alone() {
        let alike = Origin { tenant: Tenant::new("a"), ..Origin::default() };
        assert_eq!(alike, Origin { tenant: Tenant::new("a"), ..Origin::default() });
        assert_ne!(alike, Origin::default());
        assert_eq!(Tenant::new(""), Tenant::default());
    }
}
