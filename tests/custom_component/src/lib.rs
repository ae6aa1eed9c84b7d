//! Components outside weft: a receiver, a processor and an exporter for lines of text.
//!
//! Nothing here is known to weft: an entry per component and [`all`] are what it takes. What every exporter gets (queue,
//! retry, time-outs), what every receiver gets (memory, answers) and the balance of the report come from the engine.

pub mod line_file;
pub mod line_socket;
pub mod tag;

use weft::component::Component;

/// Our components.
pub static COMPONENTS: [&Component; 3] = [&line_socket::COMPONENT, &tag::COMPONENT, &line_file::COMPONENT];

/// weft's components and ours.
pub fn all() -> impl Iterator<Item = &'static Component> {
    weft::components::all().chain(COMPONENTS)
}
