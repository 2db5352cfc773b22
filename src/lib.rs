//! `assay`: an offline auditor of the content of machine images.
//!
//! Data flows one way, from the floor beneath to the floor above: bytes at offsets, partitions and
//! volumes, a read-only file system, a tree of entries and facts, detectors, the audit, the report and
//! the gate, the command line. A module uses only floors beneath it (the test in `architecture.rs` reads
//! the sources and holds it).

pub mod archive;
pub mod audit;
pub mod baseline;
pub mod budget;
pub mod bytes;
pub mod checks;
pub mod cli;
pub mod command_line;
pub mod compression;
pub mod date;
pub mod detect;
pub mod diff;
pub mod facts;
pub mod finding;
pub mod fix;
pub mod fs;
pub mod gate;
pub mod image;
pub mod keys;
pub mod pattern;
pub mod policy;
pub mod remedies;
pub mod report;
pub mod requirements;
pub mod rules;
pub mod text;
pub mod tree;
pub mod values;
pub mod volume;

#[cfg(test)]
mod architecture;
