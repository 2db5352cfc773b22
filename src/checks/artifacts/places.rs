//! Where a file lies: patterns of paths, and a table that finds by a name the few that it may fit.
//!
//! An image has some 70,000 entries and there are hundreds of patterns: each pattern is filed under one key (its last
//! part, or the first or last three bytes of that, or the name of the directory), and an entry asks for its own keys.

use assay_disk::path::glob;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use crate::facts::accounts::Accounts;
use assay_disk::text::Escaped;

/// Bytes of a name by which starred patterns are filed.
const KEY: usize = 3;
/// Directories that a system with a merged /usr has below it.
const MERGED: [&[u8]; 5] = [b"bin", b"sbin", b"lib", b"lib32", b"lib64"];

/// A pattern of paths; `*` and `?` stand for anything within a part. ASCII case does not count, and neither does
/// whether /bin, /lib and /sbin are links into /usr.
#[derive(Clone, Debug)]
pub struct Pattern {
    anchor: Anchor,
    /// In lower case.
    parts: Vec<Vec<u8>>,
    /// Everything below, at any depth, and not the place itself.
    below: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    /// `/etc/x`.
    Root,
    /// `~/x`: in any home.
    Home,
    /// `**/x`: anywhere.
    Anywhere,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.anchor {
            Anchor::Root => "/",
            Anchor::Home => "~/",
            Anchor::Anywhere => "**/",
        })?;
        write!(f, "{}{}", Escaped(&self.parts.join(&b'/')), if self.below { "/**" } else { "" })
    }
}

impl Pattern {
    /// Reads `/etc/x`, `~/x`, `**/x`, each also with `/**` at its end.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (anchor, rest) = match (text.strip_prefix("~/"), text.strip_prefix("**/"), text.strip_prefix('/'))
        {
            (Some(rest), _, _) => (Anchor::Home, rest),
            (_, Some(rest), _) => (Anchor::Anywhere, rest),
            (_, _, Some(rest)) => (Anchor::Root, rest),
            _ => return Err(format!("{text}: a path begins with /, ~/ or **/")),
        };
        let (rest, below) = rest.strip_suffix("/**").map_or((rest, false), |rest| (rest, true));
        let parts: Vec<Vec<u8>> =
            rest.split('/').map(|part| part.to_ascii_lowercase().into_bytes()).collect();
        if parts.iter().any(|part| part.is_empty() || part == b"**") {
            return Err(format!("{text}: a part is empty, or has ** where it cannot be"));
        }
        let merged = anchor == Anchor::Root && is_merged(parts.iter().map(Vec::as_slice));
        Ok(Self { anchor, parts: parts.into_iter().skip(usize::from(merged)).collect(), below })
    }

    /// Whether a path (of the place itself, for what has everything below) fits.
    fn fits(&self, path: &Lowered, homes: &Homes) -> bool {
        let parts = path.parts();
        let Some(rest) = parts.len().checked_sub(self.parts.len()) else { return false };
        let (above, own) = parts.split_at(rest);
        if self.anchor == Anchor::Root && !above.is_empty() {
            return false;
        }
        self.parts.iter().zip(own).all(|(pattern, part)| glob(pattern, part))
            && (self.anchor != Anchor::Home || homes.has(above))
    }

    /// Whether the path is meant, or lies below what is meant.
    pub(super) fn covers(&self, path: &Lowered, homes: &Homes) -> bool {
        if !self.below {
            return self.fits(path, homes);
        }
        (self.parts.len()..path.parts().len()).any(|len| self.fits(&path.cut(len), homes))
    }

    /// The key that it is filed under.
    fn key(&self) -> Option<Vec<u8>> {
        let last = self.parts.last()?;
        let plain = |part: &[u8]| !part.iter().any(|byte| b"*?[".contains(byte));
        if plain(last) {
            return Some(key(b'=', last));
        }
        let (first, end) =
            (last.get(..KEY).unwrap_or(b"*"), last.len().checked_sub(KEY).and_then(|at| last.get(at..)));
        if plain(first) {
            return Some(key(b'<', first));
        }
        if let Some(end) = end.filter(|end| plain(end)) {
            return Some(key(b'>', end));
        }
        let above = self.parts.len().checked_sub(2).and_then(|at| self.parts.get(at))?;
        plain(above).then(|| key(b'/', above))
    }
}

fn key(kind: u8, bytes: &[u8]) -> Vec<u8> {
    [&[kind], bytes].concat()
}

fn is_merged<'p>(mut parts: impl Iterator<Item = &'p [u8]>) -> bool {
    parts.next() == Some(b"usr") && parts.next().is_some_and(|part| MERGED.contains(&part))
}

/// A path in lower case, without the /usr of a merged system.
pub(super) struct Lowered {
    parts: Vec<Vec<u8>>,
}

impl Lowered {
    pub(super) fn new(path: &[u8]) -> Self {
        let parts = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty());
        let parts: Vec<Vec<u8>> = parts.map(<[u8]>::to_ascii_lowercase).collect();
        let merged = is_merged(parts.iter().map(Vec::as_slice));
        Self { parts: parts.into_iter().skip(usize::from(merged)).collect() }
    }

    fn parts(&self) -> &[Vec<u8>] {
        &self.parts
    }

    fn cut(&self, len: usize) -> Self {
        Self { parts: self.parts.get(..len).unwrap_or_default().to_vec() }
    }
}

/// The homes of a system: those of passwd, root's, what lies in /home, and /etc/skel, which becomes a part of each.
pub(super) struct Homes(BTreeSet<Vec<u8>>);

impl Homes {
    pub(super) fn of(accounts: &Accounts) -> Self {
        let homes = accounts.homes().into_iter().chain([b"/root".as_slice(), b"/etc/skel"]);
        Self(homes.map(|home| Lowered::new(home).parts.join(&b'/')).collect())
    }

    fn has(&self, parts: &[Vec<u8>]) -> bool {
        let usual = matches!(parts, [home, _] if home == b"home" || home == b"users");
        usual || !parts.is_empty() && self.0.contains(&parts.join(&b'/'))
    }
}

/// All patterns, by their keys.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Number of the trace, and its pattern.
    patterns: Vec<(u32, Pattern)>,
    keys: HashMap<Vec<u8>, Vec<u32>>,
}

impl Places {
    /// A table of the patterns of traces, which are numbered in their order.
    pub(super) fn new<'p>(artifacts: impl Iterator<Item = &'p [Pattern]>) -> Result<Self, String> {
        let mut places = Self::default();
        for (artifact, patterns) in (0_u32..).zip(artifacts) {
            for pattern in patterns {
                let key = pattern
                    .key()
                    .ok_or_else(|| format!("{pattern}: neither name nor directory is without a star"))?;
                let number = u32::try_from(places.patterns.len()).map_err(|error| error.to_string())?;
                places.patterns.push((artifact, pattern.clone()));
                places.keys.entry(key).or_default().push(number);
            }
        }
        Ok(places)
    }

    /// The numbers of the patterns that an entry of this name, in a directory of that name, may fit.
    pub(super) fn candidates(&self, name: &[u8], directory: &[u8], found: &mut Vec<u32>) {
        found.clear();
        let mut wanted = Vec::with_capacity(64);
        let (first, end) = (name.get(..KEY), name.len().checked_sub(KEY).and_then(|at| name.get(at..)));
        for (kind, bytes) in [(b'=', Some(name)), (b'<', first), (b'>', end), (b'/', Some(directory))] {
            wanted.clear();
            wanted.push(kind);
            wanted.extend(bytes.unwrap_or_default().iter().map(u8::to_ascii_lowercase));
            found.extend(self.keys.get(&wanted).into_iter().flatten());
        }
    }

    /// Of the candidates, the traces whose pattern the path fits: those of files, or those of all below.
    pub(super) fn fitting(&self, candidates: &[u32], path: &Lowered, homes: &Homes, below: bool) -> Vec<u32> {
        let patterns = candidates.iter().filter_map(|&number| self.patterns.get(number as usize));
        let patterns = patterns.filter(|(_, pattern)| pattern.below == below && pattern.fits(path, homes));
        let mut artifacts: Vec<u32> = patterns.map(|(artifact, _)| *artifact).collect();
        artifacts.sort_unstable();
        artifacts.dedup();
        artifacts
    }
}

/// A set of paths, given as patterns.
pub struct PathSet {
    patterns: Vec<Pattern>,
    homes: Homes,
}

impl PathSet {
    /// Reads the patterns.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn parse(patterns: &[String]) -> Result<Self, String> {
        let patterns = patterns.iter().map(|text| Pattern::parse(text)).collect::<Result<_, _>>()?;
        Ok(Self { patterns, homes: Homes::of(&Accounts::default()) })
    }

    /// Whether `path` is one of them.
    pub fn has(&self, path: &[u8]) -> bool {
        let path = Lowered::new(path);
        self.patterns.iter().any(|pattern| pattern.covers(&path, &self.homes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str) -> bool {
        let mut accounts = Accounts::default();
        accounts.add_passwd(b"app:x:1000:1000::/srv/app:/bin/sh\n");
        let homes = Homes::of(&accounts);
        Pattern::parse(pattern).unwrap().covers(&Lowered::new(path.as_bytes()), &homes)
    }

    #[test]
    fn homes_are_those_of_passwd() {
        assert!(fits("~/.bashrc", "/srv/app/.bashrc"));
        assert!(fits("~/.bashrc", "/root/.bashrc"));
        assert!(fits("~/.bashrc", "/home/gone/.bashrc"));
        assert!(!fits("~/.bashrc", "/opt/app/.bashrc"));
        assert!(!fits("~/.bashrc", "/srv/app/x/.bashrc"));
        assert!(fits("~/.cache/**", "/srv/app/.cache/a/b"));
    }

    #[test]
    fn a_star_stays_in_its_part_and_two_go_below() {
        assert!(fits("/etc/cron.d/*", "/etc/cron.d/x"));
        assert!(!fits("/etc/cron.d/*", "/etc/cron.d/x/y"));
        assert!(!fits("/etc/cron.d/*", "/x/etc/cron.d/y"));
        assert!(fits("/var/log/**", "/var/log/a/b.log"));
        assert!(!fits("/var/log/**", "/var/log"));
        assert!(fits("**/TOE_*", "/opt/x/TOE_1"));
    }

    #[test]
    fn a_merged_usr_is_the_same_place() {
        assert!(fits("/lib/systemd/system/*.service", "/usr/lib/systemd/system/a.service"));
        assert!(fits("/usr/bin/x", "/bin/x"));
        assert!(!fits("/usr/local/x", "/local/x"));
    }

    #[test]
    fn a_name_finds_its_patterns_by_every_kind_of_key() {
        let patterns = ["/etc/machine-id", "/tmp/packer*", "/a/*.leases", "/etc/cron.d/*", "/var/log/**"];
        let patterns: Vec<Pattern> = patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect();
        let places = Places::new(patterns.iter().map(std::slice::from_ref)).unwrap();
        let mut found = Vec::new();
        for (name, directory, number) in [
            ("machine-id", "etc", 0),
            ("packer-1", "tmp", 1),
            ("eth0.leases", "a", 2),
            ("x", "cron.d", 3),
            ("LOG", "var", 4),
        ] {
            places.candidates(name.as_bytes(), directory.as_bytes(), &mut found);
            assert_eq!(found, [number], "{name}");
        }
        assert!(Places::new([[Pattern::parse("/a*/*").unwrap()].as_slice()].into_iter()).is_err());
    }
}
