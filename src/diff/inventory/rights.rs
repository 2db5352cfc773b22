//! Programs that run with more rights than who starts them: setuid, setgid, capabilities.

use super::{Field, Items};
use crate::detect::privileges::Capabilities;
use assay_disk::fs::FileType;
use assay_disk::text::Escaped;
use assay_disk::tree::Tree;

/// Every such file, by its path.
pub(super) fn of(tree: &Tree) -> Items {
    let mut items = Items::new();
    for id in tree.present() {
        let Some((mounted, walked)) = tree.get(id) else { continue };
        let metadata = &walked.metadata;
        let mode = metadata.mode;
        if metadata.file_type != FileType::Regular || mode & 0o111 == 0 || mounted.is_raw() {
            continue;
        }
        // What the inode cannot tell is a gap of the audit, which opens it, too.
        let capabilities = tree.open(id).ok().and_then(|mut node| Capabilities::of(&mut *node));
        if mode & 0o4000 == 0 && mode & 0o2010 != 0o2010 && capabilities.is_none() {
            continue;
        }
        let mut fields = vec![
            Field::of("mode", format!("{mode:04o}").as_bytes()),
            Field::of("owner", format!("{}:{}", metadata.uid, metadata.gid).as_bytes()),
        ];
        if let Some(capabilities) = capabilities {
            fields.push(Field::of("capabilities", capabilities.to_string().as_bytes()));
        }
        let path = tree.path(id);
        let name = match mounted.mount {
            Some(_) => path,
            None => format!("{}: {}", Escaped(mounted.name.as_bytes()), Escaped(&path)).into_bytes(),
        };
        items.insert(name, fields);
    }
    items
}
