//! Lists what a file system still holds of files that are no more, one find in a line:
//! `cargo run -p assay-disk --example remains IMAGE`, an image of a file system without partitions.

use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use assay_disk::budget::Budget;
use assay_disk::bytes::Span;
use assay_disk::fs::remains::{Content, Name, Remain, Version};
use assay_disk::fs::{FileSystem, drivers_of};
use assay_disk::image;
use assay_disk::text::Escaped;

fn main() -> Result<(), Box<dyn Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("which image?")?);
    let budget = Budget::default();
    let image = image::open(&path, &image::Options::default(), &budget, &|_| {})?;
    let driver = *drivers_of(&*image.source).first().ok_or("no file system that is known")?;
    let fs = (driver.open)(image.source, &budget)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if let Err(error) = list(&*fs, &mut out)? {
        writeln!(out, "not read\t{error}")?;
    }
    Ok(out.flush()?)
}

/// Writes every find; the inner result is that of the file system.
fn list(fs: &dyn FileSystem, out: &mut dyn Write) -> io::Result<Result<(), assay_disk::fs::FsError>> {
    let mut free = Vec::new();
    let _ = fs.unallocated(&mut |span| {
        free.push(span);
        ControlFlow::Continue(())
    });
    let mut written = Ok(());
    let found = fs.remains(&free, &mut |remain| {
        written = line(&remain, out);
        if written.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    written.map(|()| found)
}

fn line(remain: &Remain, out: &mut dyn Write) -> io::Result<()> {
    match remain {
        Remain::Version(version) => self::version(version, out),
        Remain::Name(name) => self::name(name, out),
        Remain::Used { span: Span { offset, len }, order } => writeln!(out, "used\t{offset}\t{len}\t{order}"),
        Remain::KnownSince(order) => writeln!(out, "known since\t{order}"),
    }
}

fn version(version: &Version, out: &mut dyn Write) -> io::Result<()> {
    let Version { life, order, metadata, content, proof, fate, found_at } = version;
    let (number, generation) = (life.number, life.generation);
    let (kind, size) = (metadata.file_type, metadata.size);
    write!(
        out,
        "version\t{number}\t{generation}\t{order}\t{proof:?}\t{fate:?}\t{kind:?}\t{size}\t{found_at}\t"
    )?;
    match content {
        Content::Lost => writeln!(out, "lost"),
        Content::Bytes(bytes) => writeln!(out, "bytes {}", Escaped(bytes)),
        Content::Decoded { source, .. } => writeln!(out, "decoded {}", source.len()),
        Content::Extents(extents) => {
            write!(out, "extents")?;
            for extent in extents {
                write!(out, " {}+{}:{:?}", extent.start, extent.len, extent.place)?;
            }
            writeln!(out)
        }
    }
}

fn name(name: &Name, out: &mut dyn Write) -> io::Result<()> {
    let generation = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let (dir, child) = (generation(name.dir_generation), generation(name.child_generation));
    let (order, proof, escaped) = (name.order, name.proof, Escaped(&name.name));
    writeln!(out, "name\t{}\t{dir}\t{}\t{child}\t{order}\t{proof:?}\t{escaped}", name.dir, name.child)
}
