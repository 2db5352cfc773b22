//! What is linked into Go programs of the image, read when an advisory asks.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::packages::Inventory;
use crate::packages::programs::go::symbols;
use crate::vulnerabilities::Linked;
use assay_disk::tree::Tree;

/// Programs whose names are kept at once: advisories come package by package, and ask for the same ones again.
const KEPT: usize = 8;

/// The names of a program's functions.
type Names = Option<Rc<Vec<u8>>>;

/// The Go programs of an image.
pub(super) struct GoPrograms<'a> {
    tree: &'a Tree,
    inventory: &'a Inventory,
    /// The names of a program's functions, by its path; `None` where they cannot be read.
    names: RefCell<BTreeMap<Vec<u8>, Names>>,
}

impl<'a> GoPrograms<'a> {
    pub(super) fn new(tree: &'a Tree, inventory: &'a Inventory) -> Self {
        Self { tree, inventory, names: RefCell::default() }
    }

    fn names(&self, path: &[u8]) -> Names {
        let mut kept = self.names.borrow_mut();
        if let Some(names) = kept.get(path) {
            return names.clone();
        }
        if kept.len() >= KEPT {
            kept.clear();
        }
        let names = self.read(path).map(Rc::new);
        kept.insert(path.to_vec(), names.clone());
        names
    }

    /// Of a file; what lies in an archive is not unpacked again.
    fn read(&self, path: &[u8]) -> Option<Vec<u8>> {
        let mut node = self.tree.open(self.tree.find(path)?).ok()?;
        symbols::names(&mut |at, len| {
            let mut bytes = vec![0; len];
            let mut filled = 0;
            while filled < len {
                let offset = at.checked_add(filled as u64)?;
                match node.read_at(offset, bytes.get_mut(filled..)?).ok()? {
                    0 => break,
                    read => filled = filled.saturating_add(read),
                }
            }
            bytes.truncate(filled);
            Some(bytes)
        })
    }
}

impl Linked for GoPrograms<'_> {
    fn has_symbol(&self, component: usize, path: &str, symbol: &str) -> Option<bool> {
        let component = self.inventory.components.get(component)?;
        let names = self.names(&component.location.path)?;
        Some(symbols::is_linked(&names, path, symbol))
    }
}
