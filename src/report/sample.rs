//! A made-up report, for the tests of the formats.

use std::sync::Arc;

use super::{Judgement, Outcome};
use crate::audit::{Coverage, Report, Subject, VolumeSummary};
use crate::finding::{
    Advisory, Category, Confidence, FactKey, Finding, Gap, GapKind, Location, Loss, Secret, Severity,
};
use crate::gate::{Explanation, GapDisposition};
use assay_disk::system::ledger::{Ledger, Use};

fn advisory(id: &str, category: Category, title: &str, severity: Severity, remedy: &str) -> Arc<Advisory> {
    Arc::new(Advisory {
        id: id.to_owned(),
        category,
        title: title.to_owned(),
        severity,
        why: "Whoever starts the image has it.".to_owned(),
        remedy: remedy.to_owned(),
        references: vec!["https://example.org/why".to_owned()],
    })
}

fn at(mut finding: Finding, path: &[u8]) -> Finding {
    finding.location.partition = Some(1);
    finding.location.volume = Some("ext4 root".to_owned());
    finding.location.path = path.to_vec();
    finding.location.inode = Some(12);
    finding
}

/// The report.
pub(crate) fn report() -> Report {
    let password = advisory(
        "shadow-root-password",
        Category::PasswordHash,
        "root can log in with a password",
        Severity::Critical,
        "Lock it: passwd -l root.",
    );
    let aws = advisory(
        "aws-secret-access-key",
        Category::Credential,
        "AWS secret access key",
        Severity::Critical,
        "Delete the key in IAM, bake the image without it, and use an instance profile. A key that was in \
         a published image must be taken as known to everybody.",
    );
    let key = advisory(
        "ssh-host-key",
        Category::SshHostKey,
        "SSH host private key",
        Severity::High,
        "Delete /etc/ssh/ssh_host_* before imaging.",
    );
    let history =
        advisory("shell-history", Category::ShellHistory, "Shell history", Severity::Medium, "Remove it.");
    let token = Secret::new(*b"not-a-real-secret-access-key-but-40-long");
    let many = (1..=7).map(|n| at(Finding::new(&history), format!("/home/user{n}/.bash_history").as_bytes()));
    let mut evil = at(Finding::new(&aws).secret(token.clone()).line(3).offset(64), b"/srv/\x1b[2J\xff.env");
    evil.related_locations =
        vec![Location { path: b"/srv/copy.env".to_vec(), line: Some(9), ..Location::default() }];
    let mut report = Report {
        subject: Subject {
            name: "disk.img".to_owned(),
            format: "raw".to_owned(),
            size: 8 << 20,
            layout: "GPT".to_owned(),
            sector: 512,
        },
        volumes: vec![
            VolumeSummary {
                partition: Some(1),
                offset: 1 << 20,
                size: 6 << 20,
                content: "ext4".to_owned(),
                label: Some(b"root".to_vec()),
                uuid: Some("0a1b".to_owned()),
                mount: Some(b"/".to_vec()),
                mount_source: Some("fstab"),
                entries: 41,
                read: true,
                ..VolumeSummary::default()
            },
            VolumeSummary {
                partition: Some(2),
                offset: 7 << 20,
                size: 1 << 20,
                content: "swap".to_owned(),
                ..VolumeSummary::default()
            },
        ],
        system: Some("Debian GNU/Linux 12 (bookworm)".to_owned()),
        findings: [
            at(
                Finding::new(&password).subject("root").fact(FactKey::Algorithm, "sha512crypt").line(1),
                b"/etc/shadow",
            ),
            evil,
            at(
                Finding::new(&aws).secret(token).confidence(Confidence::Medium).line(12),
                "/srv/a\\b/größe.env".as_bytes(),
            ),
            at(
                Finding::new(&key).fingerprint("SHA256:abc").fact(FactKey::Key, "ssh-ed25519 256"),
                b"/etc/ssh/ssh_host_ed25519_key",
            ),
        ]
        .into_iter()
        .chain(many)
        .collect(),
        gaps: vec![Gap {
            location: Location { partition: Some(2), volume: Some("swap".to_owned()), ..Location::default() },
            kind: GapKind::Unsupported,
            loss: Loss::Volume,
            bytes: Some(1 << 20),
            reason: "swap space is not read".to_owned(),
        }],
        notes: vec![("partition 1 (ext4 root)".to_owned(), "the journal was replayed".to_owned())],
        benchmark: None,
        coverage: Coverage {
            entries: 41,
            files: 28,
            files_read: 28,
            bytes_searched: 35_000,
            members: 3,
            bytes_unpacked: 12_288,
            ..Coverage::default()
        },
        ledger: Ledger {
            size: 8 << 20,
            uses: vec![(Use::Searched, 2 << 20), (Use::Free, 5 << 20), (Use::NotRead, 1 << 20)],
            ..Ledger::default()
        },
        ..Report::default()
    };
    for finding in report.findings.iter_mut().filter(|finding| finding.severity >= Severity::High) {
        finding.disposition.fails.push("findings.severity".to_owned());
    }
    report
}

/// Its verdict.
pub(crate) fn judgement() -> Judgement {
    Judgement {
        outcome: Outcome::Fail,
        sentence: "FAIL: 4 findings at high or above must be gone before this image is published.".to_owned(),
        exit_code: 1,
        fail_on: Some(Severity::High),
        accepted_gaps: vec![],
        explanation: Explanation { gaps: vec![GapDisposition::Counts], ..Explanation::default() },
    }
}
