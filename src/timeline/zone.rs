//! The zone of a system: what its local times are in UTC.
//!
//! Source: RFC 9636 (TZif); localtime(5): where /etc/localtime is missing, the zone is UTC. The zone is the one
//! that the system has now; what was written under an earlier one is converted by this one.

use chrono::NaiveDateTime;

use super::event::{Basis, Moment};
use super::stamp::{self, Stamp};
use crate::files::Files;
use assay_disk::fs::Time;

mod posix;
mod tzif;

use tzif::Transitions;

/// Bytes of a file of a zone; the largest of the database has 4 KiB.
const LIMIT: u64 = 256 << 10;
/// Names of UTC, as links to files of zones have them.
const UTC: [&[u8]; 7] = [b"UTC", b"Etc/UTC", b"Etc/UCT", b"UCT", b"Zulu", b"Etc/Universal", b"Universal"];

/// The zone of a system.
#[derive(Clone, Debug, Default)]
pub(super) struct Zone {
    /// What its clock is set by; none: UTC.
    transitions: Option<Transitions>,
    /// Whether it could not be read.
    is_assumed: bool,
}

impl Zone {
    /// Reads /etc/localtime, or what /etc/timezone names.
    pub(super) fn gather(files: &dyn Files) -> Self {
        let read = |path: &[u8]| Transitions::parse(&files.read(path, LIMIT).ok()??);
        if let Some(transitions) = read(b"/etc/localtime") {
            return Self { transitions: Some(transitions), is_assumed: false };
        }
        let name = Self::name(files);
        let Some(name) = name else {
            // There is none, and so it is UTC; or there is one that is no zone.
            let is_there = files.kind(b"/etc/localtime").is_some();
            return Self { transitions: None, is_assumed: is_there };
        };
        if UTC.contains(&name.as_slice()) {
            return Self::default();
        }
        let transitions = read(&[b"/usr/share/zoneinfo/", name.as_slice()].concat());
        Self { is_assumed: transitions.is_none(), transitions }
    }

    /// The name of the zone by the link, or by Debian's file.
    fn name(files: &dyn Files) -> Option<Vec<u8>> {
        let linked = files.target(b"/etc/localtime").and_then(|target| {
            let at = memchr::memmem::find(&target, b"zoneinfo/")?;
            target.get(at.checked_add(b"zoneinfo/".len())?..).map(<[u8]>::to_vec)
        });
        linked.or_else(|| {
            let text = files.read(b"/etc/timezone", LIMIT).ok()??;
            let name = text.split(|&byte| byte == b'\n').next()?.trim_ascii();
            let is_name =
                !name.is_empty() && !name.starts_with(b"/") && memchr::memmem::find(name, b"..").is_none();
            is_name.then(|| name.to_vec())
        })
    }

    /// When a clock of the system showed this.
    pub(super) fn moment(&self, stamp: Stamp) -> Moment {
        let nanoseconds = chrono::Timelike::nanosecond(&stamp.local).min(999_999_999);
        let (seconds, basis) = match stamp.offset {
            Some(offset) => (stamp::seconds(stamp.local).saturating_sub(offset.into()), Basis::Utc),
            None => (self.seconds(stamp.local), if self.is_assumed { Basis::Assumed } else { Basis::Zone }),
        };
        Moment { time: Time { seconds, nanoseconds }, basis, year_inferred: false }
    }

    /// Of an hour that there is twice, the first; of one that there is not, as if the clock had not been put forward.
    fn seconds(&self, local: NaiveDateTime) -> i64 {
        const DAY: i64 = 86_400;
        let shown = stamp::seconds(local);
        let Some(transitions) = &self.transitions else { return shown };
        let before = transitions.offset(shown.saturating_sub(DAY));
        let around = [before, transitions.offset(shown.saturating_add(DAY))];
        let candidates = around.into_iter().map(|offset| (offset, shown.saturating_sub(offset)));
        let fitting = candidates.filter(|(offset, utc)| transitions.offset(*utc) == *offset);
        fitting.map(|(_, utc)| utc).min().unwrap_or(shown.saturating_sub(before))
    }

    /// What a clock of the system shows at this time.
    pub(super) fn local(&self, seconds: i64) -> Option<NaiveDateTime> {
        let offset = self.transitions.as_ref().map_or(0, |transitions| transitions.offset(seconds));
        stamp::civil(seconds.checked_add(offset)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

    /// A zone of version 2 without transitions, with this rule.
    pub(in super::super) fn rule(text: &str) -> Vec<u8> {
        let header = [b"TZif2".as_slice(), &[0; 15], &[0; 16], &[0, 0, 0, 1, 0, 0, 0, 4]].concat();
        let kind = [0, 0, 0, 0, 0, 0, b'U', b'T', b'C', 0];
        [header.as_slice(), &kind, &header, &kind, b"\n", text.as_bytes(), b"\n"].concat()
    }

    fn shelf(path: &str, content: Vec<u8>) -> Shelf {
        let mut shelf = Shelf::default();
        shelf.0.insert(path.into(), content);
        shelf
    }

    fn utc(zone: &Zone, text: &str) -> (String, Basis) {
        let moment = zone.moment(stamp::iso(text.as_bytes()).unwrap().0);
        (stamp::civil(moment.time.seconds).unwrap().to_string(), moment.basis)
    }

    #[test]
    fn local_times_follow_the_rule_of_the_zone() {
        let zone = Zone::gather(&shelf("/etc/localtime", rule("CET-1CEST,M3.5.0,M10.5.0/3")));
        let of = |text| utc(&zone, text).0;
        assert_eq!(of("2026-01-31 10:00:00"), "2026-01-31 09:00:00");
        assert_eq!(of("2026-07-31 10:00:00"), "2026-07-31 08:00:00");
        // Twice, and never.
        assert_eq!(of("2026-10-25 02:30:00"), "2026-10-25 00:30:00");
        assert_eq!(of("2026-03-29 02:30:00"), "2026-03-29 01:30:00");
        assert_eq!(of("2026-07-31T10:00:00+00:00"), "2026-07-31 10:00:00");
    }

    #[test]
    fn a_rule_of_the_southern_half_has_its_summer_over_the_new_year() {
        let zone = Zone::gather(&shelf("/etc/localtime", rule("AEST-10AEDT,M10.1.0,M4.1.0/3")));
        assert_eq!(utc(&zone, "2026-01-31 11:00:00").0, "2026-01-31 00:00:00");
        assert_eq!(utc(&zone, "2026-07-31 10:00:00").0, "2026-07-31 00:00:00");
    }

    #[test]
    fn a_zone_that_is_not_there_is_utc_and_one_that_cannot_be_read_is_assumed() {
        let basis = |shelf: &Shelf| utc(&Zone::gather(shelf), "2026-01-31 10:00:00").1;
        assert_eq!(basis(&Shelf::default()), Basis::Zone);
        assert_eq!(basis(&Shelf::default().with("/etc/timezone", "Etc/UTC\n")), Basis::Zone);
        assert_eq!(basis(&Shelf::default().with("/etc/timezone", "Europe/Berlin\n")), Basis::Assumed);
        assert_eq!(basis(&Shelf::default().with("/etc/localtime", "not one")), Basis::Assumed);
    }

    #[test]
    fn a_zone_that_only_has_a_name_is_read_from_the_database() {
        let database = shelf("/usr/share/zoneinfo/X/Y", rule("XXX-3")).with("/etc/timezone", "X/Y\n");
        assert_eq!(
            utc(&Zone::gather(&database), "2026-01-31 10:00:00"),
            ("2026-01-31 07:00:00".into(), Basis::Zone)
        );
    }
}
