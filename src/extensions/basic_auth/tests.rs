//! Configurations, kinds of hashes, judging, providing.

use super::client::Client;
use super::config::{Config, Given};
use super::hash::Hash;
use super::htpasswd::Users;
use super::server::{MISSING, Server, WRONG};
use super::{COMPONENT, prepare};
use crate::component::{Authenticator, Credentials, Denied};
use crate::config::{Secret, Section};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

fn section(yaml: &str) -> Section {
    Section::from_yaml("extensions.basicauth", "test.yaml", yaml).unwrap()
}

fn problem(yaml: &str) -> (String, String) {
    let errors = prepare(&section(yaml)).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    (errors.0[0].path.clone(), errors.0[0].problem.clone())
}

fn server(file: Option<&Path>, inline: &str) -> Server {
    let users = Arc::new(Users::parse(inline, None).unwrap());
    Server::new(&"basicauth/test".into(), file.map(Into::into), users).unwrap()
}

fn header(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
}

fn basic(user: &str, password: &str) -> HeaderMap {
    header(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

fn judged(server: &Server, user: &str, password: &str) -> Result<String, Denied> {
    server.authenticate(&basic(user, password)).map(|identity| identity.subject.to_string())
}

#[test]
fn the_example_and_the_collectors_own_configurations() {
    prepare(&section(COMPONENT.example)).unwrap();
    prepare(&section("client_auth:\n  username: username\n  password: password\n")).unwrap();
    prepare(&section("htpasswd:\n  inline: |\n    username1:password1\n    username2:password2\n")).unwrap();
    assert_eq!(problem("{}").1, "no credential source provided");
    let both = "client_auth:\n  username: user\n  password: pass\nhtpasswd:\n  file: /etc/nginx/htpasswd\n";
    assert_eq!(problem(both).1, "only one of `htpasswd` or `client_auth` can be specified");
    let provider = "htpasswd:\n  secret_provider:\n    id: x\n";
    let refused = (
        "extensions.basicauth.htpasswd.secret_provider".to_owned(),
        "weft has no providers of secrets".to_owned(),
    );
    assert_eq!(problem(provider), refused);
    assert_eq!(problem("client_auth:\n  aws_secrets_manager:\n    secret_arn: x\n").1, refused.1);
}

#[test]
fn what_cannot_work_is_told_with_its_place_and_without_its_secret() {
    let cases = [
        ("htpasswd: {}\n", "no credential source provided"),
        ("client_auth: {}\n", "no credential source provided"),
        ("htpasswd:\n  inline: '# nobody'\n", "it names no user"),
        ("htpasswd:\n  inline: hunter2\n", "line 1: there is no colon in it"),
        (
            "htpasswd:\n  inline: |\n    a:b\n    c:$argon2id$hunter2\n",
            "line 2: a password hash of an unknown kind",
        ),
        ("htpasswd:\n  inline: 'a:{SHA}hunter2'\n", "line 1: a SHA-1 hash that is not whole"),
        ("htpasswd:\n  inline: 'a:$apr1$salt$hunter2'\n", "line 1: a MD5 hash that is not whole"),
        ("htpasswd:\n  inline: 'a:$2y$10$hunter2'\n", "line 1: a bcrypt hash that is not whole"),
        ("htpasswd:\n  inline: 'a:$6$salt$hunter2'\n", "line 1: a SHA-crypt hash that is not whole"),
        ("htpasswd:\n  inline: 'a:$6$rounds=99999999$salt$hunter2'\n", "expected 1000 to 1000000"),
        ("client_auth:\n  username: 'hunter2:x'\n", "invalid authorization format"),
    ];
    for (yaml, words) in cases {
        let (_, problem) = problem(yaml);
        assert!(problem.contains(words), "{yaml}: {problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
    let unknown = prepare(&section("htpasswd:\n  flie: x\n")).unwrap_err();
    assert_eq!(unknown.0[0].hint.as_deref(), Some("did you mean `file`?"));
}

#[test]
fn a_file_beside_a_text_wins_and_that_is_said() {
    let yaml = "client_auth:\n  username: u\n  password: p\n  password_file: /run/secret\n";
    let (config, warnings) = Config::of(&section(yaml)).unwrap();
    assert_eq!(
        warnings,
        [("client_auth.password".to_owned(), "has no effect beside `password_file`".to_owned())]
    );
    assert!(matches!(config, Config::Client { username: Given::Here(_), password: Given::In(_) }));
}

/// Made with `openssl passwd -apr1|-1|-5|-6`, Python's `crypt` and `hashlib`.
const HASHES: &[(&str, &str)] = &[
    ("pass word1", "$apr1$abcdefgh$IDZZ.6ZDBedzatPKFuWds1"),
    ("", "$apr1$abcdefgh$L.PT565ESX4Tp2bqNs7Ie."),
    (LONG, "$apr1$abcdefgh$2qPP3Heym0jlfE/Kz3FzT/"),
    ("pass word1", "$1$abcdefgh$FThRCyXo7H6rTKw0shKkI0"),
    ("", "$1$abcdefgh$M55TzYaaccxVGbptZWaxX/"),
    (LONG, "$1$abcdefgh$2mRErEgXKRxjrD5U3qO7F1"),
    ("pass word1", "$5$saltsalt$fcF5JdUHaIWONF9xHVHBOkncXQMR1hUIb/vGsKdbIzB"),
    (LONG, "$5$saltsalt$Jh0ye0sibc.8NeqD8Lhu08mKrOva2VWnLN52tcDyTN9"),
    (
        "pass word1",
        "$6$saltsalt$lmCclbWD7xzsQy3S43xpDR1ENAuNqWoHncz0efdFKB9JuOZQW1Tpjjh.sZ4UBjHOszQGRDPvCB8Yl.nRs5Sd20",
    ),
    (
        "pass word1",
        "$6$rounds=5000$saltsalt$lmCclbWD7xzsQy3S43xpDR1ENAuNqWoHncz0efdFKB9JuOZQW1Tpjjh.sZ4UBjHOszQGRDPvCB8Yl.nRs5Sd20",
    ),
    ("password1", "$2y$04$abcdefghijklmnopqrstuuG0dn23TmsW2CgnJryKiUOtvqgeAPA.2"),
    ("password1", "{SHA}44rSFJQ9qtHWTBAvrsKd5K/p2j0="),
    ("password1", "{SSHA}trRla3jw2HabXGygIwPpo3hqyn9zYWx0c2FsdA=="),
    ("password1", "password1"),
    ("$ecret", "$ecret"),
    ("a:b:c", "a:b:c"),
];
const LONG: &str =
    "a much longer password than sixty-four bytes, so that every loop of the scheme is entered";

#[test]
fn every_kind_of_hash_takes_its_password_and_no_other() {
    for (password, hash) in HASHES {
        let parsed = Hash::parse(hash).unwrap();
        assert!(parsed.matches(password), "{hash}");
        let others =
            ["", "x", hash, &format!("{password} "), &password.to_uppercase(), &format!("x{password}")];
        for other in others.into_iter().filter(|other| other != password) {
            assert!(!parsed.matches(other), "{hash} took {other:?}");
        }
    }
}

#[test]
fn a_bcrypt_cost_that_takes_minutes_is_refused() {
    let dear = HASHES[10].1.replace("$04$", "$17$");
    assert_eq!(Hash::parse(&dear).err().unwrap(), "a bcrypt hash of cost 17, expected 4 to 16");
}

proptest! {
    #[test]
    fn no_line_can_break_the_reader(text in "[$a-z0-9{}:=#/.\\n-]{0,80}") {
        if let Ok(users) = Users::parse(&text, None) {
            let _ = users.find("a").map(|(user, _)| user.hash.cost());
        }
    }

    #[test]
    fn no_header_can_break_the_judge(value in "[ -~]{0,60}") {
        let _ = server(None, "a:b").authenticate(&header(&value));
    }
}

#[test]
fn users_are_known_by_their_own_password_only() {
    let inline: String =
        HASHES.iter().enumerate().map(|(at, (_, hash))| format!("user{at}:{hash}\n")).collect();
    let server = server(None, &inline);
    for (at, (password, _)) in HASHES.iter().enumerate() {
        let name = format!("user{at}");
        // Twice: the second time out of memory.
        assert_eq!(judged(&server, &name, password), Ok(name.clone()));
        assert_eq!(judged(&server, &name, password), Ok(name.clone()));
        assert_eq!(judged(&server, &name, &format!("{password}!")), Err(WRONG));
    }
    let identity = server.authenticate(&basic("user13", "password1")).unwrap();
    assert_eq!(&*identity.authenticator, "basicauth/test");
}

#[test]
fn refusals_do_not_say_what_was_wrong() {
    let server = server(None, "alice:secret");
    assert_eq!(server.authenticate(&HeaderMap::new()), Err(MISSING));
    assert_eq!(judged(&server, "alice", "wrong"), Err(WRONG));
    assert_eq!(judged(&server, "bob", "secret"), Err(WRONG));
    assert_eq!(judged(&server, "", ""), Err(WRONG));
    for value in ["Basic", "Basic ", "Basic !!!", "Bearer YWxpY2U6c2VjcmV0", "Basic YWxpY2U=", "Basic //79"] {
        assert_eq!(server.authenticate(&header(value)), Err(WRONG), "{value}");
    }
    assert_eq!(
        server.authenticate(&header("bASIC YWxpY2U6c2VjcmV0")).map(|who| who.subject.to_string()),
        Ok("alice".into())
    );
    // Someone who is not there is never let in by the password that is checked in their place.
    assert_eq!(judged(&server, "nobody", "secret"), Err(WRONG));
}

#[test]
fn a_password_is_looked_at_up_to_its_bound() {
    let longest = "x".repeat(1024);
    let server = server(None, &format!("a:{longest}\nb:{longest}x"));
    assert_eq!(judged(&server, "a", &longest), Ok("a".into()));
    assert_eq!(judged(&server, "b", &format!("{longest}x")), Err(WRONG));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_slow_check_makes_room_on_the_runtime() {
    let server = server(None, &format!("a:{}", HASHES[8].1));
    assert_eq!(judged(&server, "a", "pass word1"), Ok("a".into()));
    assert_eq!(judged(&server, "b", "pass word1"), Err(WRONG));
}

#[tokio::test(start_paused = true)]
async fn the_file_is_read_again_and_the_inline_users_count_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("htpasswd");
    std::fs::write(&path, "alice:of-file\n\n# a comment\nbob:one\n").unwrap();
    let server = server(Some(&path), "alice:of-config");
    assert_eq!(judged(&server, "bob", "one"), Ok("bob".into()));
    server.load().unwrap();
    assert_eq!(judged(&server, "alice", "of-config"), Ok("alice".into()));
    assert_eq!(judged(&server, "alice", "of-file"), Err(WRONG));

    std::fs::write(&path, "bob:another one").unwrap();
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(judged(&server, "bob", "one"), Err(WRONG));
    assert_eq!(judged(&server, "bob", "another one"), Ok("bob".into()));
}

#[test]
fn a_file_that_cannot_be_read_or_names_nobody_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("htpasswd");
    assert!(server(Some(&path), "").load().unwrap_err().to_string().contains("htpasswd.file: cannot read"));
    std::fs::write(&path, "# nobody\n").unwrap();
    assert!(server(Some(&path), "").load().unwrap_err().to_string().contains("names no user"));
}

#[test]
fn the_client_adds_its_header_and_hides_it() {
    let client = Client::new(Given::Here(Secret::new("alice")), Given::Here(Secret::new("s:ecret")));
    let mut headers = HeaderMap::new();
    client.authorize(&mut headers).unwrap();
    assert_eq!(headers.get(AUTHORIZATION).unwrap(), &format!("Basic {}", STANDARD.encode("alice:s:ecret")));
    assert_eq!(format!("{headers:?}"), r#"{"authorization": Sensitive}"#);
    let judge = server(None, "alice:s:ecret");
    assert_eq!(judge.authenticate(&headers).map(|who| who.subject.to_string()), Ok("alice".into()));
}

#[tokio::test(start_paused = true)]
async fn the_clients_files_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (user, password) = (folder.path().join("user"), folder.path().join("password"));
    let client = Client::new(Given::In(user.clone()), Given::In(password.clone()));
    assert!(client.load().unwrap_err().to_string().contains("client_auth.username_file: cannot read"));
    std::fs::write(&user, "alice\n").unwrap();
    std::fs::write(&password, "old\n").unwrap();
    client.load().unwrap();
    let value = || {
        let mut headers = HeaderMap::new();
        client.authorize(&mut headers).map(|()| headers.get(AUTHORIZATION).cloned().unwrap())
    };
    assert_eq!(value().unwrap(), format!("Basic {}", STANDARD.encode("alice:old")));
    std::fs::write(&password, "newer\n").unwrap();
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(value().unwrap(), format!("Basic {}", STANDARD.encode("alice:newer")));
    std::fs::write(&user, "al:ice").unwrap();
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert!(value().unwrap_err().to_string().contains("colon"));
}
