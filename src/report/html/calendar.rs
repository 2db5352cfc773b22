//! Moments as dates, in UTC.

use chrono::{DateTime, Datelike as _, Utc};

use assay_disk::fs::Time;

/// The moments that are shown: the years 1 to 9999. What a hostile inode says beyond them is no time.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

/// Seconds since 1970 of a time that can be one: set, and of a year with at most four digits.
pub(super) fn seconds(time: Time) -> Option<i64> {
    (time != Time::default() && (FIRST..=LAST).contains(&time.seconds)).then_some(time.seconds)
}

/// "2024-02-29 23:59:59".
pub(super) fn date(seconds: i64) -> String {
    moment(seconds).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The year of a moment.
pub(super) fn year(seconds: i64) -> i64 {
    moment(seconds).year().into()
}

fn moment(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_command_date() {
        let known = [
            (0, "1970-01-01 00:00:00"),
            (951_868_799, "2000-02-29 23:59:59"),
            (951_868_800, "2000-03-01 00:00:00"),
            (-1, "1969-12-31 23:59:59"),
            (4_107_542_400, "2100-03-01 00:00:00"),
            (FIRST, "0001-01-01 00:00:00"),
            (LAST, "9999-12-31 23:59:59"),
        ];
        for (seconds, text) in known {
            assert_eq!(date(seconds), text);
        }
    }

    #[test]
    fn what_is_no_time_is_not_shown() {
        let at = |seconds| super::seconds(Time { seconds, nanoseconds: 0 });
        assert_eq!((at(0), at(i64::MIN), at(LAST + 1), at(LAST)), (None, None, None, Some(LAST)));
    }
}
