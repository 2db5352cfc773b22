//! Takes a condition apart, and hands each primitive to the file that knows its kind.

use super::schema::{
    AccountsRule, ChronyRule, KernelArgument, PamRule, Rule, SettingRule, SshdRule, SysctlRule, SystemdRule,
    Test,
};
use super::subject::{Unreadable, shown};
use super::{Evidence, Outcome, Subject, Verdict};
use super::{
    accounts, audit_rules, boot, chrony, file_scan, files, modules, mounts, packages, pam, settings, sshd,
    sudoers, sysctl, umask, units,
};

use assay_disk::path::glob_folded;

/// What a primitive says; an error is a place that could not be read.
pub(super) type Judged = Result<Outcome, Unreadable>;

/// Judges a condition.
pub(super) fn evaluate(rule: &Rule, subject: &Subject<'_>) -> Outcome {
    match rule {
        Rule::All(rules) => all(rules.iter().map(|rule| evaluate(rule, subject)).collect()),
        Rule::Any(rules) => any(rules.iter().map(|rule| evaluate(rule, subject)).collect()),
        Rule::Not(rule) => not(evaluate(rule, subject)),
        _ => primitive(rule, subject).unwrap_or_else(|(path, why)| Outcome::undecided(&path, why)),
    }
}

fn primitive(rule: &Rule, subject: &Subject<'_>) -> Judged {
    // It holds for nothing, which under `not` would be a pass.
    if let Some(wrong) = expression(rule).filter(|pattern| regex::Regex::new(pattern).is_err()) {
        return Err((Vec::new(), format!("no regular expression: {wrong}")));
    }
    match rule {
        Rule::Exists(path) => files::exists(path, subject),
        Rule::File(rule) => files::file(rule, subject),
        Rule::Line(rule) => files::line(rule, subject),
        Rule::Setting(rule) => settings::setting(rule, subject),
        Rule::Chrony(rule) => chrony::evaluate(rule, subject),
        Rule::Umask(rule) => umask::evaluate(rule, subject),
        Rule::Systemd(rule) => settings::systemd(rule, subject),
        Rule::Sysctl(rule) => sysctl::evaluate(rule, subject),
        Rule::ModuleOff(name) => modules::off(name, subject),
        Rule::Sshd(rule) => sshd::evaluate(rule, subject),
        Rule::KernelArgument(rule) => boot::argument(rule, subject),
        Rule::BootPassword {} => boot::password(subject),
        Rule::Mounted(path) => mounts::mounted(path, subject),
        Rule::MountOption(rule) => mounts::option(rule, subject),
        Rule::Package(names) => packages::installed(names, subject),
        Rule::Unit(rule) => units::evaluate(rule, subject),
        Rule::Pam(rule) => pam::evaluate(rule, subject),
        Rule::Sudo(rule) => sudoers::evaluate(rule, subject),
        Rule::Accounts(rule) => accounts::evaluate(rule, subject),
        Rule::Sweep(rule) => file_scan::evaluate(rule, subject),
        Rule::AuditWatch(rule) => audit_rules::watch(rule, subject),
        Rule::AuditCalls(rule) => audit_rules::calls(rule, subject),
        Rule::AuditLine(line) => audit_rules::line(line, subject),
        Rule::Os(systems) => Ok(os(systems, subject)),
        Rule::All(_) | Rule::Any(_) | Rule::Not(_) => Ok(evaluate(rule, subject)),
    }
}

/// The regular expression that a primitive tries on its value.
fn expression(rule: &Rule) -> Option<&str> {
    let test = match rule {
        Rule::Setting(SettingRule { value, .. })
        | Rule::Chrony(ChronyRule { value, .. })
        | Rule::Systemd(SystemdRule { value, .. })
        | Rule::Sysctl(SysctlRule { value, .. })
        | Rule::Sshd(SshdRule { value, .. })
        | Rule::KernelArgument(KernelArgument { value, .. })
        | Rule::Pam(PamRule { value, .. })
        | Rule::Accounts(AccountsRule::Ageing { value, .. }) => value,
        _ => return None,
    };
    test.matches.as_deref()
}

/// Fails if one fails; what applies to nothing says nothing.
pub(super) fn all(outcomes: Vec<Outcome>) -> Outcome {
    first_of(outcomes, [Verdict::Fail, Verdict::Undecided, Verdict::Pass, Verdict::NotApplicable])
}

/// Passes if one passes.
fn any(outcomes: Vec<Outcome>) -> Outcome {
    first_of(outcomes, [Verdict::Pass, Verdict::Undecided, Verdict::Fail, Verdict::NotApplicable])
}

/// The first of these verdicts that is there, with the evidence of all that have it.
fn first_of(outcomes: Vec<Outcome>, order: [Verdict; 4]) -> Outcome {
    let there = |verdict: &Verdict| outcomes.iter().any(|outcome| outcome.verdict == *verdict);
    let verdict = order.into_iter().find(there).unwrap_or(Verdict::NotApplicable);
    let mine = outcomes.into_iter().filter(|outcome| outcome.verdict == verdict);
    Outcome { verdict, evidence: mine.flat_map(|outcome| outcome.evidence).take(Outcome::KEPT).collect() }
}

fn not(outcome: Outcome) -> Outcome {
    let verdict = match outcome.verdict {
        Verdict::Pass => Verdict::Fail,
        Verdict::Fail => Verdict::Pass,
        other => other,
    };
    Outcome { verdict, ..outcome }
}

fn os(systems: &[String], subject: &Subject<'_>) -> Outcome {
    let os = &subject.facts.os;
    let full = format!("{} {}", os.id, os.version_id);
    let holds = systems
        .iter()
        .any(|system| *system == os.id || *system == full || full.starts_with(&format!("{system}.")));
    Outcome::of(holds, Evidence::at(b"/etc/os-release", shown(full.as_bytes())))
}

impl Test {
    /// Whether a value is as it must be.
    pub(super) fn holds(&self, value: &[u8]) -> bool {
        let text = String::from_utf8_lossy(value.trim_ascii()).into_owned();
        let same = |other: &String| other.eq_ignore_ascii_case(&text);
        let number = text.parse::<i64>().ok();
        let regex = |pattern: &String| regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(&text));
        let words = || text.split(',').map(str::trim);
        (self.is.is_empty() || self.is.iter().any(same))
            && !self.not.iter().any(same)
            && self.min.is_none_or(|min| number.is_some_and(|number| number >= min))
            && self.max.is_none_or(|max| number.is_some_and(|number| number <= max))
            && self.matches.as_ref().is_none_or(regex)
            && !self.lacks.iter().any(|word| words().any(|own| glob_folded(own.as_bytes(), word.as_bytes())))
            && self.umask.as_ref().is_none_or(|least| umask::takes_away(&text, least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(verdict: Verdict) -> Outcome {
        Outcome::new(verdict, Evidence::default())
    }

    #[test]
    fn an_expression_that_is_none_decides_nothing() {
        let tree = assay_disk::tree::Tree::of(
            std::sync::Arc::new(assay_disk::fs::memory::Memory::new().file("/etc/a.conf", "key = value\n")),
            &assay_disk::budget::Budget::default(),
        );
        let facts = crate::facts::Facts::default();
        let subject = Subject::new(&tree, &facts, &[]);
        for rule in [
            "not = { setting = { path = [\"/etc/a.conf\"], key = \"key\", value = { matches = \"(\" } } }",
            "kernel-argument = { name = \"init\", absent = true, value = { matches = \"(\" } }",
            "not = { line = { path = [\"/etc/a.conf\"], regex = \"(\" } }",
        ] {
            let rule: Rule = toml::from_str(rule).unwrap();
            assert_eq!(evaluate(&rule, &subject).verdict, Verdict::Undecided, "{rule:?}");
        }
    }

    #[test]
    fn what_could_not_be_read_never_passes() {
        use Verdict::{Fail, NotApplicable, Pass, Undecided};
        let all = |verdicts: &[Verdict]| all(verdicts.iter().copied().map(outcome).collect()).verdict;
        let any = |verdicts: &[Verdict]| any(verdicts.iter().copied().map(outcome).collect()).verdict;
        assert_eq!(all(&[Pass, Undecided]), Undecided);
        assert_eq!(all(&[Pass, Undecided, Fail]), Fail);
        assert_eq!(all(&[Pass, NotApplicable]), Pass);
        assert_eq!(any(&[Fail, Undecided]), Undecided);
        assert_eq!(any(&[Pass, Undecided]), Pass);
        assert_eq!(not(outcome(Undecided)).verdict, Undecided);
    }
}
