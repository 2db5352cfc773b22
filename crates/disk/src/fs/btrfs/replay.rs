//! Replaying the log of one subvolume: inodes, names, attributes and extents, in the order of Linux.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::entry::{self, entries};
use super::inode::{Inode, LINKS_AT, NameRef, SIZE_AT, names, names_item};
use super::key::{Key, kind};
use super::log::Log;
use super::mapping::{Content, FileExtent};
use super::subvolume::Subvolume;
use super::tree::Item;
use super::volume::Volume;
use crate::bytes::Record;
use crate::fs::{FileType, FsError};

/// Places of fields in a file extent, in bytes.
const SKIP_AT: usize = 37;
const LEN_AT: usize = 45;

/// A directory by its names: place and target of each.
type Names = BTreeMap<Vec<u8>, (u64, Key)>;

/// The replay of one log.
pub(super) struct Replay<'a> {
    volume: &'a Volume,
    subvolume: &'a mut Subvolume,
    log: &'a Log,
    directories: BTreeMap<u64, Names>,
    /// Inodes whose names changed: their number of links is counted again.
    renamed: BTreeSet<u64>,
    damage: Option<FsError>,
}

impl<'a> Replay<'a> {
    pub(super) fn new(volume: &'a Volume, subvolume: &'a mut Subvolume, log: &'a Log) -> Self {
        let (directories, renamed) = (BTreeMap::new(), BTreeSet::new());
        Self { volume, subvolume, log, directories, renamed, damage: None }
    }

    /// Replays everything that can be.
    ///
    /// # Errors
    /// The first [`FsError`] met.
    pub(super) fn run(mut self) -> Result<(), FsError> {
        let log = self.log;
        let dead: BTreeSet<u64> = log
            .iter()
            .filter(|(key, (item, _))| {
                // Without a name when it was logged: it was gone at the crash, or never had one.
                key.kind == kind::INODE && Record::new("inode item", item).u32_le(LINKS_AT) == Ok(0)
            })
            .map(|(key, _)| key.object)
            .collect();
        let alive = || log.iter().filter(|(key, _)| !dead.contains(&key.object));
        for (key, (item, logical)) in alive().filter(|(key, _)| key.kind == kind::INODE) {
            let result = self.inode(*key, item, *logical);
            self.keep(result);
        }
        for (key, (item, _)) in alive().filter(|(key, _)| key.kind == kind::DIR_INDEX) {
            let result = self.directory_entry(*key, item);
            self.keep(result);
        }
        for (key, (item, logical)) in alive() {
            let result = match key.kind {
                kind::XATTR => {
                    self.put(*key, item.clone(), *logical);
                    Ok(())
                }
                kind::INODE_REF | kind::INODE_EXTREF => self.names(*key, item),
                kind::EXTENT_DATA => self.extent(*key, item, *logical),
                _ => Ok(()),
            };
            self.keep(result);
        }
        for number in std::mem::take(&mut self.renamed) {
            let result = self.count_links(number);
            self.keep(result);
        }
        self.damage.map_or(Ok(()), Err)
    }

    fn keep(&mut self, result: Result<(), FsError>) {
        if let Err(error) = result {
            self.damage.get_or_insert(error);
        }
    }

    fn put(&mut self, key: Key, item: Vec<u8>, logical: u64) {
        self.subvolume.changes.insert(key, Some((item, logical)));
    }

    fn remove(&mut self, key: Key) {
        self.subvolume.changes.insert(key, None);
    }

    fn found(&self, number: u64) -> Result<Option<Inode>, FsError> {
        Inode::find(self.volume, self.subvolume, number)
    }

    /// The subvolume's items of one kind, as they are now.
    fn items(&self, range: (Key, Key)) -> Result<Vec<(Key, Vec<u8>, u64)>, FsError> {
        let mut found = Vec::new();
        self.subvolume.scan(self.volume, range, &mut |item| {
            found.push((item.key, item.data.to_vec(), item.logical));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// An inode of the log: its attributes are all there, and of a directory all that was in the ranges
    /// it names; content behind its end goes.
    fn inode(&mut self, key: Key, item: &[u8], logical: u64) -> Result<(), FsError> {
        let number = key.object;
        let logged = Inode::parse(number, item)?;
        for (key, ..) in self.items(Key::all(number, kind::XATTR))? {
            if !self.log.contains_key(&key) {
                self.remove(key);
            }
        }
        let is_directory = logged.metadata.file_type == FileType::Directory;
        let before = self.subvolume.get(self.volume, key)?;
        if is_directory && before.is_some() {
            self.deleted_entries(number)?;
        }
        let mut item = item.to_vec();
        if let Some(mut before) = before {
            let size = Record::new("inode item", &before).u64_le(SIZE_AT)?;
            if logged.generation == 0 {
                // The log only says that it is there; and its size, if not 0.
                if logged.metadata.file_type == FileType::Regular && logged.metadata.size != 0 {
                    set(&mut before, SIZE_AT, logged.metadata.size);
                }
                item = before;
            } else if is_directory {
                set(&mut item, SIZE_AT, size);
            }
        }
        self.put(key, item, logical);
        self.renamed.insert(number);
        if logged.metadata.file_type == FileType::Regular
            && let Some(now) = self.found(number)?
        {
            let sector = u64::from(self.volume.superblock.sector_size);
            self.drop_extents(number, now.metadata.size.next_multiple_of(sector), u64::MAX)?;
        }
        Ok(())
    }

    /// Takes away the entries of a directory that lie in a range of the log, and are not in the log.
    fn deleted_entries(&mut self, directory: u64) -> Result<(), FsError> {
        let (first, last) = Key::all(directory, kind::DIR_LOG_INDEX);
        for (key, (item, _)) in self.log.range(first..=last) {
            let end = Record::new("range of a logged directory", item).u64_le(0)?;
            let range =
                (Key::new(directory, kind::DIR_INDEX, key.offset), Key::new(directory, kind::DIR_INDEX, end));
            if range.0 > range.1 {
                continue;
            }
            for (key, item, _) in self.items(range)? {
                for entry in entries(&item)? {
                    let logged = self.log.get(&key).map(|(item, _)| entries(item)).transpose()?;
                    let same = logged.is_some_and(|list| list.iter().any(|other| other.name == entry.name));
                    if !same {
                        self.unlink(directory, entry.name)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The names in a directory, as they are now.
    fn directory(&mut self, number: u64) -> Result<&mut Names, FsError> {
        if !self.directories.contains_key(&number) {
            let mut found = Names::new();
            for (key, item, _) in self.items(Key::all(number, kind::DIR_INDEX))? {
                for entry in entries(&item)? {
                    found.insert(entry.name.to_vec(), (key.offset, entry.target));
                }
            }
            self.directories.insert(number, found);
        }
        Ok(self.directories.entry(number).or_default())
    }

    /// Takes a name away: from the directory, and from the inode.
    fn unlink(&mut self, directory: u64, name: &[u8]) -> Result<(), FsError> {
        let Some((index, target)) = self.directory(directory)?.remove(name) else { return Ok(()) };
        self.subvolume.replayed.insert(directory);
        self.remove(Key::new(directory, kind::DIR_INDEX, index));
        if target.kind != kind::INODE {
            return Ok(());
        }
        self.renamed.insert(target.object);
        for (key, item) in self.name_items(target.object)? {
            let list = names(key, &item)?;
            let kept: Vec<&NameRef> =
                list.iter().filter(|known| known.parent != directory || known.name != name).collect();
            if kept.len() == list.len() {
                continue;
            }
            match key.kind {
                kind::INODE_REF if !kept.is_empty() => self.put(key, names_item(kept.into_iter()), 0),
                _ => self.remove(key),
            }
        }
        Ok(())
    }

    fn name_items(&self, number: u64) -> Result<Vec<(Key, Vec<u8>)>, FsError> {
        let range = (Key::new(number, kind::INODE_REF, 0), Key::new(number, kind::INODE_EXTREF, u64::MAX));
        Ok(self.items(range)?.into_iter().map(|(key, item, _)| (key, item)).collect())
    }

    /// Puts a name into a directory, in the place of what has that name or place.
    fn link(
        &mut self,
        directory: u64,
        index: u64,
        name: &[u8],
        target: Key,
        code: u8,
    ) -> Result<(), FsError> {
        self.unlink(directory, name)?;
        let place = Key::new(directory, kind::DIR_INDEX, index);
        let taken = self.subvolume.get(self.volume, place)?.unwrap_or_default();
        for other in entries(&taken)? {
            self.unlink(directory, other.name)?;
        }
        self.directory(directory)?.insert(name.to_vec(), (index, target));
        self.subvolume.replayed.insert(directory);
        self.put(place, entry::item(target, code, name), 0);
        self.renamed.insert(target.object);
        Ok(())
    }

    /// An entry of a logged directory.
    fn directory_entry(&mut self, key: Key, item: &[u8]) -> Result<(), FsError> {
        let directory = key.object;
        if self.found(directory)?.is_none() {
            return Ok(());
        }
        for entry in entries(item)? {
            let exists = match entry.target.kind {
                kind::INODE => self.found(entry.target.object)?.is_some(),
                // A subvolume: its own tree says whether it is there.
                _ => true,
            };
            let known = self.directory(directory)?.get(entry.name).copied();
            if !exists
                || known == Some((key.offset, entry.target))
                || self.is_named_later(directory, &entry)?
            {
                continue;
            }
            let code = entry.file_type.map_or(0, entry::type_code);
            self.link(directory, key.offset, entry.name, entry.target, code)?;
            if entry.target.kind == kind::INODE {
                self.add_name(entry.target.object, directory, key.offset, entry.name)?;
            }
        }
        Ok(())
    }

    /// Whether the log also has the name as one of the inode's: then that decides.
    fn is_named_later(&self, directory: u64, entry: &entry::Entry<'_>) -> Result<bool, FsError> {
        let number = entry.target.object;
        let range = Key::new(number, kind::INODE_REF, 0)..=Key::new(number, kind::INODE_EXTREF, u64::MAX);
        for (key, (item, _)) in self.log.range(range) {
            let list = names(*key, item)?;
            if list.iter().any(|known| known.parent == directory && known.name == entry.name) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn add_name(&mut self, number: u64, parent: u64, index: u64, name: &[u8]) -> Result<(), FsError> {
        let key = Key::new(number, kind::INODE_REF, parent);
        let item = self.subvolume.get(self.volume, key)?.unwrap_or_default();
        let mut list = names(key, &item)?;
        list.push(NameRef { parent, index, name: name.to_vec() });
        self.put(key, names_item(list.iter()), 0);
        Ok(())
    }

    /// Names of an inode in the log: they are all that it has in this directory.
    fn names(&mut self, key: Key, item: &[u8]) -> Result<(), FsError> {
        let number = key.object;
        let Some(inode) = self.found(number)? else { return Ok(()) };
        let list = names(key, item)?;
        let before = self.subvolume.get(self.volume, key)?.unwrap_or_default();
        for old in names(key, &before)? {
            if !list.contains(&old) && self.points_to(&old, number)? {
                self.unlink(old.parent, &old.name)?;
            }
        }
        let target = Key::new(number, kind::INODE, 0);
        for name in &list {
            // The root directory is its own parent, and called "..".
            if name.parent == number || self.found(name.parent)?.is_none() {
                continue;
            }
            if self.directory(name.parent)?.get(&name.name) != Some(&(name.index, target)) {
                let code = entry::type_code(inode.metadata.file_type);
                self.link(name.parent, name.index, &name.name, target, code)?;
            }
        }
        self.put(key, item.to_vec(), 0);
        self.renamed.insert(number);
        Ok(())
    }

    fn points_to(&mut self, name: &NameRef, number: u64) -> Result<bool, FsError> {
        let target = self.directory(name.parent)?.get(&name.name).map(|(_, target)| target.object);
        Ok(target == Some(number))
    }

    /// An extent of the log, in the place of what was there.
    fn extent(&mut self, key: Key, item: &[u8], logical: u64) -> Result<(), FsError> {
        if self.found(key.object)?.is_none() {
            return Ok(());
        }
        let extent = FileExtent::parse(&Item { key, data: item, logical })?;
        let end = key.offset.saturating_add(self.covered(&extent));
        self.drop_extents(key.object, key.offset, end)?;
        self.put(key, item.to_vec(), logical);
        Ok(())
    }

    /// Bytes of the file in whose place an extent is: whole sectors.
    fn covered(&self, extent: &FileExtent) -> u64 {
        match extent.content {
            Content::Inline { .. } => extent.len.next_multiple_of(self.volume.superblock.sector_size.into()),
            _ => extent.len,
        }
    }

    /// Takes away what a file has from `from` to `to`, and keeps what extents have on either side.
    fn drop_extents(&mut self, number: u64, from: u64, to: u64) -> Result<(), FsError> {
        let last = to.saturating_sub(1);
        let range = (Key::new(number, kind::EXTENT_DATA, 0), Key::new(number, kind::EXTENT_DATA, last));
        for (key, item, logical) in self.items(range)? {
            let extent = FileExtent::parse(&Item { key, data: &item, logical })?;
            let end = key.offset.saturating_add(self.covered(&extent));
            if end <= from {
                continue;
            }
            let skip = Record::new("file extent", &item).u64_le(SKIP_AT).unwrap_or_default();
            if key.offset < from {
                let mut left = item.clone();
                set(&mut left, LEN_AT, from.saturating_sub(key.offset));
                self.put(key, left, logical);
            } else {
                self.remove(key);
            }
            if end > to {
                let mut right = item;
                set(&mut right, SKIP_AT, skip.saturating_add(to.saturating_sub(key.offset)));
                set(&mut right, LEN_AT, end.saturating_sub(to));
                self.put(Key::new(number, kind::EXTENT_DATA, to), right, logical);
            }
        }
        Ok(())
    }

    /// Sets the number of links of an inode to the number of its names.
    fn count_links(&mut self, number: u64) -> Result<(), FsError> {
        let key = Key::new(number, kind::INODE, 0);
        let Some(mut item) = self.subvolume.get(self.volume, key)? else { return Ok(()) };
        let is_directory = Inode::parse(number, &item)?.metadata.file_type == FileType::Directory;
        let mut count = 0;
        for (key, item) in self.name_items(number)? {
            count += names(key, &item)?.len();
        }
        let count = if is_directory { 1 } else { u32::try_from(count).unwrap_or(u32::MAX) };
        if let Some(field) = item.get_mut(LINKS_AT..LINKS_AT + 4) {
            field.copy_from_slice(&count.to_le_bytes());
        }
        self.put(key, item, 0);
        Ok(())
    }
}

fn set(item: &mut [u8], at: usize, value: u64) {
    if let Some(field) = item.get_mut(at..at.saturating_add(8)) {
        field.copy_from_slice(&value.to_le_bytes());
    }
}
