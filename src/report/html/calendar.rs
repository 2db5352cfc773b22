//! Moments as dates, in UTC.

use crate::fs::Time;

/// The moments that are shown: the years 1 to 9999. What a hostile inode says beyond them is no time.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;
const DAY: i64 = 86_400;

/// Seconds since 1970 of a time that can be one: set, and of a year with at most four digits.
pub(super) fn seconds(time: Time) -> Option<i64> {
    (time != Time::default() && (FIRST..=LAST).contains(&time.seconds)).then_some(time.seconds)
}

/// "2024-02-29 23:59:59".
pub(super) fn date(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let clock = seconds.rem_euclid(DAY);
    let (hours, minutes, seconds) = (clock / 3600, clock / 60 % 60, clock % 60);
    format!("{year:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02}")
}

/// The year of a moment.
pub(super) fn year(seconds: i64) -> i64 {
    civil(seconds.div_euclid(DAY)).0
}

/// Year, month and day of a day since 1970, by the rules of the Gregorian calendar: counted in eras of 400 years that
/// begin on 1 March, so that the leap day is the last of its year.
fn civil(day: i64) -> (i64, i64, i64) {
    let day = day.saturating_add(719_468);
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year.saturating_add(era.saturating_mul(400)).saturating_add((month <= 2).into());
    (year, month, of_year - (153 * march + 2) / 5 + 1)
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
