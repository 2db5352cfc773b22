//! From a path to what is known of files at such a place: asked for every file of an image, so without
//! allocation, and by the last part of the path first.

use std::collections::HashMap;

use assay_disk::path::glob_folded;

/// Longest name of a file system's entry, in bytes; those of archives may be longer, and cost a copy.
const LONGEST: usize = 255;

/// Patterns of paths, each with a number: the last parts of a path, where `*` is anything within a part.
/// ASCII case does not count.
pub(super) struct PathTable {
    /// Last part in lower case: number and pattern.
    names: HashMap<Vec<u8>, Vec<(usize, String)>>,
    /// Those whose last part has a star.
    globs: Vec<Starred>,
}

/// A pattern whose last part has a star, with what stands before the first and after the last one.
#[derive(Clone)]
struct Starred {
    number: usize,
    pattern: String,
    start: Edge,
    end: Edge,
}

/// The outer bytes of a name, at most four, as a number and which of its bits count.
#[derive(Clone, Copy)]
struct Edge {
    bytes: u32,
    mask: u32,
}

impl Edge {
    /// The first four bytes of `outward`, which begins with the outermost.
    fn new(outward: impl Iterator<Item = u8>) -> Self {
        outward.take(4).fold(Self { bytes: 0, mask: 0 }, |edge, byte| Self {
            bytes: edge.bytes << 8 | u32::from(byte),
            mask: edge.mask << 8 | 0xff,
        })
    }

    /// The same with all four bytes in their places.
    fn aligned(self) -> Self {
        let unused = self.mask.leading_zeros();
        Self {
            bytes: self.bytes.checked_shl(unused).unwrap_or(0),
            mask: self.mask.checked_shl(unused).unwrap_or(0),
        }
    }

    /// Whether a name with the edge `other` has this one.
    fn is_in(self, other: Self) -> bool {
        other.bytes & self.mask == self.bytes
    }
}

impl Starred {
    fn new(number: usize, pattern: String) -> Self {
        let last = pattern.rsplit('/').next().unwrap_or(&pattern).to_ascii_lowercase();
        let start = Edge::new(last.bytes().take_while(|&byte| byte != b'*')).aligned();
        let end = Edge::new(last.bytes().rev().take_while(|&byte| byte != b'*')).aligned();
        Self { number, pattern, start, end }
    }
}

impl PathTable {
    /// A table of patterns.
    pub(super) fn new(patterns: impl Iterator<Item = (usize, String)>) -> Self {
        let mut table = Self { names: HashMap::new(), globs: Vec::new() };
        for (number, pattern) in patterns {
            let last = pattern.rsplit('/').next().unwrap_or(&pattern);
            if last.contains('*') {
                table.globs.push(Starred::new(number, pattern));
            } else {
                let name = last.to_ascii_lowercase().into_bytes();
                table.names.entry(name).or_default().push((number, pattern));
            }
        }
        table
    }

    /// The lowest number whose pattern fits.
    pub(super) fn find(&self, path: &[u8]) -> Option<usize> {
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
        let (mut short, mut long);
        let lower = match name.len() {
            0..=LONGEST => {
                short = [0; LONGEST];
                short.get_mut(..name.len())?
            }
            length => {
                long = vec![0; length];
                long.as_mut_slice()
            }
        };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        let start = Edge::new(lower.iter().copied()).aligned();
        let end = Edge::new(lower.iter().rev().copied()).aligned();
        let named = self.names.get(&*lower).into_iter().flatten();
        let named = named.map(|(number, pattern)| (*number, pattern));
        // Most do not fit, and this is quick to tell.
        let starred =
            self.globs.iter().filter(|starred| starred.end.is_in(end) && starred.start.is_in(start));
        named
            .chain(starred.map(|starred| (starred.number, &starred.pattern)))
            .filter(|(_, pattern)| path_matches(pattern, path))
            .map(|(number, _)| number)
            .min()
    }
}

/// Whether a path ends in the parts of `pattern`.
pub(super) fn path_matches(pattern: &str, path: &[u8]) -> bool {
    let mut parts = path.rsplit(|&byte| byte == b'/').filter(|part| !part.is_empty());
    pattern
        .as_bytes()
        .rsplit(|&byte| byte == b'/')
        .all(|want| parts.next().is_some_and(|part| glob_folded(want, part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_but_what_is_around_it_counts() {
        for (pattern, text, fits) in [
            ("*.json", "a.JSON", true),
            ("*.json", ".json", true),
            ("*.json", "json", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*_rsa*", "id_rsa.bak", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*ab*b", "ab", false),
            ("**", "", true),
            ("", "a", false),
        ] {
            assert_eq!(glob_folded(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn the_first_pattern_that_fits_is_taken() {
        let patterns = [".env", ".env.*", "gcloud/credentials.db!/*", ".aws/credentials", "*.tfvars"];
        let table = PathTable::new((0..).zip(patterns.map(str::to_owned)));
        for (path, number) in [
            ("/srv/.ENV", Some(0)),
            ("/srv/.env.local", Some(1)),
            ("/root/.config/gcloud/credentials.db!/credentials", Some(2)),
            ("/b.tar!/.aws/credentials", Some(3)),
            ("/x/a.TFVARS", Some(4)),
            ("/credentials", None),
            ("", None),
        ] {
            assert_eq!(table.find(path.as_bytes()), number, "{path}");
        }
        let long = format!("/x.zip!/{}.tfvars", "a".repeat(1000));
        assert_eq!(table.find(long.as_bytes()), Some(4));
    }
}
