//! Endpoints as people write them, parsed: where to listen ([`Bind`]), what to reach ([`Target`]), through what ([`Proxy`]).
//!
//! Names are not resolved here.

use std::fmt;
use std::path::PathBuf;

use base64::Engine;
use http::{HeaderValue, Uri};

use super::settings::Problem;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    /// A TCP port. An empty host is every address, v6 and v4.
    Tcp {
        /// Name or address, without brackets.
        host: String,
        /// 0 lets the system choose.
        port: u16,
        /// `tcp4`, `tcp6` or either.
        family: Family,
    },
    /// A unix socket.
    Unix {
        /// The socket's file.
        path: PathBuf,
        /// Permissions it gets, if not those that the umask leaves.
        mode: Option<u32>,
    },
}

/// Which kind of addresses a name may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// v4 or v6.
    Any,
    /// v4 only (`tcp4`).
    V4,
    /// v6 only (`tcp6`).
    V6,
}

impl Bind {
    /// Parses `endpoint` and `transport` of a server block; the problem's path is the key at fault.
    pub fn parse(endpoint: &str, transport: &str, permissions: Option<&str>) -> Result<Self, Problem> {
        if transport == "unix" {
            return Self::parse_unix(endpoint, permissions);
        }
        if permissions.is_some() {
            return Err(Problem::new(
                "socket_permissions",
                "only a unix socket has permissions",
                "add `transport: unix`",
            ));
        }
        let family = match transport {
            "tcp4" => Family::V4,
            "tcp6" => Family::V6,
            _ => Family::Any,
        };
        let (host, port) = host_port(endpoint).map_err(|problem| {
            Problem::new(
                "endpoint",
                problem,
                "write host:port, e.g. localhost:4317, 0.0.0.0:4317 or [::]:4317",
            )
        })?;
        Ok(Self::Tcp { host, port, family })
    }

    fn parse_unix(endpoint: &str, permissions: Option<&str>) -> Result<Self, Problem> {
        let path = endpoint.strip_prefix("unix:").unwrap_or(endpoint);
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(Problem::new(
                "endpoint",
                "a unix socket needs a path",
                "write e.g. /run/weft/otlp.sock",
            ));
        }
        let mode = permissions.map(|text| {
            octal(text).ok_or_else(|| {
                Problem::new(
                    "socket_permissions",
                    format!("{text:?} are not permissions"),
                    "write octal digits, e.g. \"0660\"",
                )
            })
        });
        Ok(Self::Unix { path: PathBuf::from(path), mode: mode.transpose()? })
    }
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port, .. } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port, .. } => write!(f, "{host}:{port}"),
            Self::Unix { path, .. } => write!(f, "unix:{}", path.display()),
        }
    }
}

fn octal(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0o").unwrap_or(text), 8).ok().filter(|mode| *mode <= 0o777)
}

/// What is clearly something else than `host:port`.
fn not_an_address(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("the endpoint is empty".to_owned());
    }
    if let Some((scheme, _)) = text.split_once("://") {
        return Some(format!("{text:?} begins with `{scheme}://`, which cannot stand here"));
    }
    text.contains('/').then(|| format!("{text:?} has a path, which cannot stand here"))
}

/// Splits `host:port`, `[v6]:port`, `:port`.
fn host_port(text: &str) -> Result<(String, u16), String> {
    if let Some(problem) = not_an_address(text) {
        return Err(problem);
    }
    let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("endpoint {text:?} has no port"))?;
    let port = port.parse::<u16>().map_err(|_| format!("port {port:?} is not a number from 0 to 65535"))?;
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    match bare {
        Some(v6) if v6.parse::<std::net::Ipv6Addr>().is_ok() => Ok((v6.to_owned(), port)),
        Some(v6) => Err(format!("{v6:?} is not an IPv6 address")),
        None if host.contains(':') => Err(format!("IPv6 address {host:?} needs brackets")),
        None if host.chars().any(|c| c.is_whitespace() || matches!(c, '/' | '@' | '[' | ']' | '?' | '#')) => {
            Err(format!("{host:?} is not a host name"))
        }
        None => Ok((host.to_owned(), port)),
    }
}

/// What a client reaches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// How to get there.
    pub at: Place,
    /// Whether TLS is spoken.
    pub tls: bool,
}

/// A host and port, or a unix socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// Over TCP.
    Tcp {
        /// Name or address, without brackets.
        host: String,
        /// Never 0.
        port: u16,
    },
    /// A unix socket's file.
    Unix(PathBuf),
}

impl Target {
    /// A gRPC endpoint: `host:port`, `http://…`, `https://…`, `dns:///…`, `unix:…`. A scheme decides over `insecure`.
    pub fn parse_grpc(endpoint: &str, insecure: bool) -> Result<Self, Problem> {
        let hint = "write host:port, http://host:port, https://host:port, dns:///host:port or unix:/path";
        let bad = |problem: String| Problem::new("endpoint", problem, hint);
        if let Some(path) = endpoint.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(bad("a unix socket needs a path".to_owned()));
            }
            return Ok(Self { at: Place::Unix(PathBuf::from(path)), tls: !insecure });
        }
        let (rest, tls) = scheme(endpoint, insecure);
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let with_port = if tls && endpoint.starts_with("https://") && !has_port(rest) {
            format!("{rest}:443")
        } else {
            rest.to_owned()
        };
        let (host, port) = host_port(&with_port).map_err(bad)?;
        if host.is_empty() || port == 0 {
            return Err(bad(format!("endpoint {endpoint:?} needs a host and a port above 0")));
        }
        Ok(Self { at: Place::Tcp { host, port }, tls })
    }

    /// An `http://` or `https://` URL under the key `at`; its path is the caller's.
    pub fn parse_url(at: &str, url: &str) -> Result<Self, Problem> {
        let bad = |problem: String| Problem::new(at, problem, "write http://host:port or https://host:port");
        let uri: Uri = url.parse().map_err(|_| bad(format!("{url:?} is not a URL")))?;
        Self::of_uri(&uri).ok_or_else(|| bad(format!("{url:?} has no http:// or https:// and host")))
    }

    /// Where an absolute URL leads; `None` if it is relative or of another scheme.
    pub fn of_uri(uri: &Uri) -> Option<Self> {
        let tls = match uri.scheme_str()? {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let host = uri.host().filter(|host| !host.is_empty())?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Some(Self { at: Place::Tcp { host: host.to_owned(), port }, tls })
    }

    /// What belongs into `:authority` or `Host`.
    pub fn authority(&self) -> String {
        match &self.at {
            Place::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Place::Tcp { host, port } => format!("{host}:{port}"),
            Place::Unix(_) => "localhost".to_owned(),
        }
    }

    /// The name that a certificate must have.
    pub fn host(&self) -> &str {
        match &self.at {
            Place::Tcp { host, .. } => host,
            Place::Unix(_) => "localhost",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Place::Tcp { .. } => f.write_str(&self.authority()),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

fn scheme(endpoint: &str, insecure: bool) -> (&str, bool) {
    if let Some(rest) = endpoint.strip_prefix("http://") {
        (rest, false)
    } else if let Some(rest) = endpoint.strip_prefix("https://") {
        (rest, true)
    } else {
        let rest = endpoint.strip_prefix("dns:").map_or(endpoint, |rest| rest.trim_start_matches('/'));
        (rest, !insecure)
    }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(before, port)| {
        !port.is_empty()
            && port.bytes().all(|b| b.is_ascii_digit())
            && (!before.contains(':') || before.ends_with(']'))
    })
}

/// An HTTP proxy between client and target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The proxy itself; always plain HTTP.
    pub target: Target,
    /// `Proxy-Authorization`, if the URL has a user.
    pub authorization: Option<HeaderValue>,
}

impl Proxy {
    /// Parses `proxy_url`.
    pub fn parse(url: &str) -> Result<Self, Problem> {
        // The URL may hold a password, so it is never repeated.
        let bad =
            |problem: &str| Problem::new("proxy_url", problem, "write http://[user:password@]host:port");
        let rest = url
            .strip_prefix("http://")
            .ok_or_else(|| bad("only proxies spoken to by http:// are supported"))?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, host) = rest.rsplit_once('@').map_or((None, rest), |(user, host)| (Some(user), host));
        let target = Target::parse_url("proxy_url", &format!("http://{host}"))?;
        let authorization =
            user.map(|user| basic(user).ok_or_else(|| bad("the user cannot stand in a header")));
        Ok(Self { target, authorization: authorization.transpose()? })
    }
}

fn basic(user: &str) -> Option<HeaderValue> {
    let plain = percent_decode(user)?;
    let encoded = base64::engine::general_purpose::STANDARD.encode(plain);
    let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Decodes `%41`; `None` if a `%` is not followed by two hex digits.
pub(crate) fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(endpoint: &str) -> Result<(String, u16), String> {
        match Bind::parse(endpoint, "tcp", None) {
            Ok(Bind::Tcp { host, port, .. }) => Ok((host, port)),
            Ok(other) => panic!("{other}"),
            Err(problem) => Err(problem.problem),
        }
    }

    #[test]
    fn servers_take_every_usual_form() {
        for (endpoint, host, port) in [
            (":4317", "", 4317),
            ("0.0.0.0:4317", "0.0.0.0", 4317),
            ("[::]:4317", "::", 4317),
            ("localhost:0", "localhost", 0),
        ] {
            assert_eq!(tcp(endpoint), Ok((host.to_owned(), port)), "{endpoint}");
        }
        let shown = |endpoint| Bind::parse(endpoint, "", None).unwrap().to_string();
        assert_eq!((shown("[::1]:1").as_str(), shown("a:2").as_str()), ("[::1]:1", "a:2"));
    }

    #[test]
    fn wrong_endpoints_say_what_is_wrong() {
        for (endpoint, problem) in [
            ("", "the endpoint is empty"),
            ("localhost", "endpoint \"localhost\" has no port"),
            ("localhost:http", "port \"http\" is not a number from 0 to 65535"),
            ("localhost:65536", "port \"65536\" is not a number from 0 to 65535"),
            ("::1:4317", "IPv6 address \"::1\" needs brackets"),
            ("[x]:1", "\"x\" is not an IPv6 address"),
            (
                "http://localhost:4317",
                "\"http://localhost:4317\" begins with `http://`, which cannot stand here",
            ),
            ("localhost:4317/v1", "\"localhost:4317/v1\" has a path, which cannot stand here"),
            ("a b:1", "\"a b\" is not a host name"),
        ] {
            assert_eq!(tcp(endpoint), Err(problem.to_owned()), "{endpoint}");
        }
    }

    #[test]
    fn unix_sockets_have_paths_and_permissions() {
        for endpoint in ["/run/a.sock", "unix:///run/a.sock", "unix:/run/a.sock"] {
            let bind = Bind::parse(endpoint, "unix", Some("0660")).unwrap();
            assert_eq!(bind, Bind::Unix { path: "/run/a.sock".into(), mode: Some(0o660) }, "{endpoint}");
        }
        let at = |endpoint, transport, mode| Bind::parse(endpoint, transport, mode).unwrap_err().at;
        assert_eq!(at("", "unix", None), "endpoint");
        assert_eq!(at("/a", "unix", Some("888")), "socket_permissions");
        assert_eq!(at("/a", "unix", Some("7777")), "socket_permissions");
        assert_eq!(at("a:1", "tcp", Some("0660")), "socket_permissions");
    }

    #[test]
    fn grpc_targets_take_schemes_over_insecure() {
        for (endpoint, insecure, shown, tls) in [
            ("a:4317", true, "a:4317", false),
            ("a:4317", false, "a:4317", true),
            ("http://a:4317", false, "a:4317", false),
            ("http://a:4317/", false, "a:4317", false),
            ("https://a:4317", true, "a:4317", true),
            ("https://a", true, "a:443", true),
            ("https://[::1]", true, "[::1]:443", true),
            ("dns:///a:4317", true, "a:4317", false),
            ("dns:a:4317", true, "a:4317", false),
            ("unix:/run/a.sock", true, "unix:/run/a.sock", false),
            ("unix:///run/a.sock", true, "unix:/run/a.sock", false),
        ] {
            let target = Target::parse_grpc(endpoint, insecure).unwrap();
            assert_eq!((target.to_string().as_str(), target.tls), (shown, tls), "{endpoint}");
        }
        for endpoint in ["", "a", "a:0", ":4317", "http://a", "a:1/path", "unix:", "ftp://a:1"] {
            assert_eq!(Target::parse_grpc(endpoint, true).unwrap_err().at, "endpoint", "{endpoint}");
        }
    }

    #[test]
    fn urls_have_default_ports() {
        let shown =
            |url| Target::parse_url("x", url).map(|target| target.to_string()).map_err(|problem| problem.at);
        assert_eq!(shown("http://a/v1"), Ok("a:80".to_owned()));
        assert_eq!(shown("https://a"), Ok("a:443".to_owned()));
        assert_eq!(shown("http://[::1]:8/"), Ok("[::1]:8".to_owned()));
        for url in ["", "a:4318", "/v1", "ftp://a", "http://"] {
            assert_eq!(shown(url), Err("x".to_owned()), "{url}");
        }
    }

    #[test]
    fn a_proxys_password_is_never_repeated() {
        let proxy = Proxy::parse("http://me:s%20ecret@proxy:3128/").unwrap();
        assert_eq!(proxy.target.to_string(), "proxy:3128");
        assert_eq!(proxy.authorization.as_ref().unwrap(), "Basic bWU6cyBlY3JldA==");
        for url in
            ["https://me:secret@proxy:3128", "http://me:secret@", "http://me:%zz@proxy:1", "socks5://a:1"]
        {
            let problem = Proxy::parse(url).unwrap_err();
            assert!(!format!("{problem:?}").contains("secret"), "{problem:?}");
        }
        assert!(!format!("{proxy:?}").contains("bWU6"), "{proxy:?}");
    }
}
