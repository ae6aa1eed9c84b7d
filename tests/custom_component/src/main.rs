//! A gateway with weft's components and three of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    weft::cli::main(custom_component::all())
}
