//! What to do first: the few steps from the verdict to an image that passes.

use super::findings::Shown;
use crate::finding::{Finding, Severity};
use crate::report::Outcome;
use crate::report::terminal::thousands;

/// A step.
pub(super) struct Step {
    pub(super) text: String,
    /// A command line.
    pub(super) command: &'static str,
    /// The section that has more, and its name.
    pub(super) section: Option<(&'static str, &'static str)>,
}

/// The steps; none where the image passes and nothing was found.
pub(super) fn steps(outcome: Outcome, findings: &[Finding], shown: &[Shown]) -> Vec<Step> {
    let count = |wanted: &dyn Fn(&Finding) -> bool| findings.iter().filter(|finding| wanted(finding)).count();
    let secrets =
        count(&|finding| finding.severity >= Severity::High && !finding.evidence.secrets.is_empty());
    let automatic = shown.iter().filter(|shown| shown.advice.automatic).count();
    let mut steps = Vec::new();
    if secrets > 0 {
        steps.push(Step {
            text: format!(
                "Change or revoke what {} with a secret tell of, the worst first: whoever has had the image has the \
                 secrets, and to delete them from it does not take them back.",
                counted(secrets, "finding")
            ),
            command: "",
            section: Some(("findings", "Findings")),
        });
    }
    if !shown.is_empty() && outcome != Outcome::Pass {
        let (all, rest) = (counted(shown.len(), "finding"), shown.len().saturating_sub(automatic));
        steps.push(Step {
            text: format!(
                "Clean the machine that the image is made of. A script does it for {} of {all}; what the other {} \
                 need, a person must decide: open each to see its commands.",
                thousands(automatic as u64),
                thousands(rest as u64)
            ),
            command: "assay fix IMAGE -o clean.sh",
            section: None,
        });
    }
    if outcome == Outcome::Incomplete {
        steps.push(Step {
            text: "Look at what could not be read: it may hide a finding. What is meant to be so is accepted by \
                   --accept-gap."
                .to_owned(),
            command: "",
            section: Some(("gaps", "Gaps")),
        });
    }
    if outcome != Outcome::Pass {
        let text = "Make the image anew, and audit that one, until it passes.".to_owned();
        steps.push(Step { text, command: "assay scan IMAGE", section: None });
    }
    steps
}

/// The steps where accounts or code were judged: by what is worst.
pub(super) fn of_sourcing(outcome: Outcome, findings: &[Finding]) -> Vec<Step> {
    let of = |rules: &[&str]| {
        findings.iter().filter(|finding| rules.contains(&finding.advisory.id.as_str())).count()
    };
    let findings_of = Some(("findings", "Findings"));
    let step = |text: String, section| Step { text, command: "", section };
    let mut steps = Vec::new();
    let strange = of(&["image-look-alike", "image-of-public-stranger", "image-of-private-stranger"]);
    if strange > 0 {
        let images = counted(strange, "image");
        let text = format!(
            "Replace what runs from {images} that nobody vouches for, look-alikes first; treat those instances as compromised."
        );
        steps.push(step(text, findings_of));
    }
    let leaks = of(&["snapshot-public", "image-public"]);
    if leaks > 0 {
        let text = format!(
            "Make {} private again, and change every secret in them.",
            counted(leaks, "public image or snapshot")
        );
        steps.push(step(text, findings_of));
    }
    let lookups = of(&["image-lookup-unsafe", "image-lookup-weak", "trail-unguarded-search"]);
    if lookups > 0 {
        let noun = if lookups == 1 { "search" } else { "searches" };
        let text = format!("Name an owner in {} {noun}.", thousands(lookups as u64));
        steps.push(step(text, findings_of));
    }
    if outcome == Outcome::Incomplete {
        let text = "Export what is missing: it may hide a finding.".to_owned();
        steps.push(step(text, Some(("gaps", "Gaps"))));
    }
    if of(&["allowed-amis-off", "allowed-amis-audit-only"]) > 0 {
        let text = "Turn on Allowed AMIs with the proposed criteria, in audit mode first.".to_owned();
        steps.push(Step { text, command: "assay sourcing EXPORT --proposal allowed.json", section: None });
    }
    steps
}

fn counted(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", thousands(number as u64))
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::super::findings;
    use super::*;
    use crate::report::Options;

    #[test]
    fn each_verdict_has_its_steps_and_a_clean_image_has_none() {
        let report = sample::report();
        let names: Vec<String> = report.findings.iter().map(|_| "0".to_owned()).collect();
        let all = findings::show(&names, &report.findings, &report, &Options::default());
        let of = |outcome, findings: &[Finding], shown: &[Shown]| -> Vec<String> {
            steps(outcome, findings, shown).into_iter().map(|step| step.text).collect()
        };
        let failed = of(Outcome::Fail, &report.findings, &all.shown).join("\n");
        let automatic = all.shown.iter().filter(|shown| shown.advice.automatic).count();
        assert!(failed.starts_with("Change or revoke what "), "{failed}");
        assert!(failed.contains(&format!("for {automatic} of {} findings;", all.shown.len())), "{failed}");
        assert!(failed.ends_with("until it passes."), "{failed}");
        let unread = of(Outcome::Incomplete, &[], &[]);
        assert!(unread.len() == 2 && unread[0].starts_with("Look at what could not be read"), "{unread:?}");
        assert_eq!(of(Outcome::Pass, &[], &[]), Vec::<String>::new());
    }
}
