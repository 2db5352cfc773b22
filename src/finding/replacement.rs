//! A change to a file of code that mends a finding.

/// What to put in place of some bytes of the file that the finding is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The first byte that is replaced.
    pub start: usize,
    /// The byte behind the last one; as `start`: nothing is replaced, only put in.
    pub end: usize,
    /// What is put in.
    pub text: String,
}
