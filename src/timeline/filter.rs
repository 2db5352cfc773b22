//! Which events are wanted.

use assay_disk::fs::Time;
use assay_disk::path;

use super::source::Source;
use super::stamp;

/// What is wanted; all of it where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// From this time on.
    pub after: Option<Time>,
    /// Before this time.
    pub before: Option<Time>,
    /// Only from these; from all where none is named.
    pub sources: Vec<Source>,
    /// Only of files that one of these patterns fits: `*` within a part of a path, `**` over parts. All where there is
    /// none.
    pub paths: Vec<String>,
}

impl Filter {
    /// Whether events of such a time are wanted.
    pub fn has_time(&self, time: Time) -> bool {
        self.after.is_none_or(|after| time >= after) && self.before.is_none_or(|before| time < before)
    }

    /// Whether events from there are wanted.
    pub fn has_source(&self, source: Source) -> bool {
        self.sources.is_empty() || self.sources.contains(&source)
    }

    /// Whether events of this file are wanted.
    pub fn has_path(&self, path: &[u8]) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|pattern| path::fits(pattern, path))
    }
}

/// Reads a time as a user writes it: `2026-01-31`, or `2026-01-31T10:00:00` with or without an offset; without one it is
/// UTC.
pub fn time(text: &str) -> Option<Time> {
    let stamp = stamp::day(text.as_bytes()).or_else(|| {
        let (stamp, rest) = stamp::iso(text.as_bytes())?;
        rest.is_empty().then_some(stamp)
    })?;
    let seconds = stamp::seconds(stamp.local).checked_sub(stamp.offset.unwrap_or(0).into())?;
    Some(Time { seconds, nanoseconds: chrono::Timelike::nanosecond(&stamp.local).min(999_999_999) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_begins_with_its_first_moment_and_ends_before_its_last() {
        let filter = Filter {
            after: time("2026-01-31"),
            before: time("2026-02-01T00:00:00+01:00"),
            ..Filter::default()
        };
        let has = |text| filter.has_time(time(text).unwrap());
        assert!(has("2026-01-31") && has("2026-01-31 22:59:59.999"));
        assert!(!has("2026-01-30 23:59:59") && !has("2026-01-31T23:00:00Z"));
        for text in ["", "2026", "yesterday", "2026-01-31x", "2026-01-31T10:00"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
