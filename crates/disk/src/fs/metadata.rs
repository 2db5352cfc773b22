//! What an inode says of itself, whatever the file system.

/// What kind of thing an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileType {
    /// Bytes.
    Regular,
    /// Entries.
    Directory,
    /// A path.
    Symlink,
    /// A device of characters; never opened.
    CharDevice,
    /// A device of blocks; never opened.
    BlockDevice,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
}

/// A moment: seconds and nanoseconds since 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Whole seconds; negative before 1970.
    pub seconds: i64,
    /// 0 to 999,999,999.
    pub nanoseconds: u32,
}

/// What an inode says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Kind of the entry.
    pub file_type: FileType,
    /// Length of the content in bytes, as the inode claims it: it may be absurd.
    pub size: u64,
    /// Permission bits with setuid, setgid and sticky: the low 12 bits of `st_mode`.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Number of names.
    pub links: u32,
    /// Last change of the content.
    pub modified: Time,
    /// Last change of the inode.
    pub changed: Time,
    /// Last access.
    pub accessed: Time,
    /// Creation, where the file system keeps it.
    pub created: Option<Time>,
}

impl Metadata {
    /// Of an entry of which nothing more is known: root's, with one name, at no time.
    pub fn bare(file_type: FileType, mode: u16, size: u64) -> Self {
        let never = Time::default();
        Self {
            file_type,
            size,
            mode,
            uid: 0,
            gid: 0,
            links: 1,
            modified: never,
            changed: never,
            accessed: never,
            created: None,
        }
    }
}
