//! What a hostile image tries against the audit, one module a kind of trick: nothing may pass in silence, and
//! nothing may cost without end.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::semicolon_if_nothing_returned,
    clippy::string_slice,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a panic here is a failed test, and its numbers are small"
)]

#[path = "../oracle/mod.rs"]
mod oracle;
#[path = "../program/mod.rs"]
mod program;

mod lab;

mod budget;
mod disks;
mod facts;
mod files_in_files;
mod output;
mod packaged;
mod places;
mod unclaimed;
