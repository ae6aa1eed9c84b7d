//! The shape of the house, checked: who may use whom, how long a file is, where `unsafe` may stand, what a
//! component's folder holds, which names stand at the top. It reads the sources as text (comments and strings taken
//! out), so it sees code that is switched off by features too. It does not check what code does.
//!
//! The second half proves that each rule can fail: a made-up tree is rejected with the right words.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What each module of `src/` may name of ours. A new module is a new line here, and a thought.
const MAY_USE: &[(&str, &[&str])] = &[
    ("sys", &[]),
    ("otlp", &["sys"]),
    ("ottl", &["otlp"]),
    ("config", &[]),
    ("storage", &["sys"]),
    ("net", &["config", "sys"]),
    ("telemetry", &["config", "net", "sys"]),
    ("batch", &["otlp"]),
    ("component", &["batch", "otlp", "config", "telemetry"]),
    ("engine", &["component", "batch", "otlp", "config", "telemetry", "net", "storage", "sys"]),
    ("receivers", PARTS),
    ("processors", PARTS),
    ("connectors", PARTS),
    ("exporters", PARTS),
    ("extensions", PARTS),
    ("components", &["receivers", "processors", "connectors", "exporters", "extensions", "component"]),
    ("cli", ALL),
    ("testing", ALL),
    ("main", &["cli", "components"]),
];
const PARTS: &[&str] =
    &["component", "batch", "otlp", "ottl", "config", "net", "telemetry", "storage", "sys"];
const ALL: &[&str] = &["*"];
/// The folders whose members are components: a folder each, which never names a sibling.
const FAMILIES: &[&str] = &["receivers", "processors", "connectors", "exporters", "extensions"];
const SECTIONS: &[&str] = &["What it does", "Can this lose data?", "Configuration", "Example", "Metrics"];
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "deny.toml",
    "clippy.toml",
    "rustfmt.toml",
    "src",
    "pipelines",
    "configs",
    "benches",
    "fuzz",
    "docker",
    "tests",
    "docs",
    "deploy",
    "sdk",
    ".ci",
    ".gitignore",
];
/// Never in the repository, and never looked into.
const IGNORED: &[&str] = &[".git", "target", "node_modules", "artifacts", "corpus", "__pycache__"];
/// Places of the machine that something was written on. In pieces, or this file would break its own rule.
const MACHINE: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];
const LONGEST_FILE: usize = 400;

/// One file of the repository; `path` is relative, with `/`.
struct File {
    path: String,
    text: String,
}

impl File {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The top module: `src/otlp/json.rs` → `otlp`, `src/batch.rs` → `batch`; none for `lib.rs` and outside `src`.
    fn module(&self) -> Option<&str> {
        let first = self.path.strip_prefix("src/")?.split('/').next()?;
        let module = first.strip_suffix(".rs").unwrap_or(first);
        (self.is_rust() && module != "lib").then_some(module)
    }

    /// `src/receivers/otlp/grpc.rs` → (`receivers`, `otlp`).
    fn component(&self) -> Option<(&str, &str)> {
        let mut parts = self.path.strip_prefix("src/")?.split('/');
        let (family, name) = (parts.next()?, parts.next()?);
        (FAMILIES.contains(&family) && parts.next().is_some()).then_some((family, name))
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/") || self.path.starts_with("tests/")
    }

    /// How many lines stand before the tests.
    fn code_lines(&self) -> usize {
        if self.is_test() {
            return 0;
        }
        let lines: Vec<&str> = self.text.lines().collect();
        let opens_tests = |n: &usize| {
            let after = lines[n + 1..].iter().find(|line| !line.starts_with("#["));
            lines[*n].starts_with("#[cfg(test)]") && after.is_some_and(|line| line.contains("mod "))
        };
        (0..lines.len()).find(opens_tests).unwrap_or(lines.len())
    }

    fn at(&self, line: usize, problem: impl AsRef<str>) -> String {
        format!("{}:{line}: {}", self.path, problem.as_ref())
    }
}

fn read_tree(root: &Path) -> io::Result<Vec<File>> {
    let (mut files, mut folders) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if IGNORED.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
                files.push(File { path: relative(root, path), text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn relative(root: &Path, path: PathBuf) -> String {
    path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/")
}

/// Every rule over a whole tree: one line per violation, in the order of the files.
fn violations(root: &Path) -> Vec<String> {
    let files = read_tree(root).expect("the tree can be read");
    let mut found: Vec<String> = files.iter().flat_map(file_violations).collect();
    found.extend(top_level(&files));
    found.extend(component_folders(&files));
    found
}

fn file_violations(file: &File) -> Vec<String> {
    let mut found = machine_paths(file);
    if file.path.ends_with("package-lock.json") && file.text.contains("\"resolved\"") {
        found.push(file.at(1, "names a registry: npm install --omit-lockfile-registry-resolved"));
    }
    if !file.is_rust() {
        return found;
    }
    if !file.text.starts_with("//!") {
        found.push(file.at(1, "does not begin with `//!`: say what it is, why so, what it does not do"));
    }
    if file.code_lines() > LONGEST_FILE {
        found.push(file.at(
            LONGEST_FILE + 1,
            format!("{} lines before its tests; at most {LONGEST_FILE}", file.code_lines()),
        ));
    }
    if file.path.starts_with("src/") {
        let code = Code::new(file);
        found.extend(unsafe_code(file, &code));
        found.extend(uses(file, &code));
        found.extend(relative_paths(file, &code));
    }
    found
}

fn machine_paths(file: &File) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    let named = lines.filter_map(|(n, line)| Some((n, MACHINE.iter().find(|place| line.contains(*place))?)));
    named.map(|(n, place)| file.at(n + 1, format!("names a place of one machine: {place}"))).collect()
}

fn unsafe_code(file: &File, code: &Code) -> Vec<String> {
    if matches!(file.module(), Some("sys")) {
        return Vec::new();
    }
    let words = code.words.iter().filter(|word| matches!(word.text.as_str(), "unsafe" | "unsafe_code"));
    words.map(|word| file.at(word.line, format!("`{}` outside src/sys.rs", word.text))).collect()
}

/// The "may use" table, and that siblings never name each other.
fn uses(file: &File, code: &Code) -> Vec<String> {
    let Some(module) = file.module() else { return Vec::new() };
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
        return vec![
            file.at(1, format!("`{module}` is not in the \"may use\" table of tests/architecture.rs")),
        ];
    };
    let mut found = Vec::new();
    for (path, line, in_test) in code.crate_paths(module == "main") {
        let target = path[0].as_str();
        let may = target == module
            || allowed.iter().any(|one| *one == "*" || *one == target)
            || (in_test && target == "testing");
        if !may {
            found.push(
                file.at(
                    line,
                    format!("`{module}` may not use `{target}`; it may use: {}", allowed.join(", ")),
                ),
            );
        } else if let (Some((family, name)), Some(other)) = (file.component(), path.get(1))
            && target == family
            && other != name
        {
            found.push(file.at(line, format!("`{family}/{name}` names its sibling `{other}`")));
        }
    }
    found.dedup();
    found
}

/// `super::super` hides where something comes from; `super::` in a component's `mod.rs` reaches its siblings.
fn relative_paths(file: &File, code: &Code) -> Vec<String> {
    let reaches_out =
        file.component().is_some_and(|(family, name)| file.path == format!("src/{family}/{name}/mod.rs"));
    let mut found = Vec::new();
    for (n, word) in code.words.iter().enumerate().filter(|(_, word)| word.text == "super") {
        let after = |k: usize| code.words.get(n + k).map_or("", |word| word.text.as_str());
        if (after(1), after(2)) == ("::", "super") {
            found.push(file.at(word.line, "`super::super`: write the path from `crate::`"));
        } else if reaches_out && !word.in_test {
            found.push(file.at(word.line, "a component's `mod.rs` reaches its siblings by `super::`"));
        }
    }
    found
}

fn top_level(files: &[File]) -> Vec<String> {
    let mut names: Vec<&str> = files.iter().filter_map(|file| file.path.split('/').next()).collect();
    names.dedup();
    let strangers = names.into_iter().filter(|name| !TOP.contains(name));
    strangers
        .map(|name| format!("{name}: is none of the names that stand at the top of the repository"))
        .collect()
}

fn component_folders(files: &[File]) -> Vec<String> {
    let mut folders: Vec<_> = files.iter().filter_map(File::component).collect();
    folders.dedup();
    folders.into_iter().flat_map(|(family, name)| anatomy(files, &format!("src/{family}/{name}"))).collect()
}

fn anatomy(files: &[File], folder: &str) -> Vec<String> {
    let find = |name: &str| files.iter().find(|file| file.path == format!("{folder}/{name}"));
    let mut found = Vec::new();
    if find("mod.rs").is_none() {
        found.push(format!("{folder}: has no mod.rs"));
    }
    let Some(readme) = find("README.md") else {
        found.push(format!("{folder}: has no README.md"));
        return found;
    };
    let headings: Vec<&str> =
        readme.text.lines().filter_map(|line| line.strip_prefix("## ")).map(str::trim).collect();
    let missing = SECTIONS.iter().filter(|section| !headings.contains(section));
    found.extend(missing.map(|section| format!("{folder}/README.md: has no section \"## {section}\"")));
    found
}

/// A word of the code, or `::`, or another mark.
struct Word {
    text: String,
    line: usize,
    in_test: bool,
}

/// A file's code as words: no comments, no strings.
struct Code {
    words: Vec<Word>,
}

impl Code {
    fn new(file: &File) -> Self {
        let (text, tests_from) = (without_comments_and_strings(&file.text), file.code_lines());
        let mut words: Vec<Word> = Vec::new();
        for (n, line) in text.lines().enumerate() {
            let mut rest = line.trim_start();
            while let Some(first) = rest.chars().next() {
                let is_name = |c: char| c.is_alphanumeric() || c == '_';
                let end = match rest.find(|c| !is_name(c)) {
                    _ if rest.starts_with("::") => 2,
                    Some(0) => first.len_utf8(),
                    Some(end) => end,
                    None => rest.len(),
                };
                words.push(Word { text: rest[..end].to_owned(), line: n + 1, in_test: n >= tests_from });
                rest = rest[end..].trim_start();
            }
        }
        Self { words }
    }

    /// Every path that begins at the crate's root: its names, its line, whether it stands in a test. Groups are
    /// taken apart: `crate::{a, b::c}` is `a` and `b::c`. Macros (`crate::name!`) and `pub(in crate::…)` count for nothing.
    fn crate_paths(&self, is_main: bool) -> Vec<(Vec<String>, usize, bool)> {
        let mut found = Vec::new();
        for n in 0..self.words.len() {
            let is_root = self.text(n) == "crate" || (is_main && self.text(n) == "weft");
            if is_root && self.text(n + 1) == "::" && (n == 0 || self.text(n - 1) != "in") {
                let mut at = n + 2;
                self.path(&mut at, &[], &mut found);
            }
        }
        found
    }

    fn text(&self, n: usize) -> &str {
        self.words.get(n).map_or("", |word| word.text.as_str())
    }

    /// One path, or a group of them, from the word `at`.
    fn path(&self, at: &mut usize, before: &[String], found: &mut Vec<(Vec<String>, usize, bool)>) {
        let start = *at;
        if self.text(start) == "{" {
            *at += 1;
            while *at < self.words.len() && self.text(*at) != "}" {
                self.path(at, before, found);
            }
            *at += 1;
        } else {
            let names = [before, &[self.text(start).to_owned()]].concat();
            *at += 1;
            if self.text(*at) == "::" {
                *at += 1;
                return self.path(at, &names, found);
            }
            if before.is_empty() && self.text(*at) == "!" {
                return;
            }
            if let Some(word) = self.words.get(start) {
                found.push((names, word.line, word.in_test));
            }
            if self.text(*at) == "as" {
                *at += 2;
            }
        }
        if self.text(*at) == "," {
            *at += 1;
        }
    }
}

/// The same text with comments and the insides of strings as blanks; line ends stay where they are.
fn without_comments_and_strings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = literal_or_comment(rest, out.chars().next_back());
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    out
}

/// How many bytes at the front are a comment, a string or a character; 0 if the front is code.
fn literal_or_comment(rest: &str, before: Option<char>) -> usize {
    let in_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let until =
        |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until("*/", 2);
    }
    if !in_name && let Some(raw) = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return until(&format!("\"{}", "#".repeat(hashes)), rest.len() - raw.len() + hashes + 1);
        }
    }
    match rest.as_bytes() {
        [b'"', ..] => closing(rest, '"'),
        // A character, not a lifetime: `'x'` or `'\…'`.
        [b'\'', b'\\', ..] => closing(rest, '\''),
        [b'\'', ..] if rest.chars().nth(2) == Some('\'') => closing(rest, '\''),
        _ => 0,
    }
}

fn closing(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[test]
fn the_house_keeps_its_shape() {
    let found = violations(Path::new(env!("CARGO_MANIFEST_DIR")));
    let mut told = String::new();
    found.iter().for_each(|line| writeln!(told, "{line}").unwrap());
    assert!(found.is_empty(), "{} violations:\n{told}", found.len());
}

mod made_up {
    //! Trees that break one rule each.

    use super::violations;
    use std::fs;

    /// The violations of a tree with these files, `Cargo.toml` beside them.
    fn tree(files: &[(&str, &str)]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in [("Cargo.toml", "[package]\n")].iter().chain(files) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        violations(root.path())
    }

    fn only(files: &[(&str, &str)], expected: &str) {
        assert_eq!(tree(files), [expected], "{files:?}");
    }

    const README: &str =
        "# x\n## What it does\n## Can this lose data?\n## Configuration\n## Example\n## Metrics\n";

    #[test]
    fn a_good_tree_passes() {
        let good = "//! Good.\nuse crate::component::{Out, Fault};\nuse crate::{batch::Batch, otlp::{self, Data}};\n\
                    fn f(x: &crate::net::Client) -> crate::exporters::otlp::Y { crate::shape!(x); 'a' }\n";
        let exporter = [("src/exporters/otlp/mod.rs", good), ("src/exporters/otlp/README.md", README)];
        assert_eq!(tree(&exporter), Vec::<String>::new());
    }

    #[test]
    fn the_table_is_kept() {
        let told = "src/otlp/json.rs:2: `otlp` may not use `engine`; it may use: sys";
        only(&[("src/otlp/json.rs", "//! x\nuse crate::engine::Plan;\n")], told);
        only(&[("src/otlp/json.rs", "//! x\nfn f(p: crate::engine::Plan) {}\n")], told);
        only(&[("src/otlp/json.rs", "//! x\nuse crate::{otlp::schema, engine::{Plan, Node}};\n")], told);
        only(&[("src/otlp/json.rs", "//! x\nuse crate::engine as e;\nuse crate::sys::page;\n")], told);
        only(
            &[("src/main.rs", "//! x\nuse weft::engine;\n")],
            "src/main.rs:2: `main` may not use `engine`; it may use: cli, components",
        );
        only(
            &[("src/misc.rs", "//! x\n")],
            "src/misc.rs:1: `misc` is not in the \"may use\" table of tests/architecture.rs",
        );
    }

    #[test]
    fn words_in_comments_and_strings_are_not_code() {
        let quoted = "//! crate::engine\n// unsafe crate::cli::x\n/* crate::cli::x */\nfn f<'a>(_: &'a str) -> char {\n\
                      g(\"crate::cli::x \\\" unsafe\"); g(r#\"crate::cli::x \" unsafe\"#); '\"'\n}\npub(in crate::otlp) fn g() {}\n";
        assert_eq!(tree(&[("src/otlp/x.rs", quoted)]), Vec::<String>::new());
        let after = format!("{quoted}use crate::cli;\n");
        only(&[("src/otlp/x.rs", &after)], "src/otlp/x.rs:8: `otlp` may not use `cli`; it may use: sys");
    }

    #[test]
    fn tests_may_use_the_testing_module_and_nothing_more() {
        let tests = "//! x\nfn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::testing::generate;\n    use crate::cli::run;\n}\n";
        only(
            &[("src/batch/mod.rs", tests)],
            "src/batch/mod.rs:6: `batch` may not use `cli`; it may use: otlp",
        );
        only(
            &[("src/batch/mod.rs", "//! x\nuse crate::testing::generate;\n")],
            "src/batch/mod.rs:2: `batch` may not use `testing`; it may use: otlp",
        );
    }

    #[test]
    fn siblings_never_name_each_other() {
        let with = |path: &str, code: &str| {
            let readme = ("src/exporters/otlp/README.md", README);
            tree(&[readme, ("src/exporters/otlp/mod.rs", "//! x\n"), (path, code)])
        };
        let named =
            with("src/exporters/otlp/send.rs", "//! x\nuse crate::exporters::{otlp::x, file::encode};\n");
        assert_eq!(named, ["src/exporters/otlp/send.rs:2: `exporters/otlp` names its sibling `file`"]);
        let climbed = with("src/exporters/otlp/send.rs", "//! x\nuse super::super::file;\n");
        assert_eq!(climbed, ["src/exporters/otlp/send.rs:2: `super::super`: write the path from `crate::`"]);
        let reached = with("src/exporters/otlp/mod.rs", "//! x\nuse super::file;\n");
        assert_eq!(
            reached,
            ["src/exporters/otlp/mod.rs:2: a component's `mod.rs` reaches its siblings by `super::`"]
        );
        let family = with("src/exporters/otlp/send.rs", "//! x\nuse crate::receivers::otlp::grpc;\n");
        assert!(family[0].contains("`exporters` may not use `receivers`"), "{family:?}");
    }

    #[test]
    fn unsafe_stands_in_one_place() {
        only(
            &[("src/net/x.rs", "//! x\nfn f() { unsafe { g() } }\n")],
            "src/net/x.rs:2: `unsafe` outside src/sys.rs",
        );
        only(
            &[("src/net/x.rs", "//! x\n#![allow(unsafe_code)]\n")],
            "src/net/x.rs:2: `unsafe_code` outside src/sys.rs",
        );
        let sys = "//! x\n#![allow(unsafe_code)]\npub fn f() { unsafe { g() } }\n";
        assert_eq!(tree(&[("src/sys.rs", sys)]), Vec::<String>::new());
    }

    #[test]
    fn files_are_introduced_and_short() {
        only(
            &[("benches/x.rs", "fn main() {}\n")],
            "benches/x.rs:1: does not begin with `//!`: say what it is, why so, what it does not do",
        );
        let long = format!("//! x\n{}", "\n".repeat(400));
        only(&[("src/net/x.rs", &long)], "src/net/x.rs:401: 401 lines before its tests; at most 400");
        let tests = format!("//! x\n#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(500));
        assert_eq!(tree(&[("src/net/x.rs", &tests), ("src/net/tests.rs", &long)]), Vec::<String>::new());
        let hidden = format!("//! x\n#[cfg(test)]\nfn peek() {{}}\n{}", "\n".repeat(400));
        only(&[("src/net/x.rs", &hidden)], "src/net/x.rs:401: 403 lines before its tests; at most 400");
    }

    #[test]
    fn a_component_has_its_anatomy() {
        let code = ("src/receivers/otlp/grpc.rs", "//! x\n");
        let told = ["src/receivers/otlp: has no mod.rs", "src/receivers/otlp: has no README.md"];
        assert_eq!(tree(&[code]), told);
        let readme =
            ("src/receivers/otlp/README.md", "## What it does\n## Configuration\n## Example\n## Metrics\n");
        assert_eq!(
            tree(&[("src/receivers/otlp/mod.rs", "//! x\n"), readme]),
            ["src/receivers/otlp/README.md: has no section \"## Can this lose data?\""]
        );
    }

    #[test]
    fn nothing_strange_stands_in_the_repository() {
        only(
            &[("notes.txt", "x")],
            "notes.txt: is none of the names that stand at the top of the repository",
        );
        only(
            &[("scratch/a/b.txt", "x")],
            "scratch: is none of the names that stand at the top of the repository",
        );
        let place = format!("a\nsee {}x\n", super::MACHINE[0]);
        let told = format!("docs/x.md:2: names a place of one machine: {}", super::MACHINE[0]);
        only(&[("docs/x.md", &place)], &told);
        only(
            &[("sdk/package-lock.json", "{\"resolved\": 1}")],
            "sdk/package-lock.json:1: names a registry: npm install --omit-lockfile-registry-resolved",
        );
        assert_eq!(tree(&[("target/x/notes.txt", "x"), ("docs/target/x", &place)]), Vec::<String>::new());
    }
}
