//! What the configuration of systemd says of places: units that mount, units that see other directories than the
//! machine, and copies and links that are made at boot (tmpfiles.d).

use std::collections::{BTreeMap, BTreeSet};

use super::{EntryId, Tree, View};

/// Longest file that is read, in bytes: nobody writes a longer unit.
const LIMIT: u64 = 256 << 10;
/// Where units lie, the first counts.
const UNITS: [&[u8]; 5] = [
    b"/etc/systemd/system",
    b"/run/systemd/system",
    b"/usr/local/lib/systemd/system",
    b"/usr/lib/systemd/system",
    b"/lib/systemd/system",
];
const TMPFILES: [&[u8]; 3] = [b"/etc/tmpfiles.d", b"/run/tmpfiles.d", b"/usr/lib/tmpfiles.d"];
/// What systemd copies from where nothing is named.
const FACTORY: &[u8] = b"/usr/share/factory";
/// What a setting begins with that is about places.
const KEYS: [&[u8]; 10] = [
    b"What",
    b"Where",
    b"Type",
    b"Options",
    b"BindPaths",
    b"BindReadOnlyPaths",
    b"RootDirectory",
    b"RootImage",
    b"TemporaryFileSystem",
    b"ExecStart",
];

/// A setting of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
    /// The file, in the system.
    pub(super) path: Vec<u8>,
    /// From 1.
    pub(super) line: u64,
}

/// The settings about places of all units, by the names of units, and how many files were left out.
pub(super) fn settings(view: View<'_>, limit: usize) -> (BTreeMap<Vec<u8>, Vec<Setting>>, usize) {
    let (mut units, mut met, mut left, mut over) = (BTreeMap::new(), BTreeSet::new(), limit, 0_usize);
    for directory in UNITS {
        for (name, _) in view.list(directory) {
            let path = [directory, b"/", name.as_slice()].concat();
            let drop_ins = name.strip_suffix(b".d").filter(|unit| unit.contains(&b'.'));
            let files = match drop_ins {
                Some(unit) => {
                    let files = view.list(&path).into_iter().filter(|(file, _)| file.ends_with(b".conf"));
                    files.map(|(file, _)| (unit.to_vec(), [path.as_slice(), b"/", &file].concat())).collect()
                }
                None if is_unit(&name) => vec![(name, path)],
                None => Vec::new(),
            };
            for (unit, path) in files {
                // A unit may lie in /lib and /usr/lib at once.
                if !view.find(&path).is_some_and(|id| met.insert((unit.clone(), id))) {
                    continue;
                }
                match left.checked_sub(1) {
                    Some(fewer) => left = fewer,
                    None => {
                        over = over.saturating_add(1);
                        continue;
                    }
                }
                let Ok(Some(text)) = view.read(&path, LIMIT) else { continue };
                let found = parse(&text, &path);
                if !found.is_empty() {
                    units.entry(unit).or_insert_with(Vec::new).extend(found);
                }
            }
        }
    }
    (units, over)
}

fn is_unit(name: &[u8]) -> bool {
    [b".mount".as_slice(), b".service", b".socket", b".swap"].iter().any(|end| name.ends_with(end))
}

/// The settings of a file that are about places.
fn parse(text: &[u8], path: &[u8]) -> Vec<Setting> {
    let mut found = Vec::new();
    let mut lines = (1_u64..).zip(text.split(|&byte| byte == b'\n'));
    while let Some((number, line)) = lines.next() {
        let mut line = line.trim_ascii().to_vec();
        while line.last() == Some(&b'\\') {
            line.pop();
            let Some((_, next)) = lines.next() else { break };
            line.push(b' ');
            line.extend_from_slice(next.trim_ascii());
        }
        let Some(at) = memchr::memchr(b'=', &line) else { continue };
        let (key, value) =
            (line.get(..at).unwrap_or_default().trim_ascii(), line.get(at + 1..).unwrap_or_default());
        if KEYS.contains(&key) {
            let (key, value) = (key.to_vec(), value.trim_ascii().to_vec());
            found.push(Setting { key, value, path: path.to_vec(), line: number });
        }
    }
    found
}

/// The place that the name of a mount unit stands for: `srv-a\x2db.mount` is `/srv/a-b`.
pub(super) fn place_of_unit(name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = name.strip_suffix(b".mount")?;
    let mut place = b"/".to_vec();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.strip_prefix(b"x").and_then(|hex| hex.get(..2)).filter(|_| byte == b'\\');
        let code = code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match code {
            Some(code) => {
                place.push(code);
                rest = rest.get(4..).unwrap_or_default();
            }
            None => {
                place.push(if byte == b'-' { b'/' } else { byte });
                rest = after;
            }
        }
    }
    Some(place)
}

impl Tree {
    /// What is copied or linked to another path when the machine boots: the source, and that path.
    pub(super) fn copies(&self) -> Vec<(EntryId, Vec<u8>)> {
        let Some(view) = self.machine() else { return Vec::new() };
        let mut found = Vec::new();
        for directory in TMPFILES {
            for (name, _) in view.list(directory).into_iter().filter(|(name, _)| name.ends_with(b".conf")) {
                let path = [directory, b"/", name.as_slice()].concat();
                let Ok(Some(text)) = view.read(&path, LIMIT) else { continue };
                found.extend(text.split(|&byte| byte == b'\n').filter_map(|line| copy(view, line)));
            }
        }
        found
    }
}

/// A line of tmpfiles.d(5) of the kinds `C` and `L`. Without `+` they keep what is there already.
fn copy(view: View<'_>, line: &[u8]) -> Option<(EntryId, Vec<u8>)> {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let (kind, path) = (words.next()?, words.next()?);
    if !matches!(kind.first(), Some(b'C' | b'L')) || !path.starts_with(b"/") || path.contains(&b'%') {
        return None;
    }
    if !kind.contains(&b'+') && view.find_link(path).is_some() {
        return None;
    }
    let source = match words.nth(4) {
        Some(source) if source != b"-" => source.to_vec(),
        _ => [FACTORY, path].concat(),
    };
    let above = path.get(..memchr::memrchr(b'/', path)?)?;
    let source = if source.starts_with(b"/") { source } else { [above, b"/", &source].concat() };
    let found = view.locate(&source).ok()?;
    (found.path != path).then(|| (found.id, path.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_mount_unit_is_its_place() {
        assert_eq!(place_of_unit(b"etc.mount").unwrap(), b"/etc");
        assert_eq!(place_of_unit(b"srv-a\\x2db.mount").unwrap(), b"/srv/a-b");
        assert_eq!(place_of_unit(b"a.service"), None);
    }

    #[test]
    fn settings_are_those_about_places_with_their_lines() {
        let found = parse(b"[Mount]\nWhat = /a\\\n  b\n#Where=/x\nDescription=y\nWhere=/etc\n", b"/u");
        let shown: Vec<_> =
            found.iter().map(|one| (one.key.as_slice(), one.value.as_slice(), one.line)).collect();
        assert_eq!(shown, [(&b"What"[..], &b"/a b"[..], 2), (b"Where", b"/etc", 6)]);
    }
}
