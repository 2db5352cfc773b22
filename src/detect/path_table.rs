//! From a path to what is known of files at such a place: asked for every file of an image, so without
//! allocation, and by the last part of the path first.

use std::cmp::Ordering;

/// Patterns of paths, each with a number: the last parts of a path, where `*` is anything within a part.
/// ASCII case does not count.
#[derive(Default)]
pub(super) struct PathTable {
    /// Last part in lower case, number, pattern; sorted.
    names: Vec<(String, usize, String)>,
    /// Those whose last part has a star.
    globs: Vec<Starred>,
}

/// A pattern whose last part has a star, with what stands before the first and after the last one.
struct Starred {
    number: usize,
    pattern: String,
    start: String,
    end: String,
}

impl Starred {
    fn new(number: usize, pattern: String) -> Self {
        let last = pattern.rsplit('/').next().unwrap_or(&pattern);
        let start = last.split('*').next().unwrap_or_default().to_owned();
        let end = last.rsplit('*').next().unwrap_or_default().to_owned();
        Self { number, pattern, start, end }
    }

    /// Whether a name may fit: most do not, and this is quick to tell.
    fn may_fit(&self, name: &[u8]) -> bool {
        let end = name.len().checked_sub(self.end.len()).and_then(|at| name.get(at..));
        let start = name.get(..self.start.len());
        end.is_some_and(|end| end.eq_ignore_ascii_case(self.end.as_bytes()))
            && start.is_some_and(|start| start.eq_ignore_ascii_case(self.start.as_bytes()))
    }
}

impl PathTable {
    /// A table of patterns.
    pub(super) fn new(patterns: impl Iterator<Item = (usize, String)>) -> Self {
        let mut table = Self::default();
        for (number, pattern) in patterns {
            let last = pattern.rsplit('/').next().unwrap_or(&pattern);
            if last.contains('*') {
                table.globs.push(Starred::new(number, pattern));
            } else {
                table.names.push((last.to_ascii_lowercase(), number, pattern));
            }
        }
        table.names.sort();
        table
    }

    /// The lowest number whose pattern fits.
    pub(super) fn find(&self, path: &[u8]) -> Option<usize> {
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
        let from = self.names.partition_point(|(known, _, _)| lower_cmp(known.as_bytes(), name).is_lt());
        let same = self.names.get(from..).unwrap_or_default().iter();
        let same = same.take_while(|(known, _, _)| lower_cmp(known.as_bytes(), name).is_eq());
        let named = same.map(|(_, number, pattern)| (*number, pattern));
        let starred = self.globs.iter().filter(|starred| starred.may_fit(name));
        let starred = starred.map(|starred| (starred.number, &starred.pattern));
        named
            .chain(starred)
            .filter(|(_, pattern)| path_matches(pattern, path))
            .map(|(number, _)| number)
            .min()
    }
}

/// Compares a name in lower case with one in any case.
fn lower_cmp(lower: &[u8], name: &[u8]) -> Ordering {
    lower.iter().copied().cmp(name.iter().map(u8::to_ascii_lowercase))
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
            ("/x/a.tfvars", Some(4)),
            ("/credentials", None),
            ("", None),
        ] {
            assert_eq!(table.find(path.as_bytes()), number, "{path}");
        }
    }
}
