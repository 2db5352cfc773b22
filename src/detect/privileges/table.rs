//! Which programs have more rights on stock systems: `signatures/privileges/programs.toml`.

use assay_disk::path::glob;
use std::sync::LazyLock;

use serde::Deserialize;

use super::capabilities::Capabilities;
use crate::checks::artifacts::places::PathSet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    usual: Vec<String>,
    roots: Vec<String>,
    shells: Vec<String>,
    capability: Vec<RawCapability>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCapability {
    paths: Vec<String>,
    may: Vec<String>,
}

/// The file of the table.
pub(in crate::detect) const TEXT: &str = include_str!("../../../signatures/privileges/programs.toml");

/// The table.
pub(super) struct Programs {
    usual: PathSet,
    roots: PathSet,
    shells: Vec<String>,
    capabilities: Vec<(PathSet, Vec<String>)>,
}

impl Programs {
    /// The table that the program carries.
    #[expect(clippy::expect_used, reason = "the embedded table is held by a test, not by an image")]
    pub(super) fn embedded() -> &'static Self {
        static TABLE: LazyLock<Programs> =
            LazyLock::new(|| Programs::parse(TEXT).expect("the embedded table is valid"));
        &TABLE
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let capabilities = file.capability.into_iter().map(|one| Ok((PathSet::parse(&one.paths)?, one.may)));
        Ok(Self {
            usual: PathSet::parse(&file.usual)?,
            roots: PathSet::parse(&file.roots)?,
            shells: file.shells,
            capabilities: capabilities.collect::<Result<_, String>>()?,
        })
    }

    /// Whether distributions ship the program at `path` setuid or setgid.
    pub(super) fn is_usual(&self, path: &[u8]) -> bool {
        self.usual.has(path)
    }

    /// Whether a program of this name does whatever it is told.
    pub(super) fn is_shell(&self, name: &[u8]) -> bool {
        self.shells.iter().any(|shell| glob(shell.as_bytes(), name))
    }

    /// The path within the root of another system, for a path that lies in one.
    pub(super) fn below_root<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        let ends = memchr::memchr_iter(b'/', path).skip(2);
        let mut ends = ends.filter_map(|end| path.split_at_checked(end));
        ends.find(|(root, _)| self.roots.has(root)).map(|(_, inside)| inside)
    }

    /// The capabilities that a program at `path` does not have on stock systems.
    pub(super) fn unusual(&self, path: &[u8], capabilities: &Capabilities) -> Vec<String> {
        let may = |name: &String| {
            self.capabilities.iter().any(|(paths, may)| may.contains(name) && paths.has(path))
        };
        capabilities.names().filter(|name| !may(name)).collect()
    }
}
