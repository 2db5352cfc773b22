//! lastlog: the last login of each account, a record for each number of an account.
//!
//! Source: `lastlog.h` of glibc. Records have 292 bytes (time of 32 bits, line, host); where times have 64 bits, 296.
//! The file is sparse: it is as long as the highest number asks for.

use assay_disk::bytes::Record;

use super::event::{Event, EventKind, Moment, Subject};
use super::source::Source;
use super::utmp::until_zero;

/// Bytes of a record, where times have 32 bits.
pub(super) const SIZE: usize = 292;

/// What the record of the account `uid` tells; none, where it never logged in.
pub(super) fn event(bytes: &[u8], uid: u32) -> Option<Event> {
    let record = Record::new("lastlog record", bytes);
    let seconds = i64::from(record.u32_le(0).ok()?);
    if seconds == 0 {
        return None;
    }
    let text = |at, len| Some(String::from_utf8_lossy(until_zero(record.bytes(at, len).ok()?)).into_owned());
    let (line, host) = (text(4, 32)?, text(36, 256)?);
    let from = if host.is_empty() { String::new() } else { format!(" from {host}") };
    let message = format!("last login of the account {uid} on {line}{from}");
    let mut event = Event::new(Source::Lastlog, EventKind::LastLogin, Moment::utc(seconds, 0), message);
    event.subject = Some(Subject::Uid(uid));
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_logged_in_has_a_record() {
        let mut bytes = vec![0; SIZE];
        assert_eq!(event(&bytes, 0), None);
        bytes[..4].copy_from_slice(&1_700_000_000_u32.to_le_bytes());
        bytes[4..9].copy_from_slice(b"pts/0");
        bytes[36..45].copy_from_slice(b"192.0.2.1");
        let event = event(&bytes, 1000).unwrap();
        assert_eq!(event.message, "last login of the account 1000 on pts/0 from 192.0.2.1");
        assert_eq!(event.subject, Some(Subject::Uid(1000)));
        assert!((0..SIZE).all(|len| super::event(&bytes[..len], 0).is_none()));
    }
}
