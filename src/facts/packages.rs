//! dpkg's database: which package owns which file, and what the file should be.

/// The packages of a system and their files.
#[derive(Debug, Default)]
pub struct Packages {}

impl Packages {
    /// The package that owns the file at `path` (usr-merge is taken into account), if one.
    pub fn owner(&self, _path: &[u8]) -> Option<&str> {
        None
    }
    /// The MD5 that the package database records for `path`, as 16 bytes, if it does.
    pub fn md5(&self, _path: &[u8]) -> Option<[u8; 16]> {
        None
    }
    /// Whether `path` is registered as a configuration file (conffile).
    pub fn is_conffile(&self, _path: &[u8]) -> bool {
        false
    }
}
