//! Whole audits: what is packed, packaged, long or secret.

#[path = "../oracle/mod.rs"]
mod oracle;
#[path = "../program/mod.rs"]
#[expect(clippy::unwrap_used, reason = "a panic here is a failed test")]
mod program;

mod bombs;
mod container_images;
mod containers;
mod crates;
mod long_files;
mod package_databases;
mod package_integrity;
mod packed;
mod redaction;
mod software;
mod user_lists;
