//! The configuration: any text is read or refused, errors can be shown in every style, and what is printed of a tree
//! parses to the same tree.
//!
//! The environment is the target's own: a list, a text, and two variables that name each other.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weft::config::render::Style;
use weft::config::{Errors, Limits, Loader, Settings, Source, parse, to_yaml, to_yaml_with_origins};

fuzz_target!(|text: &str| {
    // What files hold is not the matter here, and some of them have no end.
    if text.contains("file:") {
        return;
    }
    let loaded = match Loader::new(&environment).config(format!("yaml:{text}")).load() {
        Ok(loaded) => loaded,
        Err(errors) => return shown(&errors),
    };
    for printed in [to_yaml(&loaded.root, &|_| false), to_yaml_with_origins(&loaded.root, &|_| false)] {
        let again = parse(&Source::file("printed", printed.as_str()), &printed, &roomy());
        let again = again.unwrap_or_else(|errors| panic!("{}\n{printed}", errors.render(Style::Plain)));
        assert!(again == loaded.root, "printed and parsed, it is another tree:\n{printed}");
    }
    to_yaml(&loaded.root, &|path| path.len() % 2 == 0);
    shown(&Errors(loaded.warnings.clone()));
    let (_, errors) = Settings::read(loaded);
    shown(&errors);
});

fn environment(name: &str) -> Option<String> {
    let value = match name {
        "A" => "${env:B}",
        "B" => "x${env:A}",
        "L" => "[1, {a: b}]",
        "T" => "0x10",
        _ => return None,
    };
    Some(value.to_owned())
}

fn shown(errors: &Errors) {
    for style in [Style::Plain, Style::Ansi, Style::Json, Style::Github] {
        errors.render(style);
    }
}

/// Printing indents, and the limits are about what people write.
fn roomy() -> Limits {
    Limits { bytes: 64 << 20, depth: 256, nodes: 1 << 22, expanded_bytes: 64 << 20 }
}
