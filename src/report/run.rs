//! How an audit was run: what a report does not know of itself, and evidence needs.

/// One run of the program, as the command line gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// When it began: UTC, as RFC 3339 writes it.
    pub started: String,
    /// When documents say that they were made: SOURCE_DATE_EPOCH, where it is set, so that two runs give the same bytes.
    pub created: String,
    /// When the audit had ended.
    pub ended: String,
    /// The command line, without what may be secret.
    pub command: Vec<String>,
    /// SHA-256 of all rules, checks and lists that were used, in hexadecimal digits.
    pub rules: String,
    /// The image's own file; `None` for a mounted tree or a folder of blocks.
    pub image: Option<Digested>,
}

/// A file, by its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digested {
    /// Its name, without folders.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of all its bytes, in hexadecimal digits.
    pub sha256: String,
}
