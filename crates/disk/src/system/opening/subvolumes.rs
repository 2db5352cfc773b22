//! The walks of a file system, one for each of its subvolumes, and what is to say of their places.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::place_name;
use crate::budget::Budget;
use crate::fs::FileSystem;
use crate::text::Escaped;
use crate::tree::walk::{entry_limit, walk, walk_from};
use crate::tree::{Mounted, Placement, Tree};

/// Subvolumes of a file system whose places a note tells.
const SUBVOLUMES_SHOWN: usize = 20;

/// The entries of a file system; where it has subvolumes, of each of them, without a place yet. All of
/// them share the limit of entries.
pub(super) fn walks(fs: &Arc<dyn FileSystem>, budget: &Budget) -> Vec<Mounted> {
    let mounted = |walk, subvolume| Mounted {
        fs: Arc::clone(fs),
        walk,
        partition: None,
        name: String::new(),
        mount: None,
        mount_source: None,
        placement: Placement::Disk,
        subvolume,
        file_system: 0,
    };
    let subvolumes = fs.subvolumes();
    if subvolumes.is_empty() {
        return vec![mounted(walk(&**fs, budget), None)];
    }
    let roots = subvolumes.iter().map(|subvolume| subvolume.root).collect();
    // Snapshots share what is in them: all count into what their file system may have.
    let mut budget = Budget { entry_bytes: entry_limit(&**fs, budget), ..*budget };
    let mut found = Vec::new();
    for subvolume in subvolumes {
        let walk = walk_from(&**fs, subvolume.root, &roots, &budget);
        budget.entries = budget.entries.saturating_sub(walk.entries.len() as u64);
        budget.entry_bytes = budget.entry_bytes.saturating_sub(walk.bytes);
        found.push(mounted(walk, Some(subvolume)));
    }
    found
}

/// Where the subvolumes of each file system are, in one sentence.
pub(super) fn notes(tree: &Tree) -> Vec<(String, String)> {
    let mut notes: BTreeMap<u32, (String, Vec<String>)> = BTreeMap::new();
    let all = tree.volumes().iter();
    for (mounted, subvolume) in all.filter_map(|mounted| Some((mounted, mounted.subvolume.as_ref()?))) {
        let shown = |path: &[u8]| Escaped(if path.is_empty() { b"/" } else { path }).to_string();
        let place = match &mounted.mount {
            Some(mount) => format!("at {}", shown(mount)),
            None => "not mounted".to_owned(),
        };
        let text = format!("{} ({}) {place}", shown(&subvolume.path), subvolume.id);
        let name = || place_name(mounted.partition, &mounted.name);
        notes.entry(mounted.file_system).or_insert_with(|| (name(), Vec::new())).1.push(text);
    }
    let sentence = |(name, places): (String, Vec<String>)| {
        let more = places.len().saturating_sub(SUBVOLUMES_SHOWN);
        let mut text =
            format!("subvolumes: {}", places.get(..SUBVOLUMES_SHOWN).unwrap_or(&places).join(", "));
        if more > 0 {
            text.push_str(&format!(", and {more} more"));
        }
        (name, text)
    };
    notes.into_values().filter(|(_, places)| places.len() > 1).map(sentence).collect()
}
