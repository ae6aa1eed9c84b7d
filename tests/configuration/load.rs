//! From text or files to a plan, with the test's own environment.

use weft::config::{Errors, Loader};
use weft::engine::{Plan, Table};

/// What `${env:…}` reads in these tests; nothing of the machine gets in.
const VARIABLES: [(&str, &str); 6] = [
    ("ADDRESS", "secret-host:4318"),
    ("BROKEN_TOKEN", "secret\ntoken"),
    ("CA_PEM", "secret certificate"),
    ("QUEUE_DIR", "./queue"),
    ("RECEIVERS", "[nop]"),
    ("WORD", "secret-word"),
];

/// Reads one of [`VARIABLES`].
pub(crate) fn variable(name: &str) -> Option<String> {
    VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

/// The plan of these locations and `--set`s.
pub(crate) fn plan<L: Into<String>>(
    locations: impl IntoIterator<Item = L>,
    sets: impl IntoIterator<Item = L>,
    table: &Table,
) -> Result<Plan, Errors> {
    let loader = locations.into_iter().fold(Loader::new(&variable), |loader, at| loader.config(at));
    let loader = sets.into_iter().fold(loader, |loader, set| loader.set(set));
    Plan::read(loader.load()?, table).map(|(_, plan)| plan)
}

/// weft's own components.
pub(crate) fn table() -> Table {
    Table::new(weft::components::all())
}
