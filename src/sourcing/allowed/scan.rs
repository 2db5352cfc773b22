//! The condition on what Inspector found.

use serde::Deserialize;

use super::{Decision, within};
use crate::sourcing::estate::{Image, Scan};
use crate::sourcing::moment::Moment;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sourcing) struct Condition {
    maximum_severity_label: Option<String>,
    max_days_since_last_finding_scan: Option<i64>,
    max_days_since_informational_fix_available: Option<i64>,
    max_days_since_low_fix_available: Option<i64>,
    max_days_since_medium_fix_available: Option<i64>,
    max_days_since_high_fix_available: Option<i64>,
    max_days_since_critical_fix_available: Option<i64>,
}

const LABELS: [&str; 5] = ["informational", "low", "medium", "high", "critical"];

impl Condition {
    pub(super) fn decide(&self, image: &Image, now: Moment) -> Decision {
        match &image.scan {
            None => Decision::undecided("ScanResults"),
            Some(None) => Decision::NotAllowed,
            Some(Some(scan)) => self.of(scan, now),
        }
    }

    fn of(&self, scan: &Scan, now: Moment) -> Decision {
        let last = |limit| within(limit, scan.finding_scan_date, now, "FindingScanDate");
        // Without a date there is no fix, or no finding.
        let fix = |limit: Option<i64>, since: Option<Moment>, name: &str| match (limit, since) {
            (None, _) | (_, None) => Decision::Allowed,
            _ => within(limit, since, now, name),
        };
        Decision::all([
            self.severity(scan),
            self.max_days_since_last_finding_scan.map_or(Decision::Allowed, |limit| last(Some(limit))),
            fix(
                self.max_days_since_informational_fix_available,
                scan.informational_fix_available_since,
                "InformationalFixAvailableSince",
            ),
            fix(self.max_days_since_low_fix_available, scan.low_fix_available_since, "LowFixAvailableSince"),
            fix(
                self.max_days_since_medium_fix_available,
                scan.medium_fix_available_since,
                "MediumFixAvailableSince",
            ),
            fix(
                self.max_days_since_high_fix_available,
                scan.high_fix_available_since,
                "HighFixAvailableSince",
            ),
            fix(
                self.max_days_since_critical_fix_available,
                scan.critical_fix_available_since,
                "CriticalFixAvailableSince",
            ),
        ])
    }

    fn severity(&self, scan: &Scan) -> Decision {
        let rank = |label: &str| LABELS.iter().position(|known| known.eq_ignore_ascii_case(label));
        match (&self.maximum_severity_label, &scan.highest_finding_severity_label) {
            // No finding meets every limit.
            (None, _) | (_, None) => Decision::Allowed,
            (Some(most), Some(highest)) => match (rank(most), rank(highest)) {
                (Some(most), Some(highest)) => Decision::of(highest <= most),
                _ => Decision::undecided("HighestFindingSeverityLabel"),
            },
        }
    }
}
