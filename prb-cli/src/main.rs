//! The `prb` binary.
fn main() {}
