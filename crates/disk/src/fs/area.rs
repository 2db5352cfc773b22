//! What a file system uses its bytes for, beside the content of files: every class of them is searched as it stands.

/// What bytes are for that are no content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Left free for a boot loader, at the start.
    Boot,
    /// What the file system needs for itself: superblocks, tables, maps, and what is set aside for them.
    Structures,
    /// The journal or log.
    Journal,
    /// Blocks of directories.
    Directories,
    /// In use, and nothing of the above: maps of files and attributes in blocks of their own, blocks that are set aside
    /// for files, and blocks that are marked as in use and belong to nothing.
    Unclaimed,
    /// Behind the ends of files, in their last blocks.
    Slack,
    /// Free: what was deleted lies there until it is written over.
    Free,
}

impl Area {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Boot,
        Self::Structures,
        Self::Journal,
        Self::Directories,
        Self::Unclaimed,
        Self::Slack,
        Self::Free,
    ];

    /// How the report calls the place.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boot => "boot area",
            Self::Structures => "structures",
            Self::Journal => "journal",
            Self::Directories => "directories",
            Self::Unclaimed => "blocks of no file",
            Self::Slack => "slack of files",
            Self::Free => "free space",
        }
    }
}
