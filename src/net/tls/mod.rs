//! TLS of both sides, by rustls with aws-lc-rs: 1.2 and 1.3, nothing older.
//!
//! Wrong files and mismatched keys are [`Problem`](super::settings::Problem)s that name the key of the settings. With
//! `reload_interval` the files are read again between connections; if that fails, the last good ones stay in use.
//! Certificates are judged by rustls; [`Identity`] only tells what an accepted one says.

mod client;
mod identity;
mod material;
mod reload;
mod server;

pub use client::Connector;
pub use identity::Identity;
pub use server::{Acceptor, HandshakeError};
