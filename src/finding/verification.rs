//! Which proof a finding has.

/// What could be checked offline, and how it came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verification {
    /// The checksum in the value is right.
    Checksum,
    /// The checksum in the value is wrong: it was altered, or made up.
    WrongChecksum,
    /// What is encoded in the value has its parts: a token's claims, a key's length.
    Structure,
    /// The key was parsed.
    Key,
    /// The file was parsed, and has the value where such files have secrets.
    File,
    /// Only the value's form, and that it looks random.
    Form,
    /// Only the name that the value is given.
    Name,
    /// The value is one that its maker published, for tests.
    Published,
    /// The hash comes out of the value: it was computed anew.
    Recomputed,
}

impl Verification {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checksum => "checksum valid",
            Self::WrongChecksum => "checksum wrong",
            Self::Structure => "structure valid",
            Self::Key => "parsed key",
            Self::File => "parsed file",
            Self::Form => "form and entropy only",
            Self::Name => "name and value",
            Self::Published => "test vector",
            Self::Recomputed => "hash recomputed",
        }
    }
}
