//! Shared by tests, benches and `weft bench`.
