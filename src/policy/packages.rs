//! What a policy says of vulnerable and unsupported software.

use serde::Deserialize;

use crate::finding::Finding;
use crate::{support, vulnerabilities};

/// What a policy says of vulnerable and unsupported software, beside the threshold of its category. `None`: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PackageRules {
    /// Whether only vulnerabilities with a fix fail.
    pub only_fixed: Option<bool>,
    /// Whether what is being exploited always fails; it does where nothing is said.
    pub exploited: Option<bool>,
    /// Whether software without support always fails.
    pub ended_support: Option<bool>,
    /// Days after which vulnerability data are too old: the audit is then incomplete.
    pub max_data_age_days: Option<u32>,
}

/// What the rules say of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It fails, by this rule.
    Fails(&'static str),
    /// It does not fail.
    Passes,
}

impl PackageRules {
    /// What is said of a finding; `None` leaves it to the threshold.
    pub fn of(&self, finding: &Finding) -> Option<Said> {
        match finding.advisory.id.as_str() {
            vulnerabilities::EXPLOITED if self.exploited != Some(false) => {
                Some(Said::Fails("packages.exploited"))
            }
            vulnerabilities::UNFIXED if self.only_fixed == Some(true) => Some(Said::Passes),
            support::ENDED if self.ended_support == Some(true) => Some(Said::Fails("packages.ended-support")),
            _ => None,
        }
    }

    /// What these say, and where they say nothing, the others.
    #[must_use]
    pub(super) fn or(self, base: Self) -> Self {
        Self {
            only_fixed: self.only_fixed.or(base.only_fixed),
            exploited: self.exploited.or(base.exploited),
            ended_support: self.ended_support.or(base.ended_support),
            max_data_age_days: self.max_data_age_days.or(base.max_data_age_days),
        }
    }
}
