//! Times as text.

use assay_disk::fs::Time;
use chrono::{DateTime, Datelike, Utc};

/// The moment of a time; none beyond the years 1 to 9999, which no reader takes.
pub(super) fn calendar(time: Time) -> Option<DateTime<Utc>> {
    let moment = DateTime::from_timestamp(time.seconds, time.nanoseconds)?;
    (1..=9999).contains(&moment.year()).then_some(moment)
}

/// `2026-01-31T10:00:00.123456+00:00`; the nearest that there is, for a time that no calendar has.
pub(super) fn iso(time: Time) -> String {
    match calendar(time) {
        Some(moment) => moment.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string(),
        None if time.seconds < 0 => "0001-01-01T00:00:00.000000+00:00".to_owned(),
        None => "9999-12-31T23:59:59.999999+00:00".to_owned(),
    }
}

/// Microseconds since 1970.
pub(super) fn micros(time: Time) -> i64 {
    time.seconds.saturating_mul(1_000_000).saturating_add((time.nanoseconds / 1000).into())
}

/// Milliseconds since 1970; of a time that no calendar has, the nearest that there is.
pub(super) fn millis(time: Time) -> i64 {
    const FIRST: i64 = -62_135_596_800_000;
    const LAST: i64 = 253_402_300_799_999;
    let millis = time.seconds.saturating_mul(1000).saturating_add((time.nanoseconds / 1_000_000).into());
    millis.clamp(FIRST, LAST)
}
