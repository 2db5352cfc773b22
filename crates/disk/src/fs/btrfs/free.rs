//! Free space: what no extent of the extent tree claims, on the one device there is.

use std::ops::ControlFlow;

use super::Btrfs;
use super::block::Pointer;
use super::chunk::Chunk;
use super::key::{Key, kind};
use super::superblock;
use super::tree::{self, From};
use super::volume::{Device, Volume};
use crate::bytes::{Record, Span};
use crate::fs::FsError;

/// The flag of block groups that hold content of files.
const DATA: u64 = 1;

/// The flag of an extent that is a block of a tree.
const TREE_BLOCK: u64 = 2;

/// Bytes of all devices, copies included.
#[derive(Clone, Copy)]
pub(super) struct Used {
    /// In use.
    pub(super) all: u64,
    /// In use by block groups that hold content of files.
    pub(super) data: u64,
}

/// Bytes in use on all devices: of every block group, as often as it has copies.
///
/// # Errors
/// [`FsError`], where a block group cannot be found.
pub(super) fn used_bytes(volume: &Volume, groups: Option<&Pointer>) -> Result<Used, FsError> {
    let root = groups.ok_or_else(|| FsError::corrupt("tree of block groups", 0, "is missing"))?;
    let mut used = Used { all: 0, data: 0 };
    for chunk in volume.chunks.all() {
        let range = Key::all(chunk.logical, kind::BLOCK_GROUP);
        tree::scan(volume, root, range, From::Key, &mut |item| {
            let record = Record::new("block group", item.data);
            let bytes = chunk.raw(record.u64_le(0)?);
            used.all = used.all.saturating_add(bytes);
            if record.u64_le(16)? & DATA != 0 {
                used.data = used.data.saturating_add(bytes);
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    let size = volume.superblock.device.total_bytes;
    let copies = superblock::PLACES.iter().filter(|&&place| place < size).count() as u64;
    used.all = used.all.saturating_add(copies.saturating_mul(superblock::SIZE as u64));
    Ok(used)
}

/// Hands each run of free bytes of the device to `visit`, in order.
///
/// # Errors
/// [`FsError::Unsupported`] for several devices: a span says nothing of which; and the first damage of
/// the extent tree, after what is free according to the rest was handed on.
pub(super) fn unallocated(fs: &Btrfs, visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
    let volume = &fs.volume;
    if volume.superblock.device_count != 1 {
        let count = volume.superblock.device_count;
        return Err(FsError::Unsupported(format!("free space of a file system on {count} devices")));
    }
    let root = fs.extents.as_ref().ok_or_else(|| FsError::corrupt("extent tree", 0, "is missing"))?;
    let mut used: Vec<Span> =
        superblock::PLACES.iter().map(|&at| Span::new(at, superblock::SIZE as u64)).collect();
    for &(logical, len) in &fs.logged {
        claim(volume, logical, len, &mut used)?;
    }
    let mut damage = None;
    for chunk in volume.chunks.all() {
        let last = chunk.logical.saturating_add(chunk.len).saturating_sub(1);
        let range = (Key::new(chunk.logical, 0, 0), Key::new(last, u8::MAX, u64::MAX));
        let result = tree::scan(volume, root, range, From::Key, &mut |item| {
            let len = match item.key.kind {
                kind::EXTENT => item.key.offset,
                kind::METADATA => volume.superblock.node_size.into(),
                _ => return Ok(ControlFlow::Continue(())),
            };
            claim(volume, item.key.object, len, &mut used)?;
            Ok(ControlFlow::Continue(()))
        });
        damage = damage.or(result.err());
    }
    used.sort_unstable();
    let device = volume.devices.first().map_or(0, |device| device.source.len());
    let size = volume.superblock.device.total_bytes.min(device);
    gaps(&used, size, visit);
    damage.map_or(Ok(()), Err)
}

/// Where blocks of trees and superblocks lie, on every device and in every copy; what a damaged extent tree does not name
/// is said where it is read.
pub(super) fn structures(fs: &Btrfs) -> Vec<(usize, Span)> {
    let volume = &fs.volume;
    let mut found = Vec::new();
    for (index, device) in volume.devices.iter().enumerate() {
        let places = superblock::PLACES.iter().filter(|&&at| at < device.source.len());
        found.extend(places.map(|&at| (index, Span::new(at, superblock::SIZE as u64))));
    }
    let Some(root) = &fs.extents else { return found };
    let size = u64::from(volume.superblock.node_size);
    for chunk in volume.chunks.all() {
        let last = chunk.logical.saturating_add(chunk.len).saturating_sub(1);
        let range = (Key::new(chunk.logical, 0, 0), Key::new(last, u8::MAX, u64::MAX));
        let _damage = tree::scan(volume, root, range, From::Key, &mut |item| {
            let is_block = item.key.kind == kind::METADATA
                || item.key.kind == kind::EXTENT
                    && Record::new("extent", item.data).u64_le(16).is_ok_and(|flags| flags & TREE_BLOCK != 0);
            if is_block {
                add_block(volume, chunk, item.key.object, size, &mut found);
            }
            Ok(ControlFlow::Continue(()))
        });
    }
    found
}

fn add_block(volume: &Volume, chunk: &Chunk, logical: u64, size: u64, found: &mut Vec<(usize, Span)>) {
    for copy in 0..chunk.copies() {
        let (mut at, mut left) = (logical, size);
        while let Some(run) = chunk.run(at, copy).filter(|_| left > 0) {
            let known = |device: &Device| device.id == run.stripe.device && device.uuid == run.stripe.uuid;
            let part = run.len.min(left).max(1);
            if let Some(index) = volume.devices.iter().position(known) {
                found.push((index, Span::new(run.physical, part)));
            }
            at = at.saturating_add(part);
            left = left.saturating_sub(part);
        }
    }
}

/// Adds where `len` bytes at `logical` lie, in every copy.
fn claim(volume: &Volume, logical: u64, len: u64, used: &mut Vec<Span>) -> Result<(), FsError> {
    let chunk = volume.chunks.find(logical)?;
    for copy in 0..chunk.copies() {
        let (mut at, mut left) = (logical, len);
        while left > 0 {
            let Some(run) = chunk.run(at, copy) else {
                return Err(FsError::corrupt(
                    "extent",
                    logical,
                    format!("{len} bytes reach beyond their chunk"),
                ));
            };
            let part = run.len.min(left);
            push(used, Span::new(run.physical, part));
            at = at.saturating_add(part);
            left = left.saturating_sub(part);
        }
    }
    Ok(())
}

/// Adds a span, to the last one where it continues that.
fn push(used: &mut Vec<Span>, span: Span) {
    match used.last_mut() {
        Some(last) if last.end() == Some(span.offset) => last.len = last.len.saturating_add(span.len),
        _ => used.push(span),
    }
}

/// What lies between sorted spans, up to `size`.
fn gaps(used: &[Span], size: u64, visit: &mut dyn FnMut(Span) -> ControlFlow<()>) {
    let mut at = 0_u64;
    for span in used.iter().chain([&Span::new(size, 0)]) {
        let start = span.offset.min(size);
        if start > at && visit(Span::new(at, start.saturating_sub(at))).is_break() {
            return;
        }
        at = at.max(span.end().unwrap_or(u64::MAX));
    }
}

impl Chunk {
    /// How many bytes of the devices that many bytes of the chunk take.
    fn raw(&self, bytes: u64) -> u64 {
        let (stripes, data) = (self.stripes.len() as u64, self.data_stripes());
        bytes.saturating_mul(stripes) / data.max(1)
    }
}
