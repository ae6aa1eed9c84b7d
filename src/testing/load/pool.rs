//! Requests encoded once, sent ever again with fresh ids, times and numbers.

use super::content::{self, Kind, MARK, NUMBER_LEN};
use super::shape::{SPANS_PER_TRACE, Shape, mix};
use super::walk::write_number;
use memchr::memmem;

/// Different requests, as long as they need no more than [`ROOM`] together.
const REQUESTS: usize = 16;
const ROOM: usize = 64 << 20;

/// A place that is written anew for every request.
#[derive(Clone, Copy, Debug)]
struct Patch {
    at: usize,
    kind: Kind,
    item: u32,
}

#[derive(Debug)]
struct Template {
    encoded: Vec<u8>,
    patches: Vec<Patch>,
    took: Vec<u64>,
}

/// Requests of one shape.
#[derive(Debug)]
pub struct Pool {
    shape: Shape,
    templates: Vec<Template>,
}

impl Pool {
    /// Encodes them. Numbers of the shape that make no sense are brought into their range.
    pub fn new(shape: Shape) -> Self {
        let shape = shape.in_range();
        let first = Template::new(&shape, 0);
        let count = (ROOM / first.encoded.len().max(1)).clamp(1, REQUESTS) as u64;
        let templates = std::iter::once(first).chain((1..count).map(|n| Template::new(&shape, n))).collect();
        Self { shape, templates }
    }

    /// What the requests look like.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Bytes of an item, resources and scopes shared out among them.
    pub fn bytes_per_item(&self) -> f64 {
        let bytes: usize = self.templates.iter().map(|it| it.encoded.len()).sum();
        bytes as f64 / (self.templates.len() as f64 * f64::from(self.shape.items))
    }

    /// Request number `index`, with items numbered from `index` times the items of a request, as of `now` (unix
    /// nanoseconds).
    pub fn request(&self, index: u64, now: u64) -> Vec<u8> {
        let chosen = usize::try_from(index % self.templates.len().max(1) as u64).unwrap_or(0);
        let Some(template) = self.templates.get(chosen) else { return Vec::new() };
        let mut request = template.encoded.clone();
        for patch in &template.patches {
            self.apply(patch, template, index, now, &mut request);
        }
        request
    }

    fn apply(&self, patch: &Patch, template: &Template, index: u64, now: u64, request: &mut [u8]) {
        let Some(place) = request.get_mut(patch.at..) else { return };
        let number = index * u64::from(self.shape.items) + u64::from(patch.item);
        let took = template.took.get(patch.item as usize).copied().unwrap_or(0);
        let salt = mix(self.shape.seed);
        let span = |number: u64| mix(number ^ !salt).to_be_bytes();
        match patch.kind {
            Kind::Trace => {
                let trace = mix((number - u64::from(patch.item % SPANS_PER_TRACE)) ^ salt);
                put(place, trace.to_be_bytes());
                put(place.get_mut(8..).unwrap_or_default(), mix(trace).to_be_bytes());
            }
            Kind::Span => put(place, span(number)),
            Kind::Parent => put(place, span(number - u64::from(patch.item % SPANS_PER_TRACE))),
            Kind::Start => put(place, now.saturating_sub(took).to_le_bytes()),
            Kind::End => put(place, now.to_le_bytes()),
            Kind::Number => put(place, write_number(number)),
            Kind::NumberValue => put(place, (number as f64).to_le_bytes()),
        }
    }
}

impl Template {
    fn new(shape: &Shape, index: u64) -> Self {
        let (encoded, took) = content::request(shape, index);
        let patches = memmem::find_iter(&encoded, &MARK).filter_map(|at| patch(&encoded, at)).collect();
        Self { encoded, patches, took }
    }
}

fn patch(encoded: &[u8], at: usize) -> Option<Patch> {
    let [_, _, _, kind, item @ ..] = encoded.get(at..)?.first_chunk::<8>()?;
    let item = item.iter().fold(0, |item, seven| (item << 7) | u32::from(*seven));
    Some(Patch { at, kind: Kind::of(*kind)?, item })
}

fn put<const N: usize>(place: &mut [u8], value: [u8; N]) {
    if let Some(place) = place.first_chunk_mut::<N>() {
        *place = value;
    }
}

const _: () = assert!(NUMBER_LEN > 8, "a number's text has room for a mark");
