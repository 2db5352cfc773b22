//! Times as texts have them.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// A time of the calendar, with its offset from UTC where the text says one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// What the clock showed.
    pub(super) local: NaiveDateTime,
    /// Seconds east of UTC.
    pub(super) offset: Option<i32>,
}

/// Seconds since 1970 of what a clock showed, as if that was UTC.
pub(super) fn seconds(local: NaiveDateTime) -> i64 {
    local.and_utc().timestamp()
}

/// What a clock shows so many seconds after 1970; none beyond the calendar.
pub(super) fn civil(seconds: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(seconds, 0).map(|moment| moment.naive_utc())
}

/// Reads `2026-01-31 10:00:00` at the start of `text`, and returns what follows: with a `T` or blanks in the middle, a
/// fraction after a point or comma, and an offset (`Z`, `+01:00`, `+0100`).
pub(super) fn iso(text: &[u8]) -> Option<(Stamp, &[u8])> {
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let between = rest.strip_prefix(b"T").unwrap_or(rest.trim_ascii_start());
    let (time, rest) = clock(between)?;
    let (nanoseconds, rest) = fraction(rest);
    let (offset, rest) = offset(rest);
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some((Stamp { local: at(date, time, nanoseconds)?, offset }, rest))
}

/// A day of `2026-01-31`, at its beginning, where nothing follows it.
pub(super) fn day(text: &[u8]) -> Option<Stamp> {
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    rest.is_empty().then_some(Stamp { local: date.and_hms_opt(0, 0, 0)?, offset: None })
}

/// Month, day and time of a line that does not say the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Yearless {
    month: u32,
    day: u32,
    time: [u32; 3],
}

impl Yearless {
    /// In this year; none on a day that the year does not have.
    pub(super) fn in_year(self, year: i32) -> Option<NaiveDateTime> {
        at(NaiveDate::from_ymd_opt(year, self.month, self.day)?, self.time, 0)
    }

    /// The day of a year, about.
    pub(super) fn day_of_year(self) -> u32 {
        self.month.saturating_mul(31).saturating_add(self.day)
    }
}

/// Reads `Jan  2 10:00:00` at the start of `text` (RFC 3164), and returns what follows.
pub(super) fn yearless(text: &[u8]) -> Option<(Yearless, &[u8])> {
    const MONTHS: [&[u8]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let (name, rest) = text.split_at_checked(3)?;
    let month = u32::try_from(MONTHS.iter().position(|month| *month == name)?).ok()?.saturating_add(1);
    let rest = rest.strip_prefix(b" ")?;
    let (day, rest) = match rest.strip_prefix(b" ") {
        Some(rest) => number(rest, 1)?,
        None => number(rest, 2).or_else(|| number(rest, 1))?,
    };
    let (time, rest) = clock(rest.strip_prefix(b" ")?)?;
    // A leap year has every day.
    let stamp = Yearless { month, day, time };
    stamp.in_year(2024).map(|_| (stamp, rest))
}

fn at(date: NaiveDate, [hour, minute, second]: [u32; 3], nanoseconds: u32) -> Option<NaiveDateTime> {
    // A leap second counts as the second before it.
    date.and_hms_nano_opt(hour, minute, if second == 60 { 59 } else { second }, nanoseconds)
}

fn clock(text: &[u8]) -> Option<([u32; 3], &[u8])> {
    let (hour, rest) = number(text, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (second, rest) = number(rest.strip_prefix(b":")?, 2)?;
    Some(([hour, minute, second], rest))
}

/// Exactly so many digits.
fn number(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(digits)?;
    let number = std::str::from_utf8(digits).ok().filter(|_| digits.iter().all(u8::is_ascii_digit))?;
    Some((number.parse().ok()?, rest))
}

/// Nanoseconds of a fraction of a second; 0 where there is none.
fn fraction(text: &[u8]) -> (u32, &[u8]) {
    let Some((b'.' | b',', digits)) = text.split_first() else { return (0, text) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let Some((digits, rest)) = digits.split_at_checked(count).filter(|_| count > 0) else { return (0, text) };
    let filled = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    let nanoseconds = filled.fold(0_u32, |sum, digit| {
        sum.saturating_mul(10).saturating_add(u32::from(digit.saturating_sub(b'0')))
    });
    (nanoseconds, rest)
}

fn offset(text: &[u8]) -> (Option<i32>, &[u8]) {
    if let Some(rest) = text.strip_prefix(b"Z") {
        return (Some(0), rest);
    }
    signed_offset(text).map_or((None, text), |(offset, rest)| (Some(offset), rest))
}

fn signed_offset(text: &[u8]) -> Option<(i32, &[u8])> {
    let (sign, rest) = text.split_first()?;
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = number(rest, 2)?;
    let (minutes, rest) = number(rest.strip_prefix(b":").unwrap_or(rest), 2)?;
    let seconds = i32::try_from(hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?).ok()?;
    (seconds <= 86_400).then_some((sign * seconds, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, Option<i32>, String) {
        let (stamp, rest) = iso(text.as_bytes()).unwrap();
        (stamp.local.to_string(), stamp.offset, String::from_utf8(rest.to_vec()).unwrap())
    }

    #[test]
    fn every_form_of_an_iso_time_is_read() {
        let of = |text, offset, rest: &str| (String::from(text), offset, rest.to_owned());
        assert_eq!(read("2026-01-31 10:00:01 install"), of("2026-01-31 10:00:01", None, " install"));
        assert_eq!(read("2026-01-31  10:00:01"), of("2026-01-31 10:00:01", None, ""));
        assert_eq!(read("2026-01-31 10:00:01,123 - x"), of("2026-01-31 10:00:01.123", None, " - x"));
        let full = "2026-01-31T10:00:01.123456+02:30 host";
        assert_eq!(read(full), of("2026-01-31 10:00:01.123456", Some(9000), " host"));
        assert_eq!(read("2026-01-31T10:00:01-0500"), of("2026-01-31 10:00:01", Some(-18_000), ""));
        assert_eq!(read("2026-01-31T23:59:60Z!"), of("2026-01-31 23:59:59", Some(0), "!"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in
            ["", "2026", "2026-02-30 10:00:00", "2026-01-31 25:00:00", "2026-01-31", "20x6-01-31 10:00:00"]
        {
            assert!(iso(text.as_bytes()).is_none(), "{text}");
        }
        for text in ["Jan", "Jan 32 10:00:00", "jan  1 10:00:00", "Feb 30 10:00:00", "Jan  1 10:00"] {
            assert!(yearless(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_time_without_a_year_is_read_with_one_or_two_digits_of_the_day() {
        let of = |text: &str| yearless(text.as_bytes()).unwrap().0.in_year(2026).unwrap().to_string();
        assert_eq!(of("Jan  2 10:00:00 host"), "2026-01-02 10:00:00");
        assert_eq!(of("Jan 2 10:00:00 host"), "2026-01-02 10:00:00");
        assert_eq!(of("Dec 31 23:59:59 host"), "2026-12-31 23:59:59");
        assert_eq!(yearless(b"Feb 29 10:00:00").unwrap().0.in_year(2026), None);
    }
}
