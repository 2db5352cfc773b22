//! Days, as policies and baselines name them: `2027-01-31`.

use std::fmt;

use chrono::{DateTime, Datelike as _, NaiveDate};

/// A day of the Gregorian calendar. Days compare by their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(NaiveDate);

/// The last day that has the form.
const LAST: Option<NaiveDate> = NaiveDate::from_ymd_opt(9999, 12, 31);

impl Date {
    /// Reads `YYYY-MM-DD`; `None` where it is not one, or no such day exists.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        if parts.next().is_some() || !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
            return None;
        }
        NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).map(Self)
    }

    /// The day (UTC) on which so many seconds have passed since 1970 began; 9999-12-31 for any later one.
    pub fn of_seconds(seconds: u64) -> Self {
        let moment = i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let last = LAST.unwrap_or_default();
        Self(moment.map_or(last, |moment| moment.date_naive().min(last)))
    }

    /// How many days it is after `earlier`; negative where it is before.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.0.signed_duration_since(earlier.0).num_days()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

/// A moment in UTC as RFC 3339 writes it, to the second; none where its year has no four digits.
pub fn rfc3339(seconds: i64) -> Option<String> {
    let moment = DateTime::from_timestamp(seconds, 0)?;
    (0..=9999).contains(&moment.year()).then(|| moment.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_its_year_in_four_digits() {
        assert_eq!(rfc3339(1_764_547_200).as_deref(), Some("2025-12-01T00:00:00Z"));
        assert_eq!(rfc3339(-1).as_deref(), Some("1969-12-31T23:59:59Z"));
        assert_eq!((rfc3339(i64::MAX), rfc3339(253_402_300_800)), (None, None));
    }

    #[test]
    fn only_days_that_exist_are_read() {
        for good in ["2027-01-31", "2024-02-29", "2000-02-29", "0001-12-31"] {
            assert_eq!(Date::parse(good).unwrap().to_string(), good);
        }
        for bad in
            ["2027-02-29", "1900-02-29", "2027-13-01", "2027-00-01", "2027-01-00", "2027-1-1", "27-01-01"]
        {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
        for bad in ["", "2027-01-01T00:00", "2027-01-01-01", "+027-01-01", "tomorrow"] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_are_in_order() {
        let date = |text| Date::parse(text).unwrap();
        assert!(date("2026-12-31") < date("2027-01-01") && date("2027-01-31") < date("2027-02-01"));
    }

    #[test]
    fn days_are_counted_over_leap_years() {
        let date = |text| Date::parse(text).unwrap();
        assert_eq!(date("2024-03-01").days_since(date("2024-02-28")), 2);
        assert_eq!(date("2026-12-31").days_since(date("2027-01-01")), -1);
    }

    #[test]
    fn seconds_become_the_day_that_date_prints() {
        // Each as `date -u -d @SECONDS +%F` prints it.
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_782_400, "2000-02-29"),
            (1_709_164_800, "2024-02-29"),
            (1_735_689_599, "2024-12-31"),
            (1_735_689_600, "2025-01-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(Date::of_seconds(seconds).to_string(), day);
        }
        assert_eq!(Date::of_seconds(u64::MAX).to_string(), "9999-12-31");
    }
}
