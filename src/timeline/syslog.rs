//! Logs of syslog: what sshd, sudo and their kin wrote into auth.log, secure, syslog or messages.
//!
//! Sources: RFC 3164 (`Jan  2 10:00:00 host sshd[5]: …`, local time without a year), and the times of RFC 3339 that
//! rsyslog writes since Debian 12. A missing year is inferred: the last line is from the year in which the file was
//! written last, and each step back from January to December is a new year.

use std::io::{self, Read};

use chrono::Datelike;

use super::event::{Event, Moment};
use super::log_lines;
use super::messages;
use super::source::Source;
use super::stamp::{self, Stamp, Yearless};
use super::zone::Zone;

/// Lines without a year that are kept of a file until its end is known.
const LINES: usize = 200_000;
/// A line that is so many days before the one above it is from the next year.
const STEP_BACK: u32 = 180;

/// When a line was written.
#[derive(Clone, Copy)]
enum When {
    Known(Stamp),
    /// The time, and how many years after the first line of the file.
    Yearless(Yearless, i32),
}

/// Hands on what the log in `input` tells, which was written last at `modified` (seconds since 1970). Returns how many
/// lines had no place in memory.
///
/// # Errors
/// Where reading fails: what was read before counts.
pub(super) fn events(
    input: &mut dyn Read,
    zone: &Zone,
    modified: i64,
    each: &mut dyn FnMut(Event),
) -> io::Result<u64> {
    let (mut pending, mut over) = (Vec::new(), 0_u64);
    let (mut years, mut before) = (0_i32, None);
    let done = log_lines::each(input, &mut |line| {
        let Some((when, rest)) = time(line) else { return };
        let when = match when {
            When::Yearless(time, _) => {
                let day = time.day_of_year();
                let is_new = before.is_some_and(|before: u32| before > day.saturating_add(STEP_BACK));
                years = years.saturating_add(i32::from(is_new));
                before = Some(day);
                When::Yearless(time, years)
            }
            known @ When::Known(_) => known,
        };
        let Some(event) = event(rest) else { return };
        match when {
            When::Known(stamp) => each(Event { moment: zone.moment(stamp), ..event }),
            When::Yearless(..) if pending.len() >= LINES => over = over.saturating_add(1),
            When::Yearless(time, year) => pending.push((time, year, event)),
        }
    });
    let last = zone.local(modified).map(|last| last.year());
    for (time, year, event) in pending {
        // A leap day means another year than the one that was inferred.
        let year = last.and_then(|last| last.checked_sub(years)?.checked_add(year));
        let local = year.and_then(|year| (0..4).find_map(|back| time.in_year(year.checked_sub(back)?)));
        let Some(local) = local else { continue };
        let moment = zone.moment(Stamp { local, offset: None });
        each(Event { moment: Moment { year_inferred: true, ..moment }, ..event });
    }
    done.map(|()| over)
}

/// The time at the start of a line, and what follows.
fn time(line: &[u8]) -> Option<(When, &[u8])> {
    if let Some((stamp, rest)) = stamp::iso(line) {
        return Some((When::Known(stamp), rest));
    }
    stamp::yearless(line).map(|(time, rest)| (When::Yearless(time, 0), rest))
}

/// What ` host program[pid]: message` tells, at no time yet; none of programs that are not of interest.
fn event(rest: &[u8]) -> Option<Event> {
    let text = String::from_utf8_lossy(rest.strip_prefix(b" ")?);
    let (host, rest) = text.split_once(' ')?;
    let (tag, message) = rest.split_once(": ")?;
    let program = tag.split('[').next().unwrap_or_default();
    if !messages::is_of_interest(program) {
        return None;
    }
    let (kind, user) = messages::meaning(program, message);
    let event = Event::new(Source::Syslog, kind, Moment::default(), format!("{tag}: {}", message.trim()));
    Some(event.of_user(user.unwrap_or_default()).on_host(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::event::{Basis, EventKind};

    /// 2026-02-01 00:00:00.
    const MODIFIED: i64 = 1_769_904_000;

    fn read(text: &str) -> Vec<(String, EventKind, bool)> {
        let mut all = Vec::new();
        let over = events(&mut text.as_bytes(), &Zone::default(), MODIFIED, &mut |event| {
            assert_eq!(event.host.as_deref(), Some("golden"));
            let time = stamp::civil(event.moment.time.seconds).unwrap();
            all.push((time.to_string(), event.kind, event.moment.year_inferred));
        });
        assert_eq!(over.unwrap(), 0);
        all
    }

    #[test]
    fn a_missing_year_is_counted_back_from_when_the_file_was_written() {
        let text = "Dec 31 23:59:59 golden sshd[5]: Accepted password for root from 192.0.2.1 port 5 ssh2\n\
                    Dec 31 23:59:59 golden kernel: not of interest\n\
                    Jan  1 00:00:01 golden sshd[5]: Failed password for root from 192.0.2.1 port 5 ssh2\n\
                    Jan  1 00:00:00 golden sudo:    root : TTY=x ; PWD=/ ; USER=root ; COMMAND=/bin/ls\n";
        let of = |time: &str, kind| (time.to_owned(), kind, true);
        let expected = [
            of("2025-12-31 23:59:59", EventKind::SshAccepted),
            of("2026-01-01 00:00:01", EventKind::SshFailed),
            of("2026-01-01 00:00:00", EventKind::Sudo),
        ];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn years_are_counted_over_lines_that_are_not_of_interest() {
        let text = "Jun  1 00:00:00 golden sshd[5]: Invalid user x from y\nDec  1 00:00:00 golden kernel: x\n\
                    Jan  1 00:00:00 golden kernel: x\nDec  1 00:00:00 golden kernel: x\nJan  1 00:00:00 golden kernel: x\n";
        assert_eq!(read(text)[0].0, "2024-06-01 00:00:00");
    }

    #[test]
    fn a_line_that_says_its_time_in_full_is_not_inferred() {
        let text = "2026-01-31T10:00:00.5+01:00 golden sshd[5]: Invalid user x from y\n";
        assert_eq!(read(text), [("2026-01-31 09:00:00".to_owned(), EventKind::SshFailed, false)]);
    }

    #[test]
    fn a_leap_day_is_of_the_last_year_that_has_one() {
        let text = "Feb 29 10:00:00 golden sshd[5]: Invalid user x from y\n";
        assert_eq!(read(text)[0].0, "2024-02-29 10:00:00");
        let _ = Basis::Utc;
    }
}
