//! `stress`: starts many processes that share a state, and says whether an update was lost.

fn main() {}
