//! The program as its users run it: commands, formats, policies, and the examples that they copy.

#[path = "../oracle/mod.rs"]
mod oracle;
#[path = "../program/mod.rs"]
#[expect(clippy::unwrap_used, reason = "a panic here is a failed test")]
mod program;

mod baseline;
mod diff;
mod examples;
mod fix;
mod formats;
mod html_report;
mod intoto;
mod journal;
mod mix_ups;
mod packages;
mod policy;
mod scan;
mod timeline;
