//! Writes what is left of deleted files of a bare file system into a folder: `undelete IMAGE OUT`. One line for each: grade,
//! bytes, inode, path.

use std::collections::HashMap;
use std::io::{Write, stdout};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use assay_disk::budget::Budget;
use assay_disk::bytes::Source;
use assay_disk::fs::{self, FileType, recovered};
use assay_disk::text::Escaped;
use assay_disk::tree::walk;
use assay_disk::{image, remains};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(path), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: undelete IMAGE OUT".into());
    };
    let budget = Budget::default();
    let image = image::open(&path, &image::Options::default(), &budget, &|_| ())?;
    let source: Arc<dyn Source> = Arc::clone(&image.source);
    let driver = *fs::drivers_of(&*source).first().ok_or("no file system that is known")?;
    let fs = (driver.open)(Arc::clone(&source), &budget)?;
    let mut free = Vec::new();
    fs.unallocated(&mut |span| {
        free.push(span);
        ControlFlow::Continue(())
    })?;
    let walk = walk::walk(&*fs, &budget);
    let mut directories = HashMap::new();
    for (index, entry) in (0_u32..).zip(&walk.entries) {
        if entry.metadata.file_type == FileType::Directory {
            let mut path = Vec::new();
            walk.push_path(index, &mut path);
            directories.insert(entry.node.0, path);
        }
    }
    let found = remains::find(&*fs, &free, &|number| directories.get(&number).cloned(), &budget);
    for problem in &found.problems {
        writeln!(stdout(), "problem {problem}")?;
    }
    let source = fs.source().unwrap_or(source);
    let files = recovered::open(source, found.files);
    let walk = walk::walk(&*files, &budget);
    for (index, entry) in (0_u32..).zip(&walk.entries) {
        let Some(recovery) = files.recovery(entry.node) else { continue };
        let mut path = Vec::new();
        walk.push_path(index, &mut path);
        let (grade, size) = (recovery.grade.name(), entry.metadata.size);
        writeln!(stdout(), "{grade}\t{size}\t{}\t{index}\t{}", recovery.inode, Escaped(&path))?;
        let mut node = files.node(entry.node)?;
        let mut file = std::fs::File::create(out.join(index.to_string()))?;
        let (mut buffer, mut offset) = (vec![0; 1 << 20], 0);
        loop {
            let read = node.read_at(offset, &mut buffer)?;
            file.write_all(buffer.get(..read).unwrap_or_default())?;
            offset += read as u64;
            if read == 0 {
                break;
            }
        }
    }
    Ok(())
}
