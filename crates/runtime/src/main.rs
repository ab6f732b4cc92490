//! The program on the target.

fn main() {}
