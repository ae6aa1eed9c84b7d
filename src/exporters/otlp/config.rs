//! The keys of the gRPC exporter.

use crate::component::Delivery;
use crate::config::{Errors, Section};
use crate::net::encoding::Encoding;
use crate::net::settings::GrpcClient;
use std::time::Duration;

/// The time of one attempt if nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The section, checked.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) client: GrpcClient,
    pub(super) delivery: Delivery,
}

impl Config {
    pub(super) fn of(section: &Section) -> Result<Self, Errors> {
        let mut errors = Errors::new();
        let rest = section.clone();
        let (delivery, rest) = match Delivery::take(section, TIMEOUT) {
            Ok((delivery, rest)) => (Some(delivery), rest),
            Err(wrong) => {
                errors.extend(wrong);
                (None, rest.take(&crate::component::DELIVERY_KEYS).1)
            }
        };
        let client: Option<GrpcClient> = errors.keep(rest.parse());
        if let Some(client) = &client {
            let problems = client.check().into_iter();
            problems.for_each(|found| errors.push(rest.error(&found.at, found.problem).hint(found.hint)));
        }
        match (client, delivery) {
            (Some(client), Some(delivery)) => errors.finish(Self { client, delivery }),
            _ => Err(errors),
        }
    }

    /// gzip is what this exporter sends by default, as the Collector does.
    pub(super) fn encoding(&self) -> Encoding {
        self.client.compression.unwrap_or(Encoding::Gzip)
    }
}
