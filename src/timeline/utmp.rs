//! utmp, wtmp and btmp: who logged in and out, boots and changes of the clock.
//!
//! Source: utmp(5), and `bits/utmp.h` of glibc. Records have 384 bytes where times have 32 bits (x86-64), and 400 where
//! they have 64 (arm64, riscv64). Which of the two is decided by what makes most records of the file sensible. Those of
//! big-endian machines are not read.

use std::io::Read;

use assay_disk::bytes::Record;

use super::event::{Event, EventKind, Moment};
use super::source::Source;

/// Bytes of a record, by the width of its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// 384.
    Short,
    /// 400.
    Long,
}

impl Layout {
    const ALL: [Self; 2] = [Self::Short, Self::Long];

    const fn size(self) -> usize {
        match self {
            Self::Short => 384,
            Self::Long => 400,
        }
    }
}

/// Records that tell which layout it is.
const TOLD: usize = 64;
/// Bytes that are read at once: a whole number of records of each layout.
const CHUNK: usize = 384 * 400;

/// A record.
struct Entry<'a> {
    kind: u16,
    pid: u32,
    line: &'a [u8],
    user: &'a [u8],
    host: &'a [u8],
    seconds: i64,
    micros: i64,
}

impl<'a> Entry<'a> {
    fn parse(bytes: &'a [u8], layout: Layout) -> Option<Self> {
        let record = Record::new("utmp record", bytes);
        let text = |at, len| record.bytes(at, len).ok().map(until_zero);
        let (seconds, micros) = match layout {
            Layout::Short => {
                (record.u32_le(340).ok()?.cast_signed().into(), record.u32_le(344).ok()?.cast_signed().into())
            }
            Layout::Long => (record.u64_le(344).ok()?.cast_signed(), record.u64_le(352).ok()?.cast_signed()),
        };
        Some(Self {
            kind: record.u16_le(0).ok()?,
            pid: record.u32_le(4).ok()?,
            line: text(8, 32)?,
            user: text(44, 32)?,
            host: text(76, 256)?,
            seconds,
            micros,
        })
    }

    /// Whether a machine writes such a record: a known kind, at a time from 1990 on, with a fraction of a second.
    fn is_sensible(&self) -> bool {
        let is_blank = self.kind == 0 && self.seconds == 0;
        let is_timed = (631_152_000..=16_725_225_600).contains(&self.seconds);
        is_blank || self.kind <= 9 && is_timed && (0..1_000_000).contains(&self.micros)
    }

    fn moment(&self) -> Moment {
        let nanoseconds = u32::try_from(self.micros).unwrap_or_default().min(999_999).saturating_mul(1000);
        Moment::utc(self.seconds, nanoseconds)
    }

    /// What it tells; none for records that are only there for the next login.
    fn event(&self, source: Source) -> Option<Event> {
        let [user, line, host] =
            [self.user, self.line, self.host].map(|text| String::from_utf8_lossy(text).into_owned());
        let from = if host.is_empty() { String::new() } else { format!(" from {host}") };
        let (kind, message) = match (source, self.kind) {
            (_, 0 | 5 | 9) => return None,
            (Source::Btmp, _) => (EventKind::LoginFailed, format!("login of {user} on {line}{from} failed")),
            (_, 1) if user == "shutdown" => (EventKind::Shutdown, format!("shutdown of {host}")),
            (_, 1) => (EventKind::Message, format!("run level {}", level(self.pid))),
            (_, 2) => (EventKind::Boot, format!("boot of {host}")),
            (_, 3) => (EventKind::ClockSet, "the clock was set: new time".to_owned()),
            (_, 4) => (EventKind::ClockSet, "the clock was set: old time".to_owned()),
            (_, 6) => (EventKind::Message, format!("login prompt on {line}")),
            (_, 7) => (EventKind::Login, format!("{user} logged in on {line}{from} (pid {})", self.pid)),
            (_, 8) => (EventKind::Logout, format!("session on {line} ended (pid {})", self.pid)),
            (_, other) => (EventKind::Message, format!("record of an unknown kind ({other})")),
        };
        let is_account = matches!(kind, EventKind::Login | EventKind::LoginFailed | EventKind::Logout);
        let event = Event::new(source, kind, self.moment(), message);
        Some(if is_account { event.of_user(&user) } else { event })
    }
}

/// What was wrong with such a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// Records that no machine writes.
    pub records: u64,
    /// Bytes behind the last whole record.
    pub rest: usize,
}

/// Hands on what each record of the file in `input` tells.
///
/// # Errors
/// Where reading fails: what was read before counts.
pub fn events(input: &mut dyn Read, source: Source, each: &mut dyn FnMut(Event)) -> std::io::Result<Wrong> {
    let mut wrong = Wrong::default();
    let mut layout = None;
    loop {
        let mut chunk = Vec::new();
        input.take(CHUNK as u64).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            return Ok(wrong);
        }
        let layout = *layout.get_or_insert_with(|| layout_of(&chunk));
        let records = chunk.chunks_exact(layout.size());
        wrong.rest = records.remainder().len();
        for entry in records.filter_map(|bytes| Entry::parse(bytes, layout)) {
            if entry.is_sensible() {
                entry.event(source).into_iter().for_each(&mut *each);
            } else {
                wrong.records = wrong.records.saturating_add(1);
            }
        }
    }
}

/// The layout by which more of the first records are sensible.
fn layout_of(bytes: &[u8]) -> Layout {
    let sensible = |layout: Layout| {
        let records = bytes.chunks_exact(layout.size()).take(TOLD);
        records
            .filter_map(|bytes| Entry::parse(bytes, layout))
            .filter(|e| e.kind != 0 && e.is_sensible())
            .count()
    };
    let [short, long] = Layout::ALL.map(sensible);
    if long > short { Layout::Long } else { Layout::Short }
}

/// The run level: the lower byte is the new one.
fn level(pid: u32) -> char {
    pid.to_le_bytes().first().copied().filter(u8::is_ascii_graphic).map_or('?', char::from)
}

pub(super) fn until_zero(text: &[u8]) -> &[u8] {
    text.split(|&byte| byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(layout: Layout, kind: u16, texts: [&str; 3], seconds: i64) -> Vec<u8> {
        let mut bytes = vec![0; layout.size()];
        let mut put = |at: usize, from: &[u8]| bytes[at..at + from.len()].copy_from_slice(from);
        put(0, &kind.to_le_bytes());
        put(4, &51_u32.to_le_bytes());
        for (at, text) in [8, 44, 76].into_iter().zip(texts) {
            put(at, text.as_bytes());
        }
        match layout {
            Layout::Short => {
                put(340, &u32::try_from(seconds).unwrap().to_le_bytes());
                put(344, &250_000_u32.to_le_bytes());
            }
            Layout::Long => {
                put(344, &seconds.to_le_bytes());
                put(352, &250_000_u64.to_le_bytes());
            }
        }
        bytes
    }

    fn read(bytes: &[u8], source: Source) -> (Vec<(EventKind, i64, String)>, Wrong) {
        let mut all = Vec::new();
        let wrong = events(&mut &*bytes, source, &mut |event| {
            assert!(event.moment.time.nanoseconds == 250_000_000);
            all.push((event.kind, event.moment.time.seconds, event.message));
        });
        (all, wrong.unwrap())
    }

    #[test]
    fn records_of_both_layouts_are_read() {
        for layout in Layout::ALL {
            let bytes = [
                record(layout, 2, ["~", "reboot", "6.1.0"], 1_700_000_000),
                record(layout, 1, ["~", "runlevel", "6.1.0"], 1_700_000_001),
                record(layout, 7, ["pts/0", "admin", "192.0.2.1"], 1_700_000_002),
                record(layout, 8, ["pts/0", "", ""], 1_700_000_003),
                record(layout, 1, ["~", "shutdown", "6.1.0"], 1_700_000_004),
            ];
            let (all, wrong) = read(&bytes.concat(), Source::Wtmp);
            assert_eq!(wrong, Wrong::default());
            let kinds = [
                EventKind::Boot,
                EventKind::Message,
                EventKind::Login,
                EventKind::Logout,
                EventKind::Shutdown,
            ];
            assert!(all.iter().map(|(kind, _, _)| *kind).eq(kinds), "{all:?}");
            assert_eq!(all[2].2, "admin logged in on pts/0 from 192.0.2.1 (pid 51)");
            assert_eq!(all[4].1, 1_700_000_004);
        }
    }

    #[test]
    fn what_is_refused_is_told_so() {
        let bytes = record(Layout::Short, 6, ["ssh:notty", "oracle", "198.51.100.7"], 1_700_000_000);
        let (all, _) = read(&bytes, Source::Btmp);
        assert_eq!(all[0].0, EventKind::LoginFailed);
        assert_eq!(all[0].2, "login of oracle on ssh:notty from 198.51.100.7 failed");
    }

    #[test]
    fn records_that_make_no_sense_and_a_cut_end_are_counted() {
        let good = record(Layout::Short, 7, ["tty1", "root", ""], 1_700_000_000);
        let bad = record(Layout::Short, 77, ["tty1", "root", ""], 1_700_000_000);
        let bytes = [good.as_slice(), &bad, &good, &good[..100]].concat();
        let (all, wrong) = read(&bytes, Source::Wtmp);
        assert_eq!((all.len(), wrong), (2, Wrong { records: 1, rest: 100 }));
        for len in 0..bytes.len() {
            let _ = read(&bytes[..len], Source::Utmp);
        }
    }
}
