//! Reads a file as the pass does, for tests.

use super::{Place, READERS, Wish};
use crate::packages::component::Component;
use assay_disk::fs::FileType;

/// What all readers say of a file: its components, and the first problem.
pub(super) fn read(path: &str, content: impl AsRef<[u8]>) -> (Vec<Component>, Option<&'static str>) {
    read_as(path, FileType::Regular, content.as_ref())
}

/// The same of an entry of another kind.
pub(super) fn read_as(path: &str, kind: FileType, content: &[u8]) -> (Vec<Component>, Option<&'static str>) {
    let place = Place::new(path.as_bytes(), kind);
    let (mut found, mut problem) = (Vec::new(), None);
    for reader in READERS.iter().filter(|reader| (reader.wants)(&place) != Wish::Nothing) {
        let read = (reader.read)(&place, content, &mut |mut component| {
            component.location.path = path.as_bytes().to_vec();
            found.push(component);
        });
        problem = problem.or(read.err());
    }
    (found, problem)
}

/// The full names and versions of what is found, `?` for a version that nothing says.
pub(super) fn names(path: &str, content: impl AsRef<[u8]>) -> Vec<String> {
    listed(&read(path, content).0)
}

/// The same of components.
pub(super) fn listed(components: &[Component]) -> Vec<String> {
    let one = |component: &Component| {
        format!("{} {}", component.full_name(), component.version.as_deref().unwrap_or("?"))
    };
    components.iter().map(one).collect()
}
