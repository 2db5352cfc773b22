//! From a path to what is known of files at such a place: asked for every file of an image, so without
//! allocation, and by the last part of the path first.

use std::collections::HashMap;

/// Longest name of a file system's entry, in bytes; those of archives may be longer, and cost a copy.
const LONGEST: usize = 255;

/// Patterns of paths, each with a number: the last parts of a path, where `*` is anything within a part.
/// ASCII case does not count.
pub(super) struct PathTable {
    /// Last part in lower case: number and pattern.
    names: HashMap<Vec<u8>, Vec<(usize, String)>>,
    /// Those whose last part has a star, by the byte in lower case that it ends with, or else begins with.
    by_last: Vec<Vec<Starred>>,
    by_first: Vec<Vec<Starred>>,
}

/// A pattern whose last part has a star, with what stands before the first and after the last one.
#[derive(Clone)]
struct Starred {
    number: usize,
    pattern: String,
    start: String,
    end: String,
}

impl Starred {
    fn new(number: usize, pattern: String) -> Self {
        let last = pattern.rsplit('/').next().unwrap_or(&pattern).to_ascii_lowercase();
        let start = last.split('*').next().unwrap_or_default().to_owned();
        let end = last.rsplit('*').next().unwrap_or_default().to_owned();
        Self { number, pattern, start, end }
    }

    /// Whether a name in lower case may fit: most do not, and this is quick to tell.
    fn may_fit(&self, name: &[u8]) -> bool {
        name.ends_with(self.end.as_bytes()) && name.starts_with(self.start.as_bytes())
    }
}

impl PathTable {
    /// A table of patterns.
    pub(super) fn new(patterns: impl Iterator<Item = (usize, String)>) -> Self {
        let lists = || std::iter::repeat_with(Vec::new).take(256).collect();
        let mut table = Self { names: HashMap::new(), by_last: lists(), by_first: lists() };
        for (number, pattern) in patterns {
            let last = pattern.rsplit('/').next().unwrap_or(&pattern);
            if last.contains('*') {
                table.add(Starred::new(number, pattern));
            } else {
                let name = last.to_ascii_lowercase().into_bytes();
                table.names.entry(name).or_default().push((number, pattern));
            }
        }
        table
    }

    fn add(&mut self, starred: Starred) {
        let list = match (starred.end.bytes().last(), starred.start.bytes().next()) {
            (Some(last), _) => self.by_last.get_mut(usize::from(last)),
            (None, Some(first)) => self.by_first.get_mut(usize::from(first)),
            // A part that is a star alone fits names of any end.
            (None, None) => return self.by_last.iter_mut().for_each(|list| list.push(starred.clone())),
        };
        list.into_iter().for_each(|list| list.push(starred.clone()));
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
        let (first, last) = lower.first().zip(lower.last())?;
        let named = self.names.get(&*lower).into_iter().flatten();
        let named = named.map(|(number, pattern)| (*number, pattern));
        let starred = [(&self.by_last, last), (&self.by_first, first)];
        let starred = starred.into_iter().filter_map(|(lists, byte)| lists.get(usize::from(*byte))).flatten();
        let starred = starred.filter(|starred| starred.may_fit(lower));
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
        .all(|want| parts.next().is_some_and(|part| glob(want, part)))
}

/// Whether `text` is `pattern`, where `*` stands for anything; ASCII case does not count.
pub(super) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let Some(star) = memchr::memchr(b'*', pattern) else { return pattern.eq_ignore_ascii_case(text) };
    let (head, rest) = pattern.split_at(star);
    let tail = rest.get(1..).unwrap_or_default();
    let Some((start, mut text)) = text.split_at_checked(head.len()) else { return false };
    if !start.eq_ignore_ascii_case(head) {
        return false;
    }
    loop {
        if glob(tail, text) {
            return true;
        }
        match text.split_first() {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
