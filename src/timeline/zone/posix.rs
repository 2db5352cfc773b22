//! The rule of a zone for all times to come: `CET-1CEST,M3.5.0,M10.5.0/3`.
//!
//! Source: POSIX, 8.3 (TZ), with the hours beyond a day that RFC 9636 allows.

use chrono::{Datelike, Days, NaiveDate};

use super::super::stamp;

/// Seconds of an hour.
const HOUR: i64 = 3600;

/// A rule. Offsets are seconds east of UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    standard: i64,
    summer: Option<Summer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Summer {
    offset: i64,
    start: Change,
    end: Change,
}

/// When a clock is changed: the day, and seconds from its start by the clock before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    day: Day,
    seconds: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// Of the year from 1, without a 29 February.
    Julian(u32),
    /// Of the year from 0.
    Ordinal(u32),
    /// The n-th (5: the last) such day of the week (0: Sunday) of a month.
    Weekday { month: u32, week: u32, day: u32 },
}

impl Rule {
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let rest = name(text)?;
        let (offset, rest) = duration(rest)?;
        let standard = offset.checked_neg()?;
        if rest.is_empty() {
            return Some(Self { standard, summer: None });
        }
        let rest = name(rest)?;
        let (offset, rest) = match duration(rest) {
            Some((offset, rest)) => (offset.checked_neg()?, rest),
            None => (standard.checked_add(HOUR)?, rest),
        };
        let (start, rest) = change(rest.strip_prefix(b",")?)?;
        let (end, rest) = change(rest.strip_prefix(b",")?)?;
        rest.is_empty().then_some(Self { standard, summer: Some(Summer { offset, start, end }) })
    }

    /// Seconds east of UTC at this time.
    pub(super) fn offset(&self, utc: i64) -> i64 {
        let in_summer = |summer: &Summer| {
            let year = stamp::civil(utc.checked_add(self.standard)?)?.year();
            let start = summer.start.seconds_in(year)?.checked_sub(self.standard)?;
            let end = summer.end.seconds_in(year)?.checked_sub(summer.offset)?;
            Some(if start < end { (start..end).contains(&utc) } else { !(end..start).contains(&utc) })
        };
        match &self.summer {
            Some(summer) if in_summer(summer) == Some(true) => summer.offset,
            _ => self.standard,
        }
    }
}

impl Change {
    /// Seconds since 1970 by the clock before.
    fn seconds_in(self, year: i32) -> Option<i64> {
        let date = self.day.in_year(year)?;
        stamp::seconds(date.and_hms_opt(0, 0, 0)?).checked_add(self.seconds)
    }
}

impl Day {
    fn in_year(self, year: i32) -> Option<NaiveDate> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
        match self {
            Self::Julian(day) => {
                let leap = u32::from(first.leap_year() && day >= 60);
                first.checked_add_days(Days::new(u64::from(day.checked_add(leap)?.checked_sub(1)?)))
            }
            Self::Ordinal(day) => first.checked_add_days(Days::new(day.into())),
            Self::Weekday { month, week, day } => {
                let first = NaiveDate::from_ymd_opt(year, month, 1)?;
                let until = (7 + day).checked_sub(first.weekday().num_days_from_sunday())? % 7;
                let days = until.checked_add(week.checked_sub(1)?.checked_mul(7)?)?;
                let found = first.checked_add_days(Days::new(days.into()))?;
                // The fifth is the last, which may be the fourth.
                if found.month() == month { Some(found) } else { found.checked_sub_days(Days::new(7)) }
            }
        }
    }
}

/// What follows the name of a zone: letters, or anything in `<>`.
fn name(text: &[u8]) -> Option<&[u8]> {
    if let Some(quoted) = text.strip_prefix(b"<") {
        return quoted.get(memchr::memchr(b'>', quoted)?.checked_add(1)?..);
    }
    let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    text.get(letters..).filter(|_| letters >= 3)
}

/// `[+-]hh[:mm[:ss]]` in seconds.
fn duration(text: &[u8]) -> Option<(i64, &[u8])> {
    let (sign, rest) = match text.split_first()? {
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => (1, text),
    };
    let (mut seconds, mut rest) = digits(rest).map(|(hours, rest)| (i64::from(hours) * HOUR, rest))?;
    for unit in [60, 1] {
        let Some(more) = rest.strip_prefix(b":") else { break };
        let (number, after) = digits(more)?;
        seconds = seconds.checked_add(i64::from(number) * unit)?;
        rest = after;
    }
    Some((sign * seconds, rest))
}

fn change(text: &[u8]) -> Option<(Change, &[u8])> {
    let (day, rest) = day(text)?;
    match rest.strip_prefix(b"/") {
        Some(rest) => duration(rest).map(|(seconds, rest)| (Change { day, seconds }, rest)),
        None => Some((Change { day, seconds: 2 * HOUR }, rest)),
    }
}

fn day(text: &[u8]) -> Option<(Day, &[u8])> {
    if let Some(rest) = text.strip_prefix(b"J") {
        return digits(rest).filter(|(day, _)| *day > 0).map(|(day, rest)| (Day::Julian(day), rest));
    }
    let Some(rest) = text.strip_prefix(b"M") else {
        return digits(text).map(|(day, rest)| (Day::Ordinal(day), rest));
    };
    let (month, rest) = digits(rest)?;
    let (week, rest) = digits(rest.strip_prefix(b".")?)?;
    let (day, rest) = digits(rest.strip_prefix(b".")?)?;
    let is_day = (1..=12).contains(&month) && (1..=5).contains(&week) && day < 7;
    is_day.then_some((Day::Weekday { month, week, day }, rest))
}

/// A number of one to three digits.
fn digits(text: &[u8]) -> Option<(u32, &[u8])> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(count).filter(|_| (1..=3).contains(&count))?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_rule_is_read() {
        let at = |rule: &str, utc| Rule::parse(rule.as_bytes()).unwrap().offset(utc);
        // 2026-07-01 and 2026-01-01.
        let (july, january) = (1_782_864_000, 1_767_225_600);
        assert_eq!(at("UTC0", july), 0);
        assert_eq!(at("<+0330>-3:30", july), 12_600);
        assert_eq!(at("EST5EDT,M3.2.0,M11.1.0", july), -14_400);
        assert_eq!(at("EST5EDT,M3.2.0,M11.1.0", january), -18_000);
        assert_eq!(at("IST-1GMT0,M10.5.0,M3.5.0/1", january), 0);
        assert_eq!(at("XXX3YYY,J60/0,J300", july), -7200);
        assert_eq!(at("XXX3YYY2:30:10,59,300/-1", july), -9010);
        assert_eq!(at("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", july), -3600);
    }

    #[test]
    fn what_is_no_rule_is_none() {
        for text in [
            "",
            "UT",
            "CET",
            "CET-",
            "CET-1CEST",
            "CET-1CEST,M13.1.0,M1.1.0",
            "CET-1CEST,M3.5.0",
            "CET-99999",
        ] {
            assert_eq!(Rule::parse(text.as_bytes()), None, "{text}");
        }
    }
}
