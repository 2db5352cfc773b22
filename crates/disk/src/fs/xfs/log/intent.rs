//! Promises: what a transaction said would be done in a later one, and was not, when the machine stopped.

use std::collections::BTreeMap;

use super::transaction::Item;
use crate::bytes::Record;
use crate::fs::xfs::inode::ForkKind;
use crate::fs::xfs::mapping::{Remap, Run};
use crate::fs::{FsError, Note};
use crate::gap::Loss;

/// Changes of the map of a file.
const BUI: u16 = 0x1244;
/// Changes of an attribute.
const ATTRI: u16 = 0x1246;
/// Exchange of the maps of two files.
const XMI: u16 = 0x1248;
/// Operations on attributes from this one on are about the pointers to parents, which nobody is shown.
const PARENT_OPERATIONS: u32 = 4;

/// Flags of a change of a map.
mod flag {
    pub(super) const TYPE: u32 = 0xFF;
    pub(super) const MAP: u32 = 1;
    pub(super) const REALTIME: u32 = 1 << 29;
    pub(super) const UNWRITTEN: u32 = 1 << 30;
    pub(super) const ATTRIBUTES: u32 = 1 << 31;
}

/// The promises that were not kept yet, by type and identity, in the order of the log.
#[derive(Default)]
pub(super) struct Intents {
    open: Vec<((u16, u64), Item)>,
}

impl Intents {
    /// Takes a promise, whose types are even, or that it was kept, which has the type after.
    pub(super) fn take(&mut self, code: u16, item: &Item) -> Result<(), FsError> {
        let id = item.region(0).u64_le(8)?;
        if code.is_multiple_of(2) {
            if matches!(code, BUI | ATTRI | XMI) {
                self.open.push(((code, id), item.clone()));
            }
        } else {
            self.open.retain(|(key, _)| *key != (code - 1, id));
        }
        Ok(())
    }

    /// The changes of maps that are still to be made, by inode, and what cannot be made.
    pub(super) fn finish(self) -> (BTreeMap<u64, Vec<Remap>>, Vec<Note>) {
        let mut remaps = BTreeMap::<u64, Vec<Remap>>::new();
        let mut notes = Vec::new();
        for ((code, _), item) in self.open {
            let told = match code {
                BUI => take_remaps(&item, &mut remaps).map(|()| None),
                ATTRI => attribute(&item.region(0)),
                _ => exchange(&item.region(0)).map(Some),
            };
            let broken = || {
                let text = "a change that the log only promises is damaged and was not made".into();
                Some(Note { loss: Loss::File, text })
            };
            notes.extend(told.unwrap_or_else(|_| broken()));
        }
        (remaps, notes)
    }
}

fn take_remaps(item: &Item, remaps: &mut BTreeMap<u64, Vec<Remap>>) -> Result<(), FsError> {
    let record = item.region(0);
    let list = record.bytes(16, (record.u32_le(4)? as usize).saturating_mul(32))?;
    for entry in list.as_chunks::<32>().0 {
        let entry = Record::new("log item", entry);
        let flags = entry.u32_le(28)?;
        // The blocks of a realtime file are on another device.
        if flags & flag::REALTIME != 0 {
            continue;
        }
        let run = Run {
            start: entry.u64_le(16)?,
            count: entry.u32_le(24)?.into(),
            block: entry.u64_le(8)?,
            written: flags & flag::UNWRITTEN == 0,
        };
        let fork = if flags & flag::ATTRIBUTES == 0 { ForkKind::Data } else { ForkKind::Attributes };
        let adds = flags & flag::TYPE == flag::MAP;
        remaps.entry(entry.u64_le(0)?).or_default().push(Remap { fork, run, adds });
    }
    Ok(())
}

fn attribute(record: &Record<'_>) -> Result<Option<Note>, FsError> {
    let (inode, operation) = (record.u64_le(16)?, record.u32_le(24)? & 0xFF);
    let text = format!("an attribute of inode {inode} was being changed: the log only promises it");
    Ok((operation < PARENT_OPERATIONS).then_some(Note { loss: Loss::Part, text }))
}

fn exchange(record: &Record<'_>) -> Result<Note, FsError> {
    let (one, other) = (record.u64_le(16)?, record.u64_le(24)?);
    let text = format!("the contents of inodes {one} and {other} were being exchanged: they may be mixed");
    Ok(Note { loss: Loss::File, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(bytes: Vec<u8>) -> Item {
        Item { regions: vec![bytes], ..Item::default() }
    }

    fn promise(id: u64, flags: u32) -> Item {
        let mut bytes = vec![0x44, 0x12, 1, 0, 1, 0, 0, 0];
        bytes.extend(id.to_le_bytes());
        for number in [131_u64, 900, 5] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend(flags.to_le_bytes());
        item(bytes)
    }

    fn kept(id: u64) -> Item {
        let mut bytes = vec![0; 8];
        bytes.extend(id.to_le_bytes());
        item(bytes)
    }

    #[test]
    fn only_what_was_not_kept_is_made() {
        let mut intents = Intents::default();
        intents.take(BUI, &promise(1, flag::MAP)).unwrap();
        intents.take(BUI, &promise(2, 2 | flag::UNWRITTEN)).unwrap();
        intents.take(BUI + 1, &kept(1)).unwrap();
        let (remaps, notes) = intents.finish();
        let run = Run { start: 5, count: 3, block: 900, written: false };
        assert_eq!(remaps[&131], [Remap { fork: ForkKind::Data, run, adds: false }]);
        assert_eq!(notes, []);
    }

    #[test]
    fn what_cannot_be_made_is_told() {
        let mut intents = Intents::default();
        let mut bytes = vec![0; 80];
        bytes[16] = 131;
        bytes[24] = 1;
        intents.take(ATTRI, &item(bytes.clone())).unwrap();
        bytes[24] = 4;
        intents.take(ATTRI, &item(bytes.clone())).unwrap();
        intents.take(XMI, &item(bytes)).unwrap();
        intents.take(BUI, &item(vec![0xFF; 16])).unwrap();
        let losses: Vec<Loss> = intents.finish().1.iter().map(|note| note.loss).collect();
        assert_eq!(losses, [Loss::Part, Loss::File, Loss::File]);
    }
}
