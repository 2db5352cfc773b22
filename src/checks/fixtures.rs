//! Small trees, as the proofs of checks and traces write them.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A small tree: path to what is there.
pub type Fixtures = BTreeMap<String, Plant>;

/// The proofs of a check.
#[derive(Debug, Default)]
pub struct Proofs {
    /// It must pass on each.
    pub pass: Vec<Fixtures>,
    /// It must fail on each.
    pub fail: Vec<Fixtures>,
    /// It must not apply to each.
    pub not_applicable: Vec<Fixtures>,
}

/// An entry of a small tree.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Plant {
    /// A file of root's with mode 644.
    Content(String),
    /// Anything else.
    Entry(PlantedEntry),
}

/// An entry with its metadata.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlantedEntry {
    /// The content of a file.
    pub content: String,
    /// Octal.
    pub mode: Option<String>,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// It is a symbolic link to this.
    pub link: Option<String>,
    /// It is a directory.
    pub directory: bool,
    /// It is a socket.
    pub socket: bool,
    /// A package owns it (proofs of traces).
    pub package: Option<Origin>,
}

/// How a file stands to the package that owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It is what the package brought.
    Shipped,
    /// It is not what the package recorded.
    Changed,
}
