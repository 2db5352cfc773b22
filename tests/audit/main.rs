//! Whole audits: what is packed, packaged, long or secret.

#[path = "../oracle/mod.rs"]
mod oracle;
#[path = "../program/mod.rs"]
mod program;

mod bombs;
mod container_images;
mod containers;
mod long_files;
mod package_databases;
mod package_integrity;
mod packed;
mod redaction;
mod user_lists;
