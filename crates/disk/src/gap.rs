//! A place in an image; what was not looked at, where, and why.

/// Where something is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Number of the partition in its table; none for an image without a table, or a mounted tree.
    pub partition: Option<u32>,
    /// The volume: "ext4 rootfs", "vfat EFI".
    pub volume: Option<String>,
    /// The path in the running machine; for a member of an archive `outer!/inner`. Empty for a volume.
    pub path: Vec<u8>,
    /// Inode number in the volume.
    pub inode: Option<u64>,
    /// Byte offset in the file (in the member, for archives).
    pub offset: Option<u64>,
    /// Line, from 1.
    pub line: Option<u64>,
}

/// Why something was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GapKind {
    /// The bytes are not in the image: it is cut short, or a block lies beyond its end.
    Missing,
    /// The image contradicts itself.
    Damaged,
    /// A format that cannot be read yet.
    Unsupported,
    /// Encrypted: nobody can read it without the key.
    Encrypted,
    /// Over a limit of the budget.
    OverLimit,
    /// The machine that runs the audit failed to read.
    HostFailed,
}

impl GapKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Missing, Self::Damaged, Self::Unsupported, Self::Encrypted, Self::OverLimit, Self::HostFailed];

    /// The one that is called `name`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Unsupported => "unsupported",
            Self::Encrypted => "encrypted",
            Self::OverLimit => "over-limit",
            Self::HostFailed => "host-failed",
        }
    }
}

/// How bad a note or a gap is: what was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// Nothing: a journal was replayed, a backup superblock used.
    Nothing,
    /// The inside of an archive, or a part of a file.
    Part,
    /// A whole file.
    File,
    /// A directory, and what lies under it.
    Directory,
    /// A volume or a file system.
    Volume,
}

/// Something that was not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where.
    pub location: Location,
    /// Why.
    pub kind: GapKind,
    /// How much.
    pub loss: Loss,
    /// Bytes not looked at, where known.
    pub bytes: Option<u64>,
    /// One sentence with its numbers.
    pub reason: String,
}

/// Something to know of a partition table or a file system as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What was lost by it, if anything.
    pub loss: Loss,
    /// One sentence, without bytes of the image that are not escaped.
    pub text: String,
}
