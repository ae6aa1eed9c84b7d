//! Properties of the wire layer, with prost's structs as the oracle.

mod check;
mod divide;
mod edit;
mod generate;
mod oracle;
mod rewrite;
mod views;
