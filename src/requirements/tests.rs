use std::sync::Arc;

use super::*;
use crate::audit::VolumeSummary;
use crate::finding::{Advisory, Location};

fn rule(id: &str, category: Category, severity: Severity) -> Arc<Advisory> {
    Arc::new(Advisory {
        id: id.to_owned(),
        category,
        title: id.to_owned(),
        severity,
        why: String::new(),
        remedy: String::new(),
        references: Vec::new(),
    })
}

fn finding(id: &str, category: Category, path: &str) -> Finding {
    let mut finding = Finding::new(&rule(id, category, Severity::High));
    finding.location.path = path.as_bytes().to_vec();
    finding
}

fn gap(path: &str, kind: GapKind, loss: Loss) -> Gap {
    let location = Location { path: path.as_bytes().to_vec(), ..Location::default() };
    Gap { location, kind, loss, bytes: None, reason: "reason".to_owned() }
}

fn report(findings: Vec<Finding>, gaps: Vec<Gap>) -> Report {
    let root = VolumeSummary { mount: Some(b"/".to_vec()), read: true, ..VolumeSummary::default() };
    let system = Some("Debian GNU/Linux 12 (bookworm)".to_owned());
    Report { findings, gaps, volumes: vec![root], system, ..Report::default() }
}

fn verdict(report: &Report, list: &str, id: &str) -> Verdict {
    let list = super::list(list).unwrap().unwrap();
    let judged = judge(&list, report);
    judged.results.iter().find(|outcome| outcome.requirement.id == id).unwrap().verdict
}

fn host_keys(report: &Report) -> Verdict {
    verdict(report, "aws-shared-ami", "shared-host-keys")
}

#[test]
fn a_clean_image_passes_all_that_can_be_checked() {
    for list in lists().unwrap() {
        let judged = judge(&list, &report(vec![], vec![]));
        for outcome in &judged.results {
            let expected = match (&outcome.requirement.judged, outcome.requirement.system) {
                (_, Some(System::Windows)) => Verdict::NotApplicable,
                (How::NotCheckable(_), _) => Verdict::NotCheckable,
                _ => Verdict::Pass,
            };
            assert_eq!(outcome.verdict, expected, "{}", outcome.requirement.id);
        }
        assert!(judged.count(Verdict::Pass) >= 6 && judged.count(Verdict::NotCheckable) >= 3);
    }
}

#[test]
fn what_violates_a_requirement_is_its_evidence() {
    let report = report(
        vec![
            finding("shell-history", Category::ShellHistory, "/root/.bash_history"),
            finding("ssh-host-key", Category::SshHostKey, "/etc/ssh/ssh_host_rsa_key"),
        ],
        vec![gap("/etc/ssh", GapKind::Damaged, Loss::Directory)],
    );
    let judged = judge(&list("aws-shared-ami").unwrap().unwrap(), &report);
    let host = judged.results.iter().find(|one| one.requirement.id == "shared-host-keys").unwrap();
    assert_eq!((host.verdict, host.findings.as_slice()), (Verdict::Fail, &[1][..]));
}

#[test]
fn a_gap_where_something_must_be_read_leaves_it_open() {
    for (path, loss, expected) in [
        ("/etc/ssh/ssh_host_rsa_key", Loss::File, Verdict::Undecided),
        ("/etc/ssh", Loss::Directory, Verdict::Undecided),
        ("/etc", Loss::Directory, Verdict::Undecided),
        ("/", Loss::Directory, Verdict::Undecided),
        ("/etc/ssh/keys.zip!/a", Loss::Part, Verdict::Undecided),
        ("/etc/ssh/x", Loss::Nothing, Verdict::Pass),
        ("/etc/sshd", Loss::File, Verdict::Pass),
        ("/srv/a.zip", Loss::Part, Verdict::Pass),
        // A volume without a mount point cannot hold /etc, without which nothing starts.
        ("", Loss::Volume, Verdict::Pass),
    ] {
        let report = report(vec![], vec![gap(path, GapKind::Damaged, loss)]);
        assert_eq!(host_keys(&report), expected, "{path}");
    }
    let anywhere = report(vec![], vec![gap("", GapKind::Unsupported, Loss::Volume)]);
    assert_eq!(verdict(&anywhere, "aws-shared-ami", "shared-credentials"), Verdict::Undecided);
    assert_eq!(verdict(&anywhere, "aws-shared-ami", "shared-shell-history"), Verdict::Undecided);
}

#[test]
fn an_image_whose_root_was_not_read_passes_nothing() {
    let mut unread = report(vec![], vec![]);
    unread.volumes.clear();
    assert_eq!(host_keys(&unread), Verdict::Undecided);
}

#[test]
fn a_locked_volume_violates_what_forbids_it() {
    let of = |kind, loss| {
        let report = report(vec![], vec![gap("", kind, loss)]);
        verdict(&report, "aws-marketplace", "marketplace-file-systems")
    };
    assert_eq!(of(GapKind::Encrypted, Loss::Volume), Verdict::Fail);
    assert_eq!(of(GapKind::Encrypted, Loss::Part), Verdict::Undecided);
    assert_eq!(of(GapKind::Damaged, Loss::Volume), Verdict::Undecided);
}

#[test]
fn requirements_of_the_other_system_do_not_apply() {
    let mut windows = report(vec![], vec![]);
    windows.system = None;
    windows.volumes[0].mount_source = Some("holds /Windows");
    assert_eq!(verdict(&windows, "aws-public-ami", "public-passwords-locked"), Verdict::NotApplicable);
    assert_eq!(verdict(&windows, "aws-public-ami", "public-windows-passwords"), Verdict::Pass);
    windows.volumes[0].mount_source = None;
    assert_eq!(verdict(&windows, "aws-public-ami", "public-passwords-locked"), Verdict::Pass);
}
