//! Tests of the HTTP exporter: its keys and its verdicts.
