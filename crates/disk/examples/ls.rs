//! Lists the files of a disk image, and says what could not be opened: `cargo run -p assay-disk --example ls IMAGE`.

use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use assay_disk::budget::Budget;
use assay_disk::system::{System, Target};
use assay_disk::text::Escaped;

fn main() -> Result<(), Box<dyn Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("which image?")?);
    let target = if path.is_dir() { Target::Rootfs(path) } else { Target::Image(path) };
    let system = System::open(&target, &Budget::default())?;
    let mut out = BufWriter::new(io::stdout().lock());
    for id in system.tree.ids() {
        let Some((_, entry)) = system.tree.get(id) else { continue };
        let metadata = &entry.metadata;
        let path = system.tree.path(id);
        writeln!(out, "{:06o} {:>5} {:>12} {}", metadata.mode, metadata.uid, metadata.size, Escaped(&path))?;
    }
    for gap in &system.gaps {
        writeln!(out, "not read: {}: {}", Escaped(&gap.location.path), gap.reason)?;
    }
    Ok(out.flush()?)
}
