//! dpkg's diversions: files that lie elsewhere than their packages say.
//!
//! Source: dpkg-divert(1), and dpkg's `lib/dpkg/db-fsys-divert.c`: three lines each, the path, where the file of every
//! other package goes, and the package that diverts it, or `:` where the administrator does.

use std::collections::BTreeMap;

use super::Recorded;

/// All diversions of a system, by path.
#[derive(Debug, Default)]
pub(super) struct Diversions(BTreeMap<Vec<u8>, Diversion>);

/// One diversion.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Diversion {
    to: Vec<u8>,
    /// The package whose own file stays; none, where the administrator diverts.
    by: Option<Vec<u8>>,
}

/// A path from which a package's file was diverted, and at which no package has another one: whatever is there was put
/// there by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Number of the package that brought the file.
    pub(super) package: u32,
    /// What the package's file would be.
    pub(super) digest: Recorded,
    /// Where it was put.
    pub to: Vec<u8>,
    /// The package that diverts it; none, where the administrator does.
    pub by: Option<Vec<u8>>,
}

impl Diversions {
    /// Reads them, with what is wrong.
    pub(super) fn parse(content: &[u8]) -> (Self, Result<(), &'static str>) {
        if content.is_empty() {
            return (Self::default(), Ok(()));
        }
        let mut all = BTreeMap::new();
        let mut end = Ok(());
        let content = content.strip_suffix(b"\n").unwrap_or_else(|| {
            end = Err("they are cut off");
            content
        });
        let lines: Vec<&[u8]> = content.split(|&byte| byte == b'\n').collect();
        let (threes, rest) = lines.as_chunks::<3>();
        if !rest.is_empty() {
            end = Err("they are not three lines each");
        }
        for [from, to, by] in threes {
            if !from.starts_with(b"/") || !to.starts_with(b"/") || by.is_empty() {
                end = Err("a line is no path, or no package");
                continue;
            }
            let by = (*by != b":").then(|| by.to_vec());
            if all.insert(from.to_vec(), Diversion { to: to.to_vec(), by }).is_some() {
                end = Err("a path is diverted twice");
            }
        }
        (Self(all), end)
    }

    /// Where the file at `path` of the package `name` was put, and by whom, if it does not lie there.
    pub(super) fn of(&self, path: &[u8], name: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
        let diversion = self.0.get(path)?;
        let is_other = diversion.by.as_deref() != Some(name);
        is_other.then_some((diversion.to.as_slice(), diversion.by.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_every_other_package_is_put_aside() {
        let (diversions, end) = Diversions::parse(b"/a\n/a.b\nb\n/c\n/c.d\n:\n");
        assert_eq!(end, Ok(()));
        assert_eq!(diversions.of(b"/a", b"b"), None);
        assert_eq!(diversions.of(b"/a", b"x"), Some((&b"/a.b"[..], Some(&b"b"[..]))));
        assert_eq!(diversions.of(b"/c", b":"), Some((&b"/c.d"[..], None)));
        assert_eq!(Diversions::parse(b"").1, Ok(()));
    }

    #[test]
    fn diversions_that_are_none_are_told() {
        for content in
            ["/a\n", "/a\n/b\nc", "/a\nb\nc\n", "/a\n/b\n\n", "\0\0\0", "\n", "/a\n/b\nc\n/a\n/d\n:\n"]
        {
            assert!(Diversions::parse(content.as_bytes()).1.is_err(), "{content:?}");
        }
    }
}
