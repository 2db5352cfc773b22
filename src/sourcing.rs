//! Sourcing: which images run, whose they are, and who chose them.

pub mod code;
