//! Reads everything that a file system, or another source of bytes, has to offer, within limits.

use std::ops::ControlFlow;
use std::sync::Arc;

use assay_disk::budget::Budget;
use assay_disk::bytes::{Source, Span, read_vec};
use assay_disk::fs::remains::{Content, Remain, Version};
use assay_disk::fs::{Driver, FileSystem, Node, NodeId};
use assay_disk::tree::walk::walk;

use crate::disk_budget;

/// Bytes that are read of all files.
const FILES: u64 = 1 << 20;

/// Opens `source` with `driver`, walks it, and reads a bounded part of everything.
pub fn exhaust(driver: &Driver, source: Arc<dyn Source>) {
    let budget = disk_budget();
    if !(driver.probe)(&*source) {
        return;
    }
    let Ok(fs) = (driver.open)(source, &budget) else { return };
    everything(&*fs, &budget);
}

/// Asks a file system everything.
pub fn everything(fs: &dyn FileSystem, budget: &Budget) {
    let (mut free, mut spans) = (0_u64, Vec::new());
    let _ = fs.unallocated(&mut |span| {
        free = free.saturating_add(span.len);
        spans.push(span);
        if free > 1 << 40 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    remains(fs, spans);
    let entries = walk(fs, budget).entries;
    let mut left = FILES / 2;
    for entry in &entries {
        node(fs, entry.node, &mut left);
    }
    let mut unnamed: Vec<NodeId> = Vec::new();
    let _ = fs.unnamed(&|id| entries.iter().any(|entry| entry.node == id), &mut |id| {
        if unnamed.len() < 64 {
            unnamed.push(id);
        }
    });
    let more = fs.subvolumes().into_iter().take(16).map(|subvolume| subvolume.root);
    for id in unnamed.into_iter().chain(more) {
        node(fs, id, &mut left);
        let _ = fs.read_dir(id, &mut |_, _, _| ControlFlow::Continue(()));
    }
    let _ = (fs.notes(), fs.identity(), fs.usage(), fs.inode_number(fs.root()));
    if let Some(source) = fs.source() {
        bytes(&*source);
    }
}

/// Asks what is left of deleted files, and holds it to what is said of its parts.
fn remains(fs: &dyn FileSystem, mut free: Vec<Span>) {
    free.sort();
    let mut taken = 0;
    let _ = fs.remains(&free, &mut |remain| {
        taken += 1;
        if let Remain::Version(Version { content: Content::Extents(extents), metadata, .. }) = remain {
            let mut end = 0;
            for extent in extents {
                assert!(extent.start == end && extent.len > 0, "{extent:?} is not at {end}");
                end = extent.start.saturating_add(extent.len);
            }
            assert!(end <= metadata.size, "{end} bytes of {}", metadata.size);
        }
        if taken > 1 << 16 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
}

fn node(fs: &dyn FileSystem, id: NodeId, left: &mut u64) {
    let Ok(mut node) = fs.node(id) else { return };
    let _ = (node.first_place(), node.extents().map(<[_]>::len), node.read_link(), node.xattrs());
    content(&mut *node, left);
    let _ = node.damage();
}

/// The first bytes of each part, and the last ones.
fn content(node: &mut dyn Node, left: &mut u64) {
    let size = node.metadata().size;
    let mut buffer = vec![0; 1 << 14];
    let mut at = 0;
    while let Ok(read @ 1..) = node.read_at(at, &mut buffer) {
        assert!(read <= buffer.len(), "more was read than there is room for");
        at += read as u64;
        *left = left.saturating_sub(read as u64);
        if at >= 1 << 17 || *left == 0 {
            break;
        }
    }
    let starts: Vec<u64> =
        node.extents().unwrap_or_default().iter().map(|extent| extent.start).take(16).collect();
    for start in starts.into_iter().chain([size.saturating_sub(3), size, u64::MAX - 5]) {
        let _ = node.read_at(start, &mut buffer[..100]);
    }
}

/// Reads the ends of a source and parts of its middle, and asks where its data lies.
pub fn bytes(source: &dyn Source) {
    let len = source.len();
    for at in [0, 511, 65_530, len / 2, len.saturating_sub(4096)] {
        let _ = read_vec(source, at, 4096);
    }
    let mut at = 0;
    for _ in 0..48 {
        let Ok(Some(data)) = source.next_data(at) else { break };
        assert!(data.offset >= at && data.len > 0, "{data:?} is no data at or after {at}");
        let _ = read_vec(source, data.offset, data.len.min(8192) as usize);
        at = data.offset.saturating_add(data.len);
    }
}
