//! Further names of files: the paths by which a running system reaches them. A link to a directory, a mount, a copy
//! that is made at boot, the root of another system: each gives all that lies below another path. Rules by place are
//! asked for every name.

use std::collections::HashMap;

use super::folding::folded;
use super::{EntryId, Mounted, SystemKind, Tree};
use crate::budget::Budget;
use crate::gap::{Gap, GapKind, Location, Loss};
use crate::text::Escaped;

/// Names of one directory.
const NAMES: usize = 16;
/// Links that lead through each other.
const ROUNDS: usize = 4;
/// Longest path that counts, in bytes.
const PATH: usize = 4096;
/// Directories of links that lead to no place: what packages put there is documentation, data, or found by the names
/// that it has.
const ELSEWHERE: [&[u8]; 6] = [b"/usr/", b"/proc/", b"/sys/", b"/dev/", b"/snap/", b"/lib/"];
/// Below these, links count all the same.
const WITHIN: [&[u8]; 4] = [b"/usr/local/", b"/usr/lib/systemd/", b"/usr/etc/", b"/lib/systemd/"];
/// Links of a merged /usr, which every rule knows.
const MERGED: [&[u8]; 7] = [b"/bin", b"/sbin", b"/lib", b"/lib32", b"/lib64", b"/libx32", b"/usr/sbin"];

/// A name in a system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index in [`Tree::systems`].
    pub system: usize,
    /// The path there.
    pub path: Vec<u8>,
}

impl Place {
    /// As a report shows it: the path, and of another system than the machine its root.
    pub fn shown(&self, tree: &Tree) -> String {
        let path = Escaped(&self.path);
        match tree.systems.get(self.system) {
            Some(system) if matches!(system.kind, SystemKind::Deployment | SystemKind::Other) => {
                format!("{path} of {}", Escaped(&system.name))
            }
            _ => path.to_string(),
        }
    }
}

/// All further names, by the topmost entry that has them.
#[derive(Default)]
pub(super) struct Places {
    names: HashMap<EntryId, Vec<Place>>,
    /// For each volume: the directory that it is mounted on.
    beneath: Vec<Option<EntryId>>,
    /// For each volume: which entries have further names; none where no entry has any.
    named: Vec<Option<Vec<bool>>>,
}

impl Tree {
    /// The further names of an entry, sorted; none for most.
    pub fn places(&self, id: EntryId) -> Vec<Place> {
        let named = self.places.named.get(id.volume as usize).and_then(Option::as_ref);
        match named.and_then(|named| named.get(id.index as usize)) {
            Some(true) => self.gathered(id),
            _ => Vec::new(),
        }
    }

    /// The names, as far as they are known yet.
    fn gathered(&self, id: EntryId) -> Vec<Place> {
        let (names, mut found) = (&self.places.names, Vec::new());
        // From the entry up to the root; `tail` has the parts below, the last first.
        let (mut at, mut tail, mut is_folded) = (id, Vec::new(), false);
        loop {
            for place in names.get(&at).into_iter().flatten() {
                found.push(Place { system: place.system, path: joined(&place.path, &tail) });
            }
            let Some((mounted, walked)) = self.get(at) else { break };
            if walked.parent == at.index {
                match self.places.beneath.get(at.volume as usize).copied().flatten() {
                    Some(below) if below != at => at = below,
                    _ => break,
                }
                continue;
            }
            let name = mounted.walk.name(walked);
            if mounted.walk.folds(walked.parent) {
                let plain = folded(name);
                is_folded |= plain != name;
                tail.push(plain);
            } else {
                tail.push(name.to_vec());
            }
            at = EntryId { index: walked.parent, ..at };
        }
        if is_folded {
            let base = if self.get(at).is_some_and(|(mounted, _)| !mounted.is_reachable()) {
                Vec::new()
            } else {
                let base = self.path(at);
                if base == b"/" { Vec::new() } else { base }
            };
            found.push(Place { system: 0, path: joined(&base, &tail) });
        }
        found.sort();
        found.dedup();
        found
    }

    /// What of the systems and places of the image could not be told.
    pub fn place_gaps(&self) -> &[Gap] {
        &self.unsettled
    }

    /// Gathers the names.
    pub(super) fn find_places(&mut self, budget: &Budget) {
        self.places = Places { beneath: self.volumes.iter().map(|_| None).collect(), ..Places::default() };
        self.find_beneath();
        let mut names = Names { left: budget.place_names, ..Names::default() };
        self.names_of_systems(&mut names);
        self.places.names = names.by_entry.clone();
        let links = self.directory_links();
        for _ in 0..ROUNDS {
            let mut is_new = false;
            for (link, target) in &links {
                is_new |= self.names_by_link(*link, *target, &mut names);
            }
            self.places.names = names.by_entry.clone();
            if !is_new {
                break;
            }
        }
        for (source, place) in self.copies() {
            names.add(source, Place { system: 0, path: place });
        }
        self.places.names = names.by_entry;
        self.mark_named();
        if names.has_more {
            let reason = "links and mounts give files more names than are looked at".to_owned();
            let location = Location { path: b"/".to_vec(), ..Location::default() };
            self.unsettled.push(Gap {
                location,
                kind: GapKind::OverLimit,
                loss: Loss::Part,
                bytes: None,
                reason,
            });
        }
    }

    /// Notes which entries have names, so that asking costs nothing for the others. What is in a directory comes
    /// after it; a file system may come before the one that it is mounted in.
    fn mark_named(&mut self) {
        let mut named: Vec<Option<Vec<bool>>> = self.volumes.iter().map(|_| None).collect();
        loop {
            let mut is_new = false;
            for (number, (volume, mounted)) in (0_u32..).zip(&self.volumes).enumerate() {
                let beneath = self.places.beneath.get(number).copied().flatten();
                let is_below = beneath.is_some_and(|below| is_marked(&named, below));
                let has_own = self.places.names.keys().any(|id| id.volume == volume);
                let known = named.get(number).and_then(Option::as_ref);
                let is_done = known.is_some_and(|known| !is_below || known.first() == Some(&true));
                if is_done || !is_below && !has_own && !mounted.walk.folds_any() {
                    continue;
                }
                let marks = self.marks(volume, mounted, is_below);
                if let Some(slot) = named.get_mut(number) {
                    *slot = Some(marks);
                    is_new = true;
                }
            }
            if !is_new {
                break;
            }
        }
        self.places.named = named;
    }

    fn marks(&self, volume: u32, mounted: &Mounted, is_below: bool) -> Vec<bool> {
        let mut marks: Vec<bool> = Vec::with_capacity(mounted.walk.entries.len());
        for (index, walked) in (0_u32..).zip(&mounted.walk.entries) {
            let is_root = walked.parent == index;
            let above = if is_root { is_below } else { marks.get(walked.parent as usize) == Some(&true) };
            let folds = !is_root && mounted.walk.folds(walked.parent) && {
                let name = mounted.walk.name(walked);
                folded(name) != name
            };
            marks.push(above || folds || self.places.names.contains_key(&EntryId { volume, index }));
        }
        marks
    }

    /// The directories that other file systems are mounted on.
    fn find_beneath(&mut self) {
        let Some(machine) = self.machine() else { return };
        let mut beneath = Vec::new();
        for (volume, mounted) in self.volumes.iter().enumerate().filter(|(_, mounted)| mounted.is_reachable())
        {
            let Some(place) = mounted.mount.as_deref().filter(|place| !place.is_empty()) else { continue };
            let Some(at) = memchr::memrchr(b'/', place) else { continue };
            let (above, name) =
                (place.get(..at).unwrap_or_default(), place.get(at + 1..).unwrap_or_default());
            let above = if above.is_empty() { b"/" } else { above };
            let child = machine.find(above).and_then(|dir| {
                let index = self.volumes.get(dir.volume as usize)?.walk.child(dir.index, name)?;
                Some(EntryId { index, ..dir })
            });
            beneath.extend(child.map(|child| (volume, child)));
        }
        for (volume, child) in beneath {
            if let Some(slot) = self.places.beneath.get_mut(volume) {
                *slot = Some(child);
            }
        }
    }

    /// The names that roots and mounts give.
    fn names_of_systems(&self, names: &mut Names) {
        let physical =
            (0_u32..).zip(&self.volumes).find(|(_, mounted)| mounted.mount.as_deref() == Some(b""));
        let physical = physical.map(|(volume, _)| EntryId { volume, index: 0 });
        for (number, system) in self.systems.iter().enumerate() {
            if Some(system.root) != physical && system.kind != SystemKind::Mounted {
                names.add(system.root, Place { system: number, path: Vec::new() });
            }
            let of_machine =
                |place: &Vec<u8>| self.systems.first().and_then(|machine| machine.mounts.get(place));
            for (place, layers) in &system.mounts {
                if system.kind == SystemKind::Mounted && of_machine(place) == Some(layers) {
                    continue;
                }
                let layers = layers.iter().filter(|&id| Some(*id) != physical && self.path(*id) != *place);
                for &layer in layers {
                    names.add(layer, Place { system: number, path: place.clone() });
                }
            }
        }
    }

    /// Links to directories, outside of what packages fill with them.
    fn directory_links(&self) -> Vec<(EntryId, EntryId)> {
        let mut found = Vec::new();
        for id in self.ids() {
            let Some((mounted, walked)) = self.get(id) else { continue };
            if walked.target.is_none() || mounted.is_raw() {
                continue;
            }
            let mut names = self.gathered(id);
            if mounted.is_placed() {
                names.push(Place { system: 0, path: self.path(id) });
            }
            for name in names.iter().filter(|name| leads_to_places(&name.path)) {
                let target = self.view(name.system).and_then(|view| view.find(&name.path));
                if let Some(target) =
                    target.filter(|&target| self.is_directory(target) && !self.holds(target, id))
                {
                    found.push((id, target));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn names_by_link(&self, link: EntryId, target: EntryId, names: &mut Names) -> bool {
        let mut of_link = self.gathered(link);
        if self.get(link).is_some_and(|(mounted, _)| mounted.is_placed()) {
            of_link.push(Place { system: 0, path: self.path(link) });
        }
        let fitting = of_link.into_iter().filter(|place| {
            leads_to_places(&place.path)
                && self.view(place.system).and_then(|view| view.find(&place.path)) == Some(target)
        });
        let mut is_new = false;
        for place in fitting {
            is_new |= names.add(target, place);
        }
        is_new
    }

    /// Whether `id` lies in the directory `above`: a link to what it is in would have no end.
    fn holds(&self, above: EntryId, id: EntryId) -> bool {
        let mut at = id;
        while let Some((_, walked)) = self.get(at) {
            if at == above {
                return true;
            }
            if walked.parent == at.index {
                break;
            }
            at = EntryId { index: walked.parent, ..at };
        }
        false
    }

    /// The kind of a system, by its number.
    pub fn kind_of(&self, system: usize) -> Option<SystemKind> {
        self.systems.get(system).map(|system| system.kind)
    }
}

/// Whether links of this path are asked where they lead.
fn leads_to_places(path: &[u8]) -> bool {
    let is_within = |places: &[&[u8]]| places.iter().any(|place| path.starts_with(place));
    !MERGED.contains(&path) && (!is_within(&ELSEWHERE) || is_within(&WITHIN))
}

fn joined(base: &[u8], tail: &[Vec<u8>]) -> Vec<u8> {
    let mut path = base.to_vec();
    for part in tail.iter().rev() {
        path.push(b'/');
        path.extend_from_slice(part);
    }
    if path.is_empty() {
        path.push(b'/');
    }
    path
}

#[derive(Default)]
struct Names {
    by_entry: HashMap<EntryId, Vec<Place>>,
    left: usize,
    has_more: bool,
}

impl Names {
    /// Adds a name, and says whether it is new.
    fn add(&mut self, id: EntryId, place: Place) -> bool {
        let known = self.by_entry.entry(id).or_default();
        if known.contains(&place) || place.path.len() > PATH {
            return false;
        }
        if known.len() >= NAMES || self.left == 0 {
            self.has_more = true;
            return false;
        }
        self.left = self.left.saturating_sub(1);
        known.push(place);
        true
    }
}

fn is_marked(named: &[Option<Vec<bool>>], id: EntryId) -> bool {
    named.get(id.volume as usize).and_then(Option::as_ref).and_then(|marks| marks.get(id.index as usize))
        == Some(&true)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fs::memory::Memory;

    fn names(memory: Memory, path: &str) -> Vec<String> {
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let id = tree.ids().find(|&id| tree.path(id) == path.as_bytes()).unwrap();
        tree.places(id).into_iter().map(|place| String::from_utf8(place.path).unwrap()).collect()
    }

    #[test]
    fn links_of_links_give_all_names_by_which_a_file_is_reached() {
        let memory = Memory::new()
            .link("/etc", "opt/e")
            .link("/opt/e/cron.d", "/srv/c")
            .file("/srv/c/job", "x")
            .file("/opt/e/passwd", "x")
            .link("/srv/c/self", ".");
        assert_eq!(names(memory, "/srv/c/job"), ["/etc/cron.d/job", "/opt/e/cron.d/job"]);
    }

    #[test]
    fn a_merged_usr_gives_no_names_and_documentation_neither() {
        let memory = Memory::new()
            .file("/usr/bin/x", "")
            .link("/bin", "usr/bin")
            .link("/usr/share/doc/a", "../../bin");
        assert!(names(memory, "/usr/bin/x").is_empty());
    }

    #[test]
    fn names_of_one_directory_are_limited_and_that_is_said() {
        let mut memory = Memory::new().file("/srv/x/a", "");
        for number in 0..40 {
            memory = memory.link(&format!("/etc/{number}"), "/srv/x");
        }
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let id = tree.find(b"/srv/x/a").unwrap();
        assert_eq!(tree.places(id).len(), NAMES);
        assert_eq!(tree.place_gaps().len(), 1);
    }
}
