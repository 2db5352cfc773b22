//! A file of a zone: when its offset from UTC changes, and the rule for what comes after.
//!
//! Source: RFC 9636. Leap seconds are not counted: files of systems have none.

use super::posix::Rule;
use assay_disk::bytes::Record;

/// Bytes of a header.
const HEADER: usize = 44;
/// Changes that are read; the most that a zone of the database has is below 300.
const CHANGES: usize = 10_000;

/// The offsets of a zone.
#[derive(Clone, Debug)]
pub(super) struct Transitions {
    /// From when (seconds since 1970) which offset holds, in order.
    changes: Vec<(i64, i64)>,
    /// What holds before all of them.
    first: i64,
    /// What holds after all of them.
    rule: Option<Rule>,
}

/// How many of each thing a part of the file has.
struct Counts {
    changes: usize,
    kinds: usize,
    /// Bytes of all that follows the header.
    len: usize,
}

impl Counts {
    /// Of the part at `at`, whose times have `width` bytes.
    fn read(file: &Record<'_>, at: usize, width: usize) -> Option<Self> {
        if file.bytes(at, 4).ok()? != b"TZif" {
            return None;
        }
        let count = |index: usize| {
            let number = file.u32_be(at.checked_add(20)?.checked_add(4_usize.checked_mul(index)?)?).ok()?;
            usize::try_from(number).ok().filter(|&number| number <= CHANGES)
        };
        let [utc, standard, leaps, changes, kinds, letters] =
            [count(0)?, count(1)?, count(2)?, count(3)?, count(4)?, count(5)?];
        let len = changes * (width + 1) + kinds * 6 + letters + leaps * (width + 4) + standard + utc;
        Some(Self { changes, kinds, len })
    }
}

impl Transitions {
    /// None, if it is not the file of a zone.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let file = Record::new("zone", bytes);
        let first = Counts::read(&file, 0, 4)?;
        if file.u8(4).ok()? < b'2' {
            return Self::part(&file, HEADER, &first, 4, None);
        }
        let second = HEADER.checked_add(first.len)?;
        let counts = Counts::read(&file, second, 8)?;
        let start = second.checked_add(HEADER)?;
        let footer = bytes.get(start.checked_add(counts.len)?..)?.strip_prefix(b"\n")?;
        let rule = footer.split(|&byte| byte == b'\n').next().and_then(Rule::parse);
        Self::part(&file, start, &counts, 8, rule)
    }

    fn part(
        file: &Record<'_>,
        start: usize,
        counts: &Counts,
        width: usize,
        rule: Option<Rule>,
    ) -> Option<Self> {
        let numbers = start.checked_add(counts.changes.checked_mul(width)?)?;
        let kinds = numbers.checked_add(counts.changes)?;
        let offset = |kind: usize| {
            let seconds = file.u32_be(kinds.checked_add(kind.checked_mul(6)?)?).ok()?;
            Some(i64::from(seconds.cast_signed()))
        };
        let first = offset(0).filter(|_| counts.kinds > 0)?;
        let mut changes = Vec::with_capacity(counts.changes);
        for index in 0..counts.changes {
            let at = start.checked_add(index.checked_mul(width)?)?;
            let time = if width == 8 {
                file.u64_be(at).ok()?.cast_signed()
            } else {
                i64::from(file.u32_be(at).ok()?.cast_signed())
            };
            let kind = usize::from(file.u8(numbers.checked_add(index)?).ok()?);
            changes.push((time, offset(kind).filter(|_| kind < counts.kinds)?));
        }
        changes.is_sorted_by_key(|(time, _)| *time).then_some(Self { changes, first, rule })
    }

    /// Seconds east of UTC at this time.
    pub(super) fn offset(&self, utc: i64) -> i64 {
        let next = self.changes.partition_point(|(time, _)| *time <= utc);
        let by_rule =
            || self.rule.as_ref().filter(|_| next == self.changes.len()).map(|rule| rule.offset(utc));
        let by_change =
            || next.checked_sub(1).and_then(|last| self.changes.get(last)).map(|(_, offset)| *offset);
        by_rule().or_else(by_change).unwrap_or(self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_system_are_read_as_its_own_library_reads_them() {
        // Each as `TZ=ZONE date -d @SECONDS +%z` prints it.
        for (zone, seconds, offset) in [
            ("Europe/Berlin", 1_769_853_600, 3600),
            ("Europe/Berlin", 1_785_492_000, 7200),
            ("America/New_York", -2_000_000_000, -18_000),
            ("Asia/Kolkata", 1_769_853_600, 19_800),
            ("Europe/Berlin", 4_120_000_000, 7200),
        ] {
            let Ok(file) = std::fs::read(format!("/usr/share/zoneinfo/{zone}")) else {
                crate::skipped::skip("tzdata", "tzdata");
                return;
            };
            assert_eq!(Transitions::parse(&file).unwrap().offset(seconds), offset, "{zone} {seconds}");
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_none_or_is_read_without_its_rule() {
        let file = super::super::tests::rule("CET-1CEST,M3.5.0,M10.5.0/3");
        for len in 0..file.len() {
            let _ = Transitions::parse(file.get(..len).unwrap()).map(|zone| zone.offset(0));
        }
        let mut huge = file;
        huge.splice(32..36, [0xff; 4]);
        assert!(Transitions::parse(&huge).is_none());
    }
}
