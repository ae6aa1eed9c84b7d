//! The commands: what a person types, and what comes back.
//!
//! Exit codes: 0 done, 1 a configuration that cannot run or a gateway that failed, 2 wrong usage.

mod args;
mod bench;
mod components;
mod explain;
mod graph;
mod load;
mod own;
mod run;
mod settings;
mod validate;

use crate::component::Component;
use crate::engine::Table;
use args::{Cli, Verb};
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

/// Runs the command line over these components: weft's own, or weft's and yours.
pub fn main(components: impl IntoIterator<Item = &'static Component>) -> ExitCode {
    let table = Table::new(components);
    let Cli { verb, run, .. } = Cli::parse();
    match verb {
        None => run::run(run, &table),
        Some(Verb::Run(run)) => run::run(run, &table),
        Some(Verb::Validate(args)) => validate::validate(&args, &table),
        Some(Verb::Explain(args)) => explain::explain(&args, &table),
        Some(Verb::Components(args)) => components::components(&args, &table),
        Some(Verb::Graph(args)) => graph::graph(&args, &table),
        Some(Verb::Bench(args)) => bench::bench(&args),
        Some(Verb::Completions { shell }) => {
            clap_complete::generate(shell, &mut Cli::command(), "weft", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
    }
}
