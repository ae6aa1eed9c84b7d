//! The extensions: what stands beside the pipelines, each in a folder of its own.
