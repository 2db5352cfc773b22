//! Moments, as AWS and its clients write them.

use std::fmt;

use chrono::{DateTime, NaiveDate};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// A moment in seconds since 1970 (UTC). Not known where the text is none: what rests on it is then undecided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Option<i64>);

impl Moment {
    /// The moment so many seconds after 1970 began.
    pub const fn of_seconds(seconds: i64) -> Self {
        Self(Some(seconds))
    }

    /// Reads `2020-10-08T13:31:46.000Z`, with or without a fraction, `+00:00` for `Z`, a blank for `T`; a day alone is its
    /// beginning.
    pub fn parse(text: &str) -> Self {
        let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
        let moment =
            DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)).map(|moment| moment.timestamp());
        Self(moment.ok().or_else(|| day().map(|day| day.and_utc().timestamp())))
    }

    /// Seconds since 1970.
    pub const fn seconds(self) -> Option<i64> {
        self.0
    }

    /// Seconds from it to `later`.
    pub fn until(self, later: Self) -> Option<i64> {
        later.0?.checked_sub(self.0?)
    }
}

/// `2026-11-29T20:03:19Z`; "?" where it is not known.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = self.0.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        match moment {
            Some(moment) => write!(f, "{}", moment.format("%Y-%m-%dT%H:%M:%SZ")),
            None => f.write_str("?"),
        }
    }
}

/// Text, or seconds (the first generation of the CLI), or the parts of a Python datetime, as recordings have them.
impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MomentVisitor)
    }
}

struct MomentVisitor;

impl<'de> Visitor<'de> for MomentVisitor {
    type Value = Moment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a moment")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Moment, E> {
        Ok(Moment::parse(text))
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Moment, E> {
        Ok(Moment(Some(seconds)))
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Moment, E> {
        Ok(Moment(i64::try_from(seconds).ok()))
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Moment, E> {
        let whole = format!("{:.0}", seconds.floor());
        Ok(Moment(whole.parse().ok()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Moment, E> {
        Ok(Moment(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Moment, A::Error> {
        let mut parts = [0_u32; 6];
        const NAMES: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value::<serde_json::Value>()?;
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            let part = NAMES.iter().position(|name| *name == key).and_then(|at| parts.get_mut(at));
            if let (Some(part), Some(number)) = (part, number) {
                *part = number;
            }
        }
        let [year, month, day, hour, minute, second] = parts;
        let year = i32::try_from(year).unwrap_or_default();
        let moment =
            NaiveDate::from_ymd_opt(year, month, day).and_then(|day| day.and_hms_opt(hour, minute, second));
        Ok(Moment(moment.map(|moment| moment.and_utc().timestamp())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_in_every_form_that_clients_write() {
        let want = Moment::of_seconds(1_772_585_364);
        let forms = [
            r#""2026-03-04T00:49:24Z""#,
            r#""2026-03-04T00:49:24.000Z""#,
            r#""2026-03-04T00:49:24+00:00""#,
            r#""2026-03-04 00:49:24+00:00""#,
            r#""2026-03-04T02:49:24+02:00""#,
            "1772585364",
            "1772585364.114",
            r#"{"__class__":"datetime","year":2026,"month":3,"day":4,"hour":0,"minute":49,"second":24,"microsecond":7}"#,
        ];
        for form in forms {
            assert_eq!(serde_json::from_str::<Moment>(form).unwrap(), want, "{form}");
        }
        assert_eq!(want.to_string(), "2026-03-04T00:49:24Z");
    }

    #[test]
    fn what_is_no_moment_is_not_known_and_spoils_no_file() {
        for form in [r#""yesterday""#, r#""""#, "null", r#"{"year":2026,"month":13,"day":1}"#, "1e300"] {
            assert_eq!(serde_json::from_str::<Moment>(form).unwrap().seconds(), None, "{form}");
        }
    }
}
