//! Limits, handed down as a value: no image decides how much time or memory it costs.

/// What opening one image may cost. What goes over a limit becomes a gap, never a silent end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Entries of one file system, over all directories.
    pub entries: u64,
    /// Bytes of memory that the entries of all file systems may take.
    pub entry_bytes: u64,
    /// Bytes of the paths of all entries of a file system: each is handed on as a whole.
    pub path_bytes: u64,
    /// Depth of directories below the root.
    pub directory_depth: u32,
    /// Bytes of metadata that a file system may keep in memory (bitmaps, extent lists, journal).
    pub metadata_bytes: u64,
    /// Bytes of extended attributes of one file system that are searched.
    pub attribute_bytes: u64,
    /// Extents of one file.
    pub extents: u64,
    /// Length of a disk that comes out of a packed image file; its holes cost nothing but time.
    pub unpacked_image: u64,
    /// How many times larger than a packed image file the disk in it may get, with its zeros.
    pub unpacked_ratio: u64,
    /// How many times larger than a packed image file the data in it may get, which takes room on the machine: zeros
    /// are not counted.
    pub unpacked_image_ratio: u64,
    /// Further states and disks in one image file (snapshots, the disks of an OVA) that are looked at.
    pub image_states: usize,
    /// File systems inside files, over all levels.
    pub nested_volumes: usize,
    /// Places outside of partitions and behind file systems that begin like a file system, and are tried.
    pub hidden_volumes: usize,
    /// Levels of file systems in files of file systems.
    pub nested_depth: u32,
    /// Systems of one image whose files are looked at under their own paths: the machine, what mounts make of it,
    /// deployments, containers.
    pub systems: usize,
    /// Further names of files and directories by which a running system reaches them: links, mounts, copies.
    pub place_names: usize,
    /// Files of the configuration of mounts that are read.
    pub mount_files: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            entries: 20_000_000,
            entry_bytes: 2 << 30,
            path_bytes: 2 << 30,
            directory_depth: 4096,
            metadata_bytes: 256 << 20,
            attribute_bytes: 64 << 20,
            extents: 4 << 20,
            unpacked_image: 256 << 30,
            unpacked_ratio: 1100,
            unpacked_image_ratio: 100,
            image_states: 16,
            nested_volumes: 256,
            hidden_volumes: 32,
            nested_depth: 2,
            systems: 64,
            place_names: 100_000,
            mount_files: 8192,
        }
    }
}

impl Budget {
    /// The same for a process that may have so many bytes of memory: what grows with the image gets a part of them.
    #[must_use]
    pub fn within_memory(self, bytes: u64) -> Self {
        Self {
            entry_bytes: self.entry_bytes.min(bytes / 4),
            metadata_bytes: self.metadata_bytes.min(bytes / 8),
            ..self
        }
    }
}
