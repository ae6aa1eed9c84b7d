//! Tests of the receiver, through real sockets.
