//! Transactions: gathered from operations, which come in any order of transactions and in pieces.

use std::collections::BTreeMap;

use super::record::LogRecord;
use crate::bytes::Record;
use crate::fs::FsError;

/// Flags of an operation.
mod flag {
    pub(super) const START: u8 = 1;
    pub(super) const COMMIT: u8 = 2;
    pub(super) const CONTINUE: u8 = 4;
    /// It continues a region that did not fit into the record before.
    pub(super) const WAS_CONTINUED: u8 = 8;
    pub(super) const END: u8 = 0x10;
    pub(super) const UNMOUNT: u8 = 0x20;
}

/// `TRAN`, in the order of bytes of the machine.
const MAGIC: u32 = 0x5452_414E;
/// Bytes of the header of a transaction.
const HEADER: usize = 16;
/// More regions the kernel takes for damage.
const MAX_REGIONS: u16 = 512;

/// A change of one thing: a description, and the regions that are changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) regions: Vec<Vec<u8>>,
    /// How many regions it says it has.
    pub(super) total: usize,
}

impl Item {
    /// Region `index`, as a record.
    pub(super) fn region(&self, index: usize) -> Record<'_> {
        Record::new("log item", self.regions.get(index).map_or(&[], Vec::as_slice))
    }
}

/// What happened as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Transaction {
    /// Cycle and block of the record it began in.
    pub(super) lsn: u64,
    pub(super) items: Vec<Item>,
    header: Vec<u8>,
    /// Bytes that it keeps.
    kept: u64,
}

/// Transactions while their operations are read.
#[derive(Default)]
pub(super) struct Gathering {
    /// By the number that the operations carry.
    open: BTreeMap<u32, Transaction>,
    pub(super) committed: Vec<Transaction>,
    /// What ended the reading.
    pub(super) damage: Option<FsError>,
    /// Whether an operation was met of a transaction whose beginning was not.
    pub(super) has_passed_over: bool,
    /// Bytes that may still be kept.
    room: u64,
    /// The most that may be kept.
    limit: u64,
}

impl Gathering {
    /// Keeps at most `limit` bytes.
    pub(super) fn new(limit: u64) -> Self {
        Self { room: limit, limit, ..Self::default() }
    }

    /// Hands out what was committed, and has room for more.
    pub(super) fn take_committed(&mut self) -> Vec<Transaction> {
        let taken = std::mem::take(&mut self.committed);
        let freed = taken.iter().fold(0_u64, |sum, transaction| sum.saturating_add(transaction.kept));
        self.room = self.room.saturating_add(freed).min(self.limit);
        taken
    }

    /// Forgets what is not committed: its end is missing.
    pub(super) fn forget_open(&mut self) {
        let open = std::mem::take(&mut self.open);
        let freed = open.values().fold(0_u64, |sum, transaction| sum.saturating_add(transaction.kept));
        self.room = self.room.saturating_add(freed).min(self.limit);
    }

    /// Takes the operations of a record.
    pub(super) fn record(&mut self, record: &LogRecord) -> Result<(), FsError> {
        let data = Record::new("log record data", &record.data);
        let lsn = record.header.lsn;
        let mut offset = 0;
        for _ in 0..record.header.operations {
            if offset >= data.len() {
                break;
            }
            let (id, len) = (data.u32_be(offset)?, data.u32_be(offset + 4)? as usize);
            let (client, flags) = (data.u8(offset + 8)?, data.u8(offset + 9)?);
            if !matches!(client, 0x69 | 0xAA) {
                let problem = format!("an operation of client {client:#04x} at byte {offset}");
                return Err(FsError::corrupt("log record", lsn & u64::from(u32::MAX), problem));
            }
            let region = data.bytes(offset + 12, len)?;
            self.operation(id, flags, region, lsn)?;
            offset = offset.saturating_add(12).saturating_add(len);
        }
        Ok(())
    }

    fn operation(&mut self, id: u32, flags: u8, region: &[u8], lsn: u64) -> Result<(), FsError> {
        let Some(transaction) = self.open.get_mut(&id) else {
            // What belongs to a transaction from before the tail is passed over.
            if flags & flag::START != 0 {
                self.open.insert(id, Transaction { lsn, ..Transaction::default() });
            } else if flags & flag::UNMOUNT == 0 {
                self.has_passed_over = true;
            }
            return Ok(());
        };
        let kept = (region.len() as u64).saturating_add(64);
        self.room = self
            .room
            .checked_sub(kept)
            .ok_or_else(|| FsError::over_limit("xfs: bytes of the transactions in the log", self.limit))?;
        transaction.kept = transaction.kept.saturating_add(kept);
        let flags = flags & !flag::END;
        if flags & flag::WAS_CONTINUED != 0 {
            return transaction.continued(region);
        }
        match flags {
            0 | flag::CONTINUE => transaction.add(region),
            flag::COMMIT => {
                self.committed.extend(self.open.remove(&id));
                Ok(())
            }
            flag::UNMOUNT => {
                self.open.remove(&id);
                Ok(())
            }
            _ => Err(FsError::corrupt("log transaction", id.into(), format!("flags {flags:#04x}"))),
        }
    }
}

impl Transaction {
    /// A new region: of the header, of the last item, or of a new one.
    fn add(&mut self, region: &[u8]) -> Result<(), FsError> {
        if region.is_empty() {
            return Ok(());
        }
        if self.header.is_empty() {
            let magic = Record::new("log transaction", region).u32_le(0)?;
            if magic != MAGIC || region.len() > HEADER {
                return Err(FsError::corrupt("log transaction", self.lsn, format!("magic {magic:#010x}")));
            }
            self.header = region.to_vec();
            return Ok(());
        }
        if self.items.last().is_none_or(|item| item.regions.len() >= item.total) {
            let total = Record::new("log item", region).u16_le(2)?;
            if total == 0 || total > MAX_REGIONS {
                return Err(FsError::corrupt("log transaction", self.lsn, format!("{total} regions")));
            }
            self.items.push(Item { regions: Vec::new(), total: total.into() });
        }
        if let Some(item) = self.items.last_mut() {
            item.regions.push(region.to_vec());
        }
        Ok(())
    }

    /// The rest of a region that began in the record before.
    fn continued(&mut self, region: &[u8]) -> Result<(), FsError> {
        let last = match self.items.last_mut() {
            Some(item) => item.regions.last_mut(),
            None => Some(&mut self.header),
        };
        last.ok_or_else(|| FsError::corrupt("log transaction", self.lsn, "nothing to continue"))?
            .extend_from_slice(region);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::xfs::log::record::Header;

    fn record(operations: &[(u32, u8, &[u8])]) -> LogRecord {
        let mut data = Vec::new();
        for (id, flags, region) in operations {
            data.extend(id.to_be_bytes());
            data.extend(u32::try_from(region.len()).unwrap().to_be_bytes());
            data.extend([0x69, *flags, 0, 0]);
            data.extend(*region);
        }
        let (count, len) = (u32::try_from(operations.len()).unwrap(), u32::try_from(data.len()).unwrap());
        LogRecord { header: Header::golden(count, len), data }
    }

    const HEAD: &[u8] = b"NART\x28\0\0\0\0\0\0\0\x01\0\0\0";

    #[test]
    fn a_region_is_joined_over_records_and_other_transactions() {
        let mut gathering = Gathering::new(10_000);
        let first = record(&[
            (7, flag::START, b""),
            (7, 0, HEAD),
            (9, flag::START, b""),
            (7, flag::CONTINUE, b"\x3c\x12\x02\0half"),
        ]);
        gathering.record(&first).unwrap();
        let second = record(&[
            (7, flag::WAS_CONTINUED | flag::END, b" whole"),
            (7, 0, b"region"),
            (7, flag::COMMIT, b""),
        ]);
        gathering.record(&second).unwrap();
        let regions = &gathering.committed[0].items[0].regions;
        assert_eq!(regions, &[b"\x3c\x12\x02\0half whole".to_vec(), b"region".to_vec()]);
        assert_eq!(gathering.committed.len(), 1, "the other one was not committed");
    }

    #[test]
    fn operations_without_a_beginning_are_passed_over() {
        let mut gathering = Gathering::new(10_000);
        gathering.record(&record(&[(7, 0, b"rest"), (7, flag::COMMIT, b"")])).unwrap();
        assert!(gathering.committed.is_empty());
    }

    #[test]
    fn what_is_over_the_limit_is_told() {
        let mut gathering = Gathering::new(100);
        let error = gathering.record(&record(&[(7, flag::START, b""), (7, 0, HEAD), (7, 0, HEAD)]));
        assert!(matches!(error, Err(FsError::OverLimit { .. })));
    }

    #[test]
    fn an_item_without_regions_is_corrupt() {
        let mut gathering = Gathering::new(10_000);
        let bad = record(&[(7, flag::START, b""), (7, 0, HEAD), (7, 0, b"\x3c\x12\0\0")]);
        assert!(matches!(gathering.record(&bad), Err(FsError::Corrupt { .. })));
    }
}
