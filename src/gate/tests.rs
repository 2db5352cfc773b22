use std::sync::Arc;

use super::*;
use crate::audit::VolumeSummary;
use crate::baseline::{Entry, Key};
use crate::checks::Benchmark;
use crate::checks::benchmark::Judged as Section;
use crate::finding::{
    Advisory, BaselineState, Category, Confidence, Gap, GapKind, Location, Loss, Secret, Severity,
};
use crate::{policy, requirements};

fn rule(id: &str, category: Category, severity: Severity) -> Finding {
    Finding::new(&Arc::new(Advisory {
        id: id.to_owned(),
        category,
        title: "A rule".to_owned(),
        severity,
        why: String::new(),
        remedy: String::new(),
        references: Vec::new(),
    }))
}

fn finding(severity: Severity) -> Finding {
    rule("rule", Category::Credential, severity)
}

fn at(mut finding: Finding, path: &str) -> Finding {
    finding.location.path = path.as_bytes().to_vec();
    finding
}

fn gap(kind: GapKind, loss: Loss) -> Gap {
    Gap { location: Location::default(), kind, loss, bytes: None, reason: "reason".to_owned() }
}

fn gap_at(path: &str, kind: GapKind) -> Gap {
    let location = Location { path: path.as_bytes().to_vec(), ..Location::default() };
    Gap { location, ..gap(kind, Loss::File) }
}

fn report(findings: Vec<Finding>, gaps: Vec<Gap>) -> Report {
    let root = VolumeSummary { mount: Some(b"/".to_vec()), read: true, ..VolumeSummary::default() };
    Report { findings, gaps, volumes: vec![root], system: Some("Debian".to_owned()), ..Report::default() }
}

fn flags(fail_on: Option<Severity>, accepted: &[GapKind]) -> Policy {
    let mut policy = Policy::default();
    policy.fail_on(fail_on);
    accepted.iter().for_each(|kind| policy.accept_gaps(Some(*kind)));
    policy
}

fn own(text: &str) -> Policy {
    policy::read("own.toml", text).unwrap()
}

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn judged(policy: &Policy, report: &Report) -> Judged {
    judge(policy, report, None, day("2026-11-27"))
}

fn verdict(policy: &Policy, report: &Report) -> Verdict {
    judged(policy, report).verdict
}

const fn fail(findings: usize) -> Verdict {
    Verdict::Fail { findings, required: 0 }
}

const fn incomplete(gaps: usize) -> Verdict {
    Verdict::Incomplete { gaps, required: 0 }
}

#[test]
fn a_finding_below_the_level_passes_and_one_at_it_fails() {
    let report = report(vec![finding(Severity::Medium), finding(Severity::Info)], vec![]);
    assert_eq!(verdict(&flags(Some(Severity::High), &[]), &report), Verdict::Pass);
    assert_eq!(verdict(&flags(Some(Severity::Medium), &[]), &report), fail(1));
    assert_eq!(verdict(&flags(Some(Severity::Info), &[]), &report), fail(2));
    assert_eq!(verdict(&flags(None, &[]), &report), Verdict::Pass);
    let why = judged(&flags(Some(Severity::Medium), &[]), &report);
    assert_eq!(why.dispositions[0].fails, ["--fail-on medium"]);
    assert!(why.dispositions[1].fails.is_empty());
}

#[test]
fn a_gap_makes_it_incomplete_unless_its_kind_is_accepted() {
    let report = report(vec![], vec![gap(GapKind::Encrypted, Loss::File), gap(GapKind::Damaged, Loss::Part)]);
    let high = Some(Severity::High);
    assert_eq!(verdict(&flags(high, &[]), &report), incomplete(2));
    assert_eq!(verdict(&flags(high, &[GapKind::Damaged]), &report), incomplete(1));
    assert_eq!(verdict(&flags(high, &GapKind::ALL), &report), Verdict::Pass);
    assert_eq!(verdict(&flags(None, &[]), &report), incomplete(2));
    let mut all = Policy::default();
    all.accept_gaps(None);
    assert_eq!(verdict(&all, &report), Verdict::Pass);
}

#[test]
fn a_gap_that_lost_nothing_never_counts() {
    let report = report(vec![], vec![gap(GapKind::Damaged, Loss::Nothing)]);
    assert_eq!(verdict(&flags(Some(Severity::Info), &[]), &report), Verdict::Pass);
}

#[test]
fn failing_wins_over_incomplete() {
    let report = report(vec![finding(Severity::Critical)], vec![gap(GapKind::Missing, Loss::Volume)]);
    assert_eq!(verdict(&flags(Some(Severity::High), &[]), &report), fail(1));
    assert_eq!(verdict(&flags(None, &[]), &report), incomplete(1));
}

#[test]
fn findings_about_one_secret_fail_once() {
    let one = Finding { group: Some(1), ..finding(Severity::High) };
    let two = Finding { group: Some(1), ..rule("other", Category::PasswordHash, Severity::High) };
    let report = report(vec![one, two, finding(Severity::High)], vec![]);
    let judged = judged(&Policy::default(), &report);
    assert_eq!(judged.verdict, fail(2));
    assert_eq!(judged.explanation.rules[0].findings, 2);
}

#[test]
fn a_category_has_thresholds_of_its_own() {
    let policy = own("[findings]\nseverity = \"critical\"\n[findings.category]\n\
                      shadow = { severity = \"low\", confidence = \"medium\" }\nminer = { severity = \"never\" }\n");
    let of = |category, severity, confidence| {
        let finding = rule("rule", category, severity).confidence(confidence);
        verdict(&policy, &report(vec![finding], vec![]))
    };
    for (category, severity, confidence, expected) in [
        (Category::PasswordHash, Severity::Low, Confidence::Medium, fail(1)),
        (Category::PasswordHash, Severity::Info, Confidence::High, Verdict::Pass),
        (Category::PasswordHash, Severity::Critical, Confidence::Low, Verdict::Pass),
        (Category::Credential, Severity::High, Confidence::High, Verdict::Pass),
        (Category::Credential, Severity::Critical, Confidence::Low, fail(1)),
        (Category::Miner, Severity::Critical, Confidence::High, Verdict::Pass),
    ] {
        assert_eq!(of(category, severity, confidence), expected, "{category:?} {severity:?} {confidence:?}");
    }
    let judged = judged(&policy, &report(vec![rule("rule", Category::PasswordHash, Severity::Low)], vec![]));
    assert_eq!(judged.explanation.rules[0].name, "findings.category.shadow: severity low, confidence medium");
}

const ALLOW: &str = "[[allow]]\nrule = \"ru*\"\npath = \"/srv/*\"\nreason = \"shipped\"\nowner = \"web\"\n\
                     expires = \"2026-11-27\"\n";

#[test]
fn an_exception_allows_what_it_means_until_its_last_day() {
    let report =
        report(vec![at(finding(Severity::High), "/srv/a"), at(finding(Severity::High), "/srv/a/b")], vec![]);
    let judged = judge(&own(ALLOW), &report, None, day("2026-11-27"));
    assert_eq!(judged.verdict, fail(1));
    let allowed = judged.dispositions[0].allowed.clone().unwrap();
    assert_eq!((allowed.owner.as_str(), allowed.reason.as_str()), ("web", "shipped"));
    assert_eq!(judged.dispositions[1].allowed, None);
    assert_eq!(judged.explanation.notices, []);
}

#[test]
fn an_expired_exception_fails_even_what_would_have_passed() {
    let report = report(vec![at(finding(Severity::Info), "/srv/a")], vec![]);
    let judged = judge(&own(ALLOW), &report, None, day("2026-11-28"));
    assert_eq!(judged.verdict, fail(1));
    assert_eq!(judged.dispositions[0].fails, ["allow ru* at /srv/*: expired 2026-11-27 (web)"]);
    assert_eq!(
        judged.explanation.notices[0].to_string(),
        "EXPIRED 2026-11-27 (web): allow ru* at /srv/* (1 finding)"
    );
    let renewed = own(&format!("{ALLOW}{}", ALLOW.replace("2026-11-27", "2027-11-27")));
    assert_eq!(judge(&renewed, &report, None, day("2026-11-28")).verdict, Verdict::Pass);
}

#[test]
fn what_nothing_needed_is_told() {
    let policy = own(&format!(
        "{ALLOW}[[accept-gap]]\nkind = \"encrypted\"\npath = \"/srv/*\"\nreason = \"customers'\"\n"
    ));
    let judged = judged(&policy, &report(vec![at(finding(Severity::High), "/etc/a")], vec![]));
    let told: Vec<String> = judged.explanation.notices.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["not needed: allow ru* at /srv/* (web)", "not needed: accept-gap encrypted at /srv/*"]);
}

#[test]
fn a_gap_is_accepted_by_kind_and_place_with_its_reason() {
    let policy = own(
        "[[accept-gap]]\nkind = \"encrypted\"\npath = \"/srv/*.zip\"\nreason = \"customers' archives\"\n",
    );
    let gaps = vec![
        gap_at("/srv/a.zip", GapKind::Encrypted),
        gap_at("/srv/a.zip", GapKind::Damaged),
        gap_at("/srv/b/a.zip", GapKind::Encrypted),
    ];
    let judged = judged(&policy, &report(vec![], gaps));
    assert_eq!(judged.verdict, incomplete(2));
    let accepted = GapDisposition::Accepted("customers' archives".to_owned());
    assert_eq!(judged.explanation.gaps, [accepted, GapDisposition::Counts, GapDisposition::Counts]);
}

fn baseline(of: &[&Finding]) -> Baseline {
    let mut baseline = Baseline::new(Key::new([7; 32]), "disk.img");
    for finding in of {
        let entry = Entry::of(finding, day("2026-01-02"));
        baseline.add(baseline.fingerprint(finding), entry, None);
    }
    baseline
}

#[test]
fn what_a_baseline_knows_is_marked_and_does_not_fail() {
    let secret = |value: &[u8]| at(finding(Severity::High), "/etc/a").secret(Secret::new(value));
    let known = baseline(&[&secret(b"one"), &secret(b"gone")]);
    let report = report(vec![secret(b"one"), secret(b"two")], vec![]);
    let judged = judge(&Policy::default(), &report, Some(&known), day("2026-11-27"));
    assert_eq!(judged.verdict, fail(1));
    assert_eq!(judged.dispositions[0].baseline, Some(BaselineState::Since("2026-01-02".to_owned())));
    assert!(judged.dispositions[0].fails.is_empty());
    assert_eq!(judged.dispositions[1].baseline, Some(BaselineState::New));
    let compared = judged.explanation.baseline.unwrap();
    assert_eq!((compared.known, compared.new, compared.gone.len()), (1, 1, 1));
    assert_eq!(compared.gone[0].entry.path, "/etc/a");
}

#[test]
fn what_a_baseline_knew_until_yesterday_fails() {
    let old = at(finding(Severity::Low), "/etc/a");
    let mut known = baseline(&[&old]);
    for entry in known.findings.values_mut() {
        entry.expires = Some(day("2026-11-26"));
        entry.owner = "web".to_owned();
    }
    let report = report(vec![old], vec![]);
    let judged = judge(&Policy::default(), &report, Some(&known), day("2026-11-27"));
    assert_eq!(judged.verdict, fail(1));
    assert_eq!(judged.dispositions[0].fails, ["baseline: expired 2026-11-26 (web)"]);
    assert_eq!(judge(&Policy::default(), &report, Some(&known), day("2026-11-26")).verdict, Verdict::Pass);
}

#[test]
fn an_exception_by_fingerprint_means_one_finding() {
    let known = baseline(&[]);
    let (one, two) = (at(finding(Severity::High), "/etc/a"), at(finding(Severity::High), "/etc/b"));
    let policy = own(&format!(
        "[[allow]]\nfingerprint = \"{}\"\nreason = \"r\"\nowner = \"o\"\nexpires = \"2027-01-01\"\n",
        known.fingerprint(&one)
    ));
    let report = report(vec![one, two], vec![]);
    let judged = judge(&policy, &report, Some(&known), day("2026-11-27"));
    assert_eq!(judged.verdict, fail(1));
    assert!(judged.dispositions[0].allowed.is_some() && judged.dispositions[1].allowed.is_none());
}

const REQUIRE: &str = "[findings]\nseverity = \"never\"\n[[require]]\nrequirements = \"aws-shared-ami\"\n\
                       except = [\"shared-shell-history\"]\n";

#[test]
fn a_required_requirement_fails_with_its_evidence_and_names_itself() {
    let key = at(rule("ssh-host-key", Category::SshHostKey, Severity::Critical), "/etc/ssh/ssh_host_rsa_key");
    let history = at(rule("shell-history", Category::ShellHistory, Severity::Low), "/root/.bash_history");
    let report = report(vec![key, history], vec![]);
    let judged = judged(&own(REQUIRE), &report);
    assert_eq!(judged.verdict, Verdict::Fail { findings: 1, required: 1 });
    assert_eq!(judged.dispositions[0].fails, ["require aws-shared-ami: shared-host-keys"]);
    assert!(judged.dispositions[1].fails.is_empty(), "the history is judged, and not required");
    let lists = &judged.explanation.requirements;
    assert_eq!((lists.len(), lists[0].count(requirements::Verdict::Fail)), (1, 2));
}

#[test]
fn a_requirement_that_fails_only_by_what_is_allowed_stays_failed_and_does_not_fail_the_gate() {
    let key = at(rule("ssh-host-key", Category::SshHostKey, Severity::Critical), "/etc/ssh/ssh_host_rsa_key");
    let allow = ALLOW.replace("ru*", "ssh-host-key").replace("/srv/*", "/etc/ssh/*");
    let judged = judged(&own(&format!("{REQUIRE}{allow}")), &report(vec![key], vec![]));
    assert_eq!(judged.verdict, Verdict::Pass);
    let results = &judged.explanation.requirements[0].results;
    let outcome = results.iter().find(|one| one.requirement.id == "shared-host-keys").unwrap();
    assert_eq!((outcome.verdict, outcome.is_accepted), (requirements::Verdict::Fail, true));
}

#[test]
fn a_required_requirement_that_a_gap_leaves_open_is_incomplete() {
    let report = report(vec![], vec![gap_at("/etc/ssh/ssh_host_rsa_key", GapKind::Damaged)]);
    let judged = judged(&own(REQUIRE), &report);
    // The keys of hosts, who may log in, and what must be nowhere: five needed to read this.
    let open: Vec<&str> = judged.explanation.open.iter().map(|open| open.name.as_str()).collect();
    assert!(open.contains(&"require aws-shared-ami: shared-host-keys"), "{open:?}");
    assert!(!open.contains(&"require aws-shared-ami: shared-root-locked"), "{open:?}");
    assert_eq!(judged.verdict, Verdict::Incomplete { gaps: 1, required: open.len() });
    assert_eq!(judged.explanation.open[0].because, "/etc/ssh/ssh_host_rsa_key: damaged");
    let mut accepting = own(REQUIRE);
    accepting.accept_gaps(Some(GapKind::Damaged));
    assert_eq!(verdict(&accepting, &report), Verdict::Pass);
}

#[test]
fn a_locked_volume_fails_without_a_finding() {
    let report = report(vec![], vec![gap(GapKind::Encrypted, Loss::Volume)]);
    let policy =
        own("[[require]]\nrequirements = \"aws-marketplace\"\nonly = [\"marketplace-file-systems\"]\n");
    let judged = judged(&policy, &report);
    assert_eq!(judged.verdict, Verdict::Fail { findings: 0, required: 1 });
    assert_eq!(judged.explanation.rules[0].name, "require aws-marketplace: marketplace-file-systems");
}

#[test]
fn required_sections_of_a_benchmark_must_pass() {
    let section = |number: &str, level, check: &str, verdict| Section {
        section: number.to_owned(),
        level,
        check: check.to_owned(),
        title: "A section".to_owned(),
        verdict,
        evidence: Vec::new(),
    };
    let mut report = report(vec![rule("b", Category::Hardening, Severity::Low)], vec![]);
    report.benchmark = Some(Benchmark {
        name: "cis-debian12".to_owned(),
        title: String::new(),
        results: vec![
            section("5.1.1", 1, "a", crate::checks::Verdict::Pass),
            section("5.1.2", 1, "b", crate::checks::Verdict::Fail),
            section("5.1.3", 2, "c", crate::checks::Verdict::Fail),
            section("5.2.1", 1, "d", crate::checks::Verdict::Undecided),
        ],
    });
    let of = |require: &str| verdict(&own(&format!("[[require]]\nbenchmark = {require}\n")), &report);
    assert_eq!(of("[\"5.1.1\"]"), Verdict::Pass);
    assert_eq!(of("[\"5.1.*\"]\nlevel = 1"), Verdict::Fail { findings: 1, required: 1 });
    assert_eq!(of("[\"5.1.*\"]"), Verdict::Fail { findings: 1, required: 2 });
    assert_eq!(
        of("[\"5.*\"]\nlevel = 1\nexcept = [\"5.1.2\"]"),
        Verdict::Incomplete { gaps: 0, required: 1 }
    );
    assert_eq!(of("[\"9.*\"]"), Verdict::Incomplete { gaps: 0, required: 1 });
    report.benchmark = None;
    assert_eq!(
        verdict(&own("[[require]]\nbenchmark = [\"5.*\"]\n"), &report),
        Verdict::Incomplete { gaps: 0, required: 1 }
    );
}
