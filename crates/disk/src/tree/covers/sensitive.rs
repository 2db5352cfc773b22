//! Places that nothing should hide: the configuration, the programs, root's home and those of accounts, and what holds
//! them.

use std::collections::BTreeSet;

use super::tidy;
use crate::tree::View;

/// Largest passwd that homes are taken from, in bytes.
const LIMIT: u64 = 16 << 20;
/// Homes that are taken from it.
const HOMES: usize = 4096;
/// Directories that are sensitive with all that is in them.
const WHOLE: [&[u8]; 13] = [
    b"/etc",
    b"/usr/bin",
    b"/usr/sbin",
    b"/usr/lib",
    b"/usr/lib64",
    b"/usr/local",
    b"/usr/libexec",
    b"/bin",
    b"/sbin",
    b"/lib",
    b"/lib64",
    b"/root",
    b"/usr/etc",
];

pub(super) struct Sensitive {
    whole: BTreeSet<Vec<u8>>,
    /// Homes, and what they are in: their hidden files are sensitive, what else is in them is data.
    homes: BTreeSet<Vec<u8>>,
}

impl Sensitive {
    pub(super) fn of(view: View<'_>) -> Self {
        let real = |path: &[u8]| view.locate(path).map_or_else(|_| tidy(path), |found| found.path);
        let both = |path: &[u8]| [tidy(path), real(path)];
        let whole = WHOLE.iter().flat_map(|path| both(path)).collect();
        let passwd = view.read(b"/etc/passwd", LIMIT).ok().flatten().unwrap_or_default();
        let homes = passwd.split(|&byte| byte == b'\n').take(HOMES).filter_map(|line| {
            let mut fields = line.split(|&byte| byte == b':');
            let (uid, home) = (fields.nth(2)?, fields.nth(2)?);
            // Homes of services are directories of the system.
            let is_person = uid == b"0" || uid.len() >= 4;
            (is_person && home.len() > 1 && home.starts_with(b"/") && home != b"/nonexistent").then_some(home)
        });
        let homes = homes.chain([b"/home".as_slice(), b"/root"]);
        Self { whole, homes: homes.flat_map(both).collect() }
    }

    /// Whether a mount on `place` hides something that counts.
    pub(super) fn has(&self, place: &[u8]) -> bool {
        let holds = |below: &Vec<u8>| is_under(below, place);
        place == b"/usr"
            || self.whole.iter().any(|whole| is_under(place, whole))
            || self.whole.iter().chain(&self.homes).any(holds)
            || self.homes.iter().any(|home| below(place, home).is_some_and(|rest| rest.starts_with(b".")))
    }

    /// Whether `place` is a home or holds some, and no part of the system.
    pub(super) fn is_home(&self, place: &[u8]) -> bool {
        place != b"/usr" && !self.whole.iter().any(|whole| is_under(place, whole) || is_under(whole, place))
    }
}

fn is_under(path: &[u8], above: &[u8]) -> bool {
    path == above || below(path, above).is_some()
}

/// The part of `path` below `above`, without the slash.
fn below<'p>(path: &'p [u8], above: &[u8]) -> Option<&'p [u8]> {
    path.strip_prefix(above)?.strip_prefix(b"/")
}
