//! The command line: verbs and flags.
//!
//! The bare form (`weft --config gateway.yaml`) is how the Collector is called, so charts and
//! operators find what they expect.

use clap::{Args, Parser, Subcommand, ValueEnum};

/// An OpenTelemetry gateway collector. Without arguments: dev mode, OTLP on localhost.
#[derive(Debug, Parser)]
#[command(name = "weft", version, disable_version_flag = true, args_conflicts_with_subcommands = true)]
pub(super) struct Cli {
    /// What to do; without a verb, `run`
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
    #[command(flatten)]
    pub(super) run: Run,
    /// Print the version
    #[arg(short = 'v', short_alias = 'V', long, action = clap::ArgAction::Version)]
    version: Option<bool>,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Run a gateway
    Run(Run),
    /// Check a configuration without opening anything
    Validate(Validate),
    /// Print the resolved configuration with the origin of each value
    #[command(alias = "print-config")]
    Explain(Explain),
    /// List the components, or tell about one of them
    Components(Components),
    /// Draw the graph of a configuration
    Graph(Graph),
    /// Measure what a gateway carries, what it costs and whether everything arrives
    Bench(Box<super::bench::Bench>),
    /// Print a script for the shell's completion
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Where the configuration comes from.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Source {
    /// A file (`path` or `file:path`), `env:NAME` or `yaml:text`; several are merged in order
    #[arg(short, long, value_name = "LOCATION")]
    pub(super) config: Vec<String>,
    /// Set one value, after all files: `processors.batch.timeout=2s`
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// The Collector's feature gates: accepted, without effect here
    #[arg(long, value_name = "GATES")]
    pub(super) feature_gates: Vec<String>,
    /// Refuse what would only be a warning
    #[arg(long)]
    pub(super) strict: bool,
}

/// `weft run`.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) source: Source,
    /// Longest time from a signal to the end of the process [default: 25s]
    #[arg(long, value_name = "DURATION")]
    pub(super) shutdown_timeout: Option<String>,
    /// Threads that serve the network [default: the CPUs that the cgroup grants]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<usize>,
    /// Write the final report to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<std::path::PathBuf>,
}

/// How errors are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// One object a line
    Json,
    /// Annotations of GitHub's workflows
    Github,
}

/// `weft validate`.
#[derive(Debug, Args)]
pub(super) struct Validate {
    #[command(flatten)]
    pub(super) source: Source,
    /// How errors are printed
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// `weft explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    #[command(flatten)]
    pub(super) source: Source,
}

/// `weft components`.
#[derive(Debug, Args)]
pub(super) struct Components {
    /// Tell about this one
    pub(super) name: Option<String>,
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Drawing {
    /// Lines of text
    #[default]
    Ascii,
    /// Mermaid, for documents
    Mermaid,
}

/// `weft graph`.
#[derive(Debug, Args)]
pub(super) struct Graph {
    #[command(flatten)]
    pub(super) source: Source,
    /// How it is drawn
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Drawing,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_bare_form_is_run() {
        let cli = Cli::parse_from(["weft", "--config=a.yaml", "--config", "b.yaml", "--set", "x.y=1"]);
        assert!(cli.verb.is_none());
        assert_eq!(
            (cli.run.source.config, cli.run.source.set),
            (vec!["a.yaml".into(), "b.yaml".into()], vec!["x.y=1".into()])
        );
    }
}
