//! `weft validate`: everything that `run` would find wrong, without opening anything.

use super::args::{Format, Validate};
use super::load;
use crate::config::Errors;
use crate::config::render::Style;
use crate::engine::Table;
use std::process::ExitCode;

/// Checks a configuration: 0 if it can run.
pub(super) fn validate(args: &Validate, table: &Table) -> ExitCode {
    match load::check(&args.source, table) {
        Ok(checked) => {
            print(&Errors(checked.warnings), args.format);
            if args.format == Format::Text {
                println!("{}", checked.plan.guarantee);
                println!("the configuration can run");
            }
            ExitCode::SUCCESS
        }
        Err(errors) => {
            match args.format {
                Format::Text => load::complain(&errors),
                Format::Json | Format::Github => print(&errors, args.format),
            }
            ExitCode::FAILURE
        }
    }
}

fn print(errors: &Errors, format: Format) {
    match format {
        Format::Text => eprint!("{}", errors.render(load::style())),
        Format::Json => print!("{}", errors.render(Style::Json)),
        Format::Github => print!("{}", errors.render(Style::Github)),
    }
}
