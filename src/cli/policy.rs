//! By what an image is judged: the policy, the baseline and the day, from flags and files.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Failure;
use super::arguments::{AcceptGap, ComparePackages, FailOn, Judging};
use super::user_file;
use super::wrong_input::Kind;
use crate::baseline::Baseline;
use crate::budget::Budget;
use crate::date::Date;
use crate::detect::integrity::Extent;
use crate::policy::{self, Compare, DefaultPasswords, Policy};

/// By what an image is judged.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) policy: Policy,
    pub(super) baseline: Option<Baseline>,
    pub(super) today: Date,
}

impl Gate {
    /// What the flags say; `--fail-on` and `--accept-gap` are stronger than the policy.
    pub(super) fn of(
        judging: &Judging,
        fail_on: Option<FailOn>,
        accept: &[AcceptGap],
    ) -> Result<Self, Failure> {
        let mut policy = policy(judging.profile.as_deref(), judging.policy.as_deref())?;
        match fail_on {
            None => {}
            Some(FailOn::Severity(severity)) => policy.fail_on(Some(severity)),
            Some(FailOn::Never) => policy.fail_on(None),
        }
        for accepted in accept {
            match accepted {
                AcceptGap::Kind(kind) => policy.accept_gaps(Some(*kind)),
                AcceptGap::All => policy.accept_gaps(None),
            }
        }
        let baseline = judging.baseline.as_deref().map(baseline).transpose()?;
        if policy.needs_key() && baseline.is_none() {
            return Err(Failure::usage(
                "the policy allows findings by fingerprint, which needs the baseline with their key: --baseline FILE",
            ));
        }
        Ok(Self { policy, baseline, today: today(judging.today)? })
    }
}

/// The profile, the policy of a file, or what the program does without.
pub(super) fn policy(profile: Option<&str>, file: Option<&Path>) -> Result<Policy, Failure> {
    if let Some(path) = file {
        let text = text(path, "--policy")?;
        let read = policy::read(&path.display().to_string(), &text);
        return read.map_err(|problem| wrong(path, "--policy", &problem));
    }
    let Some(name) = profile else { return Ok(Policy::default()) };
    let known = policy::profile(name).map_err(Failure::usage)?;
    known.ok_or_else(|| Failure::usage(format!("there is no profile {name}")))
}

/// The baseline of a file.
pub(super) fn baseline(path: &Path) -> Result<Baseline, Failure> {
    Baseline::read(&text(path, "--baseline")?).map_err(|problem| wrong(path, "--baseline", &problem))
}

/// The text of the file of a flag, unless it is of another one.
fn text(path: &Path, flag: &str) -> Result<String, Failure> {
    let text = user_file::text(path).map_err(|error| unread(path, flag, &error))?;
    let wanted = if flag == "--policy" { Kind::Policy } else { Kind::Baseline };
    match Kind::of(text.as_bytes()) {
        Some(kind) if kind != wanted => Err(kind.failure(path, &format!("what {flag} takes"))),
        _ => Ok(text),
    }
}

/// That a file cannot be read; who names a built-in policy by the wrong flag is told.
fn unread(path: &Path, flag: &str, error: &std::io::Error) -> Failure {
    let profile = path.to_str().filter(|name| matches!(policy::profile(name), Ok(Some(_))));
    match profile.filter(|_| flag == "--policy") {
        Some(name) => {
            Failure::usage(format!("{flag} {name}: there is no such file; built in is --profile {name}"))
        }
        None => wrong(path, flag, error),
    }
}

fn wrong(path: &Path, flag: &str, problem: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("{flag} {}: {problem}", path.display()))
}

/// The day: of a flag, of SOURCE_DATE_EPOCH (for the same report on another day), or of the clock.
pub(super) fn today(flag: Option<Date>) -> Result<Date, Failure> {
    if let Some(day) = flag {
        return Ok(day);
    }
    if let Some(epoch) = std::env::var_os("SOURCE_DATE_EPOCH") {
        let seconds = epoch.to_str().and_then(|text| text.parse().ok());
        let day = seconds.map(Date::of_seconds);
        return day.ok_or_else(|| Failure::usage("SOURCE_DATE_EPOCH is no number of seconds"));
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Date::of_seconds(since.as_secs()))
}

/// What an audit may spend: more on default passwords, where the policy asks for it.
pub(super) fn budget(policy: &Policy) -> Budget {
    match policy.scan.default_passwords {
        None | Some(DefaultPasswords::Likely) => Budget::default(),
        Some(DefaultPasswords::More) => Budget::default().with_more_passwords(),
    }
}

/// Which files are compared: the flag is stronger than the policy.
pub(super) fn extent(flag: Option<ComparePackages>, policy: &Policy) -> Extent {
    match (flag, policy.scan.compare_packages) {
        (Some(ComparePackages::Essential), _) | (None, Some(Compare::Essential) | None) => Extent::Essential,
        (Some(ComparePackages::All), _) | (None, Some(Compare::All)) => Extent::All,
        (Some(ComparePackages::None), _) | (None, Some(Compare::Nothing)) => Extent::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nanoseconds that an audit under this profile spends on trying passwords.
    fn spent_under(profile: &str) -> u64 {
        budget(&policy::profile(profile).unwrap().unwrap()).password_trials
    }

    #[test]
    fn an_audit_tries_default_passwords_for_half_a_second_of_a_core() {
        assert_eq!(budget(&Policy::default()).password_trials, 500_000_000);
        assert_eq!(spent_under("golden"), 500_000_000);
    }

    #[test]
    fn images_for_strangers_and_suspect_ones_are_tried_for_two_seconds() {
        for profile in ["public-ami", "marketplace", "forensic"] {
            assert_eq!(spent_under(profile), 2_000_000_000, "{profile}");
        }
    }

    #[test]
    fn more_passwords_change_nothing_else_of_the_budget() {
        let more = budget(&policy::profile("public-ami").unwrap().unwrap());
        assert_eq!(more, Budget { password_trials: 2_000_000_000, ..Budget::default() });
    }
}
