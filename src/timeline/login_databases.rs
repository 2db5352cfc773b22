//! wtmpdb and lastlog2, which follow wtmp and lastlog where times have 32 bits: databases of SQLite.
//!
//! Sources: wtmpdb's `lib/sqlite.c` (table `wtmp`, times in microseconds), util-linux's `liblastlog2` (table
//! `Lastlog2`, times in seconds).

use super::event::{Event, EventKind, Moment};
use super::source::Source;
use crate::archive::sqlite::{Cell, Pages, rows};

/// Bytes of a row; names of hosts are the longest in it.
const ROW: usize = 64 << 10;

/// Hands on what wtmpdb tells.
///
/// # Errors
/// The first thing that was wrong; what could be read was handed on.
pub(super) fn wtmpdb(pages: &dyn Pages, each: &mut dyn FnMut(Event)) -> Result<(), &'static str> {
    rows(pages, b"wtmp", ROW, &mut |row| {
        // The first is the number of the row.
        let [_, kind, user, login, logout, more @ ..] = row else { return };
        let [user, line, host] = [Some(user), more.first(), more.get(1)].map(text);
        let from = if host.is_empty() { String::new() } else { format!(" from {host}") };
        let (began, ended) = match kind {
            Cell::Number(1) => (
                (EventKind::Boot, format!("boot of {host}")),
                (EventKind::Shutdown, format!("shutdown of {host}")),
            ),
            Cell::Number(3) => (
                (EventKind::Login, format!("{user} logged in on {line}{from}")),
                (EventKind::Logout, format!("session of {user} on {line} ended")),
            ),
            _ => (
                (EventKind::Message, format!("run level, or other record, of {user}")),
                (EventKind::Message, String::new()),
            ),
        };
        for (time, (kind, message)) in [(login, began), (logout, ended)] {
            let Some(moment) = number(time).map(Moment::micros).filter(|_| !message.is_empty()) else {
                continue;
            };
            let event = Event::new(Source::Wtmpdb, kind, moment, message);
            let is_account = matches!(kind, EventKind::Login | EventKind::Logout);
            each(if is_account { event.of_user(&user) } else { event });
        }
    })
}

/// Hands on what lastlog2 tells.
///
/// # Errors
/// The first thing that was wrong; what could be read was handed on.
pub(super) fn lastlog2(pages: &dyn Pages, each: &mut dyn FnMut(Event)) -> Result<(), &'static str> {
    rows(pages, b"Lastlog2", ROW, &mut |row| {
        let [user, time, more @ ..] = row else { return };
        let [user, line, host, service] = [Some(user), more.first(), more.get(1), more.get(2)].map(text);
        let Some(seconds) = number(time).and_then(|time| i64::try_from(time).ok()) else { return };
        let from = if host.is_empty() { String::new() } else { format!(" from {host}") };
        let by = if service.is_empty() { String::new() } else { format!(" by {service}") };
        let message = format!("last login of {user} on {line}{from}{by}");
        each(
            Event::new(Source::Lastlog2, EventKind::LastLogin, Moment::utc(seconds, 0), message)
                .of_user(&user),
        );
    })
}

fn text(cell: Option<&Cell>) -> String {
    match cell {
        Some(Cell::Text(text)) => text.clone(),
        Some(Cell::Number(number)) => number.to_string(),
        Some(Cell::Nothing | Cell::Bytes) | None => String::new(),
    }
}

/// A time; none, where there is none.
fn number(cell: &Cell) -> Option<u64> {
    let Cell::Number(number) = cell else { return None };
    u64::try_from(*number).ok().filter(|&number| number > 0)
}
