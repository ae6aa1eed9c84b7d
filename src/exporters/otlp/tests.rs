//! Tests of the gRPC exporter: its keys and its verdicts.
