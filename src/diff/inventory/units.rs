//! What starts by itself: units of systemd, run levels of OpenRC, init scripts.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::{Field, Items, LIMIT};
use assay_disk::fs::FileType;
use assay_disk::text::Escaped;
use assay_disk::tree::Tree;

/// Where units lie, the first wins (systemd.unit(5)).
const DIRECTORIES: [&str; 9] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    // Where `/lib` is no link to `/usr/lib`, as before the merge of the two.
    "/lib/systemd/system",
    "/etc/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
    "/etc/systemd/network",
];
/// Units that are looked at.
const UNITS: usize = 20_000;

/// Every unit, with whether something starts it, and its definition.
pub(super) fn of(tree: &Tree) -> Items {
    let mut units: BTreeMap<Vec<u8>, Unit> = BTreeMap::new();
    let mut listed = BTreeSet::new();
    for directory in DIRECTORIES {
        // One directory under two names, where /lib is a link, holds its units once.
        if !tree.find(directory.as_bytes()).is_some_and(|id| listed.insert(id)) {
            continue;
        }
        let is_user = directory.ends_with("/user");
        let name_of = |name: &[u8]| if is_user { [b"user: ", name].concat() } else { name.to_vec() };
        for (name, kind) in tree.list(directory.as_bytes()) {
            if units.len() >= UNITS {
                break;
            }
            let path = [directory.as_bytes(), b"/", &name].concat();
            if let Some((unit, suffix)) = split(&name) {
                let inside = tree.list(&path);
                match suffix {
                    b"wants" | b"requires" => {
                        for (wanted, _) in inside {
                            units.entry(name_of(&wanted)).or_default().started_by.insert(unit.to_vec());
                        }
                    }
                    b"d" => {
                        let drop_ins = inside
                            .into_iter()
                            .map(|(drop_in, _)| [&path, b"/".as_slice(), &drop_in].concat());
                        units.entry(name_of(unit)).or_default().drop_ins.extend(drop_ins);
                    }
                    _ if kind != FileType::Directory => {
                        units.entry(name_of(&name)).or_default().file.get_or_insert(path);
                    }
                    _ => {}
                }
            }
        }
    }
    let mut items: Items = units.into_iter().map(|(name, unit)| (name, unit.fields(tree))).collect();
    items.extend(old_scripts(tree));
    items
}

/// The name of a unit and what follows its last dot.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memrchr(b'.', name)?;
    Some((name.get(..at)?, name.get(at.checked_add(1)?..)?))
}

#[derive(Default)]
struct Unit {
    file: Option<Vec<u8>>,
    drop_ins: BTreeSet<Vec<u8>>,
    started_by: BTreeSet<Vec<u8>>,
}

impl Unit {
    fn fields(&self, tree: &Tree) -> Vec<Field> {
        let mut fields = vec![Field::of("state", self.state(tree).as_bytes())];
        if let Some(path) = &self.file {
            let mut hash = Sha256::new();
            for path in std::iter::once(path).chain(&self.drop_ins) {
                hash.update(tree.read(path, LIMIT).ok().flatten().unwrap_or_default());
            }
            fields.push(Field::hidden("definition", &Escaped(path).to_string(), &hash.finalize()));
        }
        if !self.drop_ins.is_empty() {
            let all: Vec<&[u8]> = self.drop_ins.iter().map(Vec::as_slice).collect();
            fields.push(Field::of("drop-ins", &all.join(b", ".as_slice())));
        }
        if !self.started_by.is_empty() {
            let all: Vec<&[u8]> = self.started_by.iter().map(Vec::as_slice).collect();
            fields.push(Field::of("started by", &all.join(b", ".as_slice())));
        }
        fields
    }

    fn state(&self, tree: &Tree) -> &'static str {
        let is_masked =
            self.file.as_ref().and_then(|path| tree.get(tree.find_link(path)?)).is_some_and(|(_, walked)| {
                let is_empty = walked.metadata.file_type == FileType::Regular && walked.metadata.size == 0;
                is_empty || walked.target.as_deref() == Some(b"/dev/null")
            });
        match (is_masked, self.started_by.is_empty()) {
            (true, _) => "masked",
            (false, false) => "enabled",
            (false, true) => "not started by itself",
        }
    }
}

/// Init scripts with the run levels that start them; OpenRC's run levels.
fn old_scripts(tree: &Tree) -> Items {
    let mut levels: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for level in ["2", "3", "4", "5", "S"] {
        for (name, _) in tree.list(format!("/etc/rc{level}.d").as_bytes()).into_iter().take(UNITS) {
            if let Some(script) = name.strip_prefix(b"S").and_then(|rest| rest.get(2..)) {
                levels.entry(script.to_vec()).or_default().insert(level.as_bytes().to_vec());
            }
        }
    }
    for (level, _) in tree.list(b"/etc/runlevels").into_iter().take(64) {
        for (name, _) in tree.list(&[b"/etc/runlevels/", level.as_slice()].concat()).into_iter().take(UNITS) {
            levels.entry(name).or_default().insert(level.clone());
        }
    }
    let mut items = Items::new();
    for (name, kind) in tree.list(b"/etc/init.d").into_iter().take(UNITS) {
        if kind == FileType::Directory {
            continue;
        }
        let path = [b"/etc/init.d/", name.as_slice()].concat();
        let content = tree.read(&path, LIMIT).ok().flatten().unwrap_or_default();
        let started: Vec<Vec<u8>> = levels.remove(&name).unwrap_or_default().into_iter().collect();
        let state: &[u8] = if started.is_empty() { b"not started by itself" } else { b"enabled" };
        let mut fields = vec![
            Field::of("state", state),
            Field::hidden("definition", &Escaped(&path).to_string(), &content),
        ];
        if !started.is_empty() {
            fields.push(Field::of("run levels", &started.join(b", ".as_slice())));
        }
        items.insert([b"init.d/", name.as_slice()].concat(), fields);
    }
    items
}
