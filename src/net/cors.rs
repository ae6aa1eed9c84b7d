//! Cross-origin requests: the answer to a browser's preflight, and the headers on everything else.
//!
//! It decides by `Origin` alone and lets nothing in that would otherwise be kept out: a browser without permission
//! simply does not show the answer to its page.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::body::Pieces;
use super::settings;

/// Headers that OTLP needs, always allowed.
const ALWAYS: [&str; 4] = ["accept", "content-type", "content-encoding", "x-requested-with"];

/// The rules of one listener.
#[derive(Debug, Clone)]
pub struct Cors {
    origins: Vec<String>,
    headers: Vec<String>,
    exposed: Option<HeaderValue>,
    max_age: Option<HeaderValue>,
}

impl Cors {
    /// `None` if no origin is allowed, which is the same as no CORS.
    pub fn new(settings: &settings::Cors) -> Option<Self> {
        if settings.allowed_origins.is_empty() {
            return None;
        }
        let lower = |names: &[String]| names.iter().map(|name| name.to_ascii_lowercase()).collect();
        let exposed = (!settings.exposed_headers.is_empty()).then(|| settings.exposed_headers.join(", "));
        Some(Self {
            origins: lower(&settings.allowed_origins),
            headers: lower(&settings.allowed_headers),
            exposed: exposed.and_then(|names| HeaderValue::from_str(&names).ok()),
            max_age: (settings.max_age > 0).then(|| HeaderValue::from(settings.max_age)),
        })
    }

    /// The answer to a preflight; `None` if the request is none.
    pub fn preflight(&self, method: &Method, request: &HeaderMap) -> Option<Response<Pieces>> {
        if method != Method::OPTIONS || !request.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let mut response = Response::new(Pieces::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        self.decorate(request, headers);
        let wanted = request.get(ACCESS_CONTROL_REQUEST_HEADERS);
        if headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN)
            && wanted.is_none_or(|names| self.allows_headers(names))
        {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
            if let Some(wanted) = wanted {
                headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
            }
            if let Some(max_age) = &self.max_age {
                headers.insert(ACCESS_CONTROL_MAX_AGE, max_age.clone());
            }
        }
        Some(response)
    }

    /// Adds to a response what lets the page read it, if its origin is allowed.
    pub fn decorate(&self, request: &HeaderMap, response: &mut HeaderMap) {
        response.append(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = request.get(ORIGIN) else { return };
        if !origin.to_str().is_ok_and(|origin| self.allows_origin(&origin.to_ascii_lowercase())) {
            return;
        }
        let any = self.origins.iter().any(|allowed| allowed == "*");
        let allowed = if any { HeaderValue::from_static("*") } else { origin.clone() };
        response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if let Some(exposed) = &self.exposed {
            response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }

    /// One `*` in a pattern stands for any text.
    fn allows_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| match allowed.split_once('*') {
            None => allowed == origin,
            Some((before, after)) => {
                origin.len() >= before.len() + after.len()
                    && origin.starts_with(before)
                    && origin.ends_with(after)
            }
        })
    }

    fn allows_headers(&self, names: &HeaderValue) -> bool {
        let Ok(names) = names.to_str() else { return false };
        names.split(',').map(|name| name.trim().to_ascii_lowercase()).all(|name| {
            name.is_empty()
                || ALWAYS.contains(&name.as_str())
                || self.headers.iter().any(|allowed| *allowed == name || allowed == "*")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Cors {
        Cors::new(&settings::Cors {
            allowed_origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
            allowed_headers: vec!["X-Tenant".to_owned()],
            exposed_headers: vec!["X-A".to_owned(), "X-B".to_owned()],
            max_age: 7200,
        })
        .unwrap()
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    fn allowed(cors: &Cors, origin: &'static str) -> Option<String> {
        let mut response = HeaderMap::new();
        cors.decorate(&headers(&[("origin", origin)]), &mut response);
        assert_eq!(response[VARY], "Origin");
        response.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn origins_match_whole_or_by_one_star() {
        let some = cors(&["https://a.example", "https://*.b.example"]);
        for origin in ["https://a.example", "HTTPS://A.example", "https://x.b.example"] {
            assert_eq!(allowed(&some, origin).as_deref(), Some(origin));
        }
        for origin in
            ["https://a.example.evil", "http://a.example", "https://b.example", "https://x.b.example.evil"]
        {
            assert_eq!(allowed(&some, origin), None, "{origin}");
        }
        assert_eq!(allowed(&cors(&["*"]), "https://any").as_deref(), Some("*"));
        // The two halves of a pattern may not share a letter.
        assert_eq!(allowed(&cors(&["https://a*a"]), "https://a"), None);
    }

    #[test]
    fn a_preflight_is_answered() {
        let ask = |wanted: &'static str| {
            let request = headers(&[
                ("origin", "https://a.example"),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", wanted),
            ]);
            cors(&["https://a.example"]).preflight(&Method::OPTIONS, &request).unwrap()
        };
        let granted = ask("content-type, x-tenant");
        assert_eq!(granted.status(), StatusCode::NO_CONTENT);
        assert_eq!(granted.headers()[ACCESS_CONTROL_ALLOW_METHODS], "POST");
        assert_eq!(granted.headers()[ACCESS_CONTROL_ALLOW_HEADERS], "content-type, x-tenant");
        assert_eq!(granted.headers()[ACCESS_CONTROL_MAX_AGE], "7200");
        assert_eq!(granted.headers()[ACCESS_CONTROL_EXPOSE_HEADERS], "X-A, X-B");
        assert!(!ask("x-other").headers().contains_key(ACCESS_CONTROL_ALLOW_METHODS));
    }

    #[test]
    fn what_is_no_preflight_is_left_alone() {
        let some = cors(&["*"]);
        assert!(some.preflight(&Method::OPTIONS, &headers(&[("origin", "https://a")])).is_none());
        assert!(
            some.preflight(&Method::POST, &headers(&[("access-control-request-method", "POST")])).is_none()
        );
        assert!(Cors::new(&settings::Cors::default()).is_none());
    }
}
