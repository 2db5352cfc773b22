//! Extensions of systemd (systemd-sysext(8), systemd-confext(8)): directories and images that are laid over /usr and
//! /opt, or over /etc.

use super::{Cover, CoverKind, Finder};
use crate::tree::{EntryId, SystemRoot, View};

/// Extensions that are looked at.
const MOST: usize = 256;
/// Paths.
type Paths = &'static [&'static [u8]];

/// Where they lie, and which of their directories are laid over the machine's.
const KINDS: [(Paths, Paths); 2] = [
    (
        &[
            b"/etc/extensions",
            b"/run/extensions",
            b"/var/lib/extensions",
            b"/usr/local/lib/extensions",
            b"/usr/lib/extensions",
        ],
        &[b"usr", b"opt"],
    ),
    (
        &[
            b"/etc/confexts",
            b"/run/confexts",
            b"/var/lib/confexts",
            b"/usr/local/lib/confexts",
            b"/usr/lib/confexts",
        ],
        &[b"etc"],
    ),
];

impl Finder<'_> {
    /// Lays all extensions over `system`, and says whether there is one.
    pub(super) fn extensions(&mut self, system: &mut SystemRoot) -> bool {
        let mut is_any = false;
        for (directories, tops) in KINDS {
            let roots = self.extension_roots(system, directories);
            for top in tops {
                let place = [b"/", *top].concat();
                let child = |root: EntryId| self.child_directory(root, top);
                let over: Vec<(Vec<u8>, EntryId)> =
                    roots.iter().filter_map(|(path, root)| Some((path.clone(), child(*root)?))).collect();
                if over.is_empty() {
                    continue;
                }
                let mut layers: Vec<EntryId> = over.iter().map(|(_, layer)| *layer).collect();
                let beneath = system.mounts.get(&place).cloned();
                let beneath = beneath.or_else(|| Some(vec![View::new(self.tree, system).find(&place)?]));
                layers.extend(beneath.unwrap_or_default());
                for (path, _) in over {
                    self.covers.push(Cover {
                        place: place.clone(),
                        kind: CoverKind::Extension,
                        source: path.clone(),
                        file: path,
                        line: None,
                        unit: None,
                    });
                }
                system.mounts.insert(place, layers);
                is_any = true;
            }
        }
        is_any
    }

    /// The extensions of some directories, each with its root.
    fn extension_roots(&self, system: &SystemRoot, directories: &[&[u8]]) -> Vec<(Vec<u8>, EntryId)> {
        let view = View::new(self.tree, system);
        let mut roots = Vec::new();
        for directory in directories {
            for (name, _) in view.list(directory).into_iter().take(MOST) {
                let path = [directory, b"/".as_slice(), &name].concat();
                let Some(id) = view.find(&path) else { continue };
                if self.tree.is_directory(id) {
                    roots.push((path, id));
                } else if let Some(inner) = self.roots_in(view, &path) {
                    roots.extend(inner.into_iter().map(|root| (path.clone(), root)));
                }
            }
        }
        roots
    }

    fn child_directory(&self, root: EntryId, name: &[u8]) -> Option<EntryId> {
        let index = self.tree.volumes.get(root.volume as usize)?.walk.child(root.index, name)?;
        let id = EntryId { index, ..root };
        self.tree.is_directory(id).then_some(id)
    }
}
