//! What a hostile image tries against the audit, one module a kind of trick: nothing may pass in silence, and
//! nothing may cost without end.

#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

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
