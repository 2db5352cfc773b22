use std::sync::Arc;

use assay_disk::fs::Time;
use assay_disk::fs::memory::Memory;

use super::journal::sample::{Form, Writer};
use super::*;

/// A system that was built, booted, and logged in to.
fn image() -> Memory {
    let mut journal = Writer::new(Form { is_compact: true, packed: 4 });
    let at = 1_769_853_600_000_000;
    journal.log(at, &["MESSAGE=Linux version 6.1", "SYSLOG_IDENTIFIER=kernel", "_HOSTNAME=golden"]);
    let ssh = "MESSAGE=Accepted publickey for admin from 192.0.2.1 port 5 ssh2";
    journal.log(at + 5_000_000, &[ssh, "SYSLOG_IDENTIFIER=sshd", "_PID=5", "_HOSTNAME=golden", "_UID=0"]);
    Memory::new()
        .file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nadmin:x:1000:1000::/home/admin:/bin/bash\n")
        .file("/etc/timezone", "Europe/Nowhere\n")
        .file("/var/log/dpkg.log", "2026-01-31 09:00:00 install curl:amd64 <none> 7.88-1\n")
        .file("/var/log/journal/0123/system.journal", journal.finish())
        .file(
            "/var/log/auth.log",
            "Jan 31 11:00:00 golden sudo: admin : PWD=/ ; USER=root ; COMMAND=/bin/ls\n",
        )
        .with(|metadata| metadata.modified = Time { seconds: 1_769_904_000, nanoseconds: 0 })
        .file("/home/admin/.bash_history", "#1769853700\nls\n")
        .with(|metadata| metadata.uid = 1000)
        .file("/opt/tool", "x")
        .with(|metadata| {
            metadata.mode = 0o755;
            metadata.modified = Time { seconds: 1_600_000_000, nanoseconds: 0 };
            metadata.changed = Time { seconds: 1_769_853_650, nanoseconds: 7 };
        })
}

fn told(filter: &Filter) -> (Vec<Event>, Vec<Gap>) {
    let tree = Tree::of(Arc::new(image()), &Budget::default().disk);
    let (facts, _) = Facts::gather(&tree);
    let timeline = gather(&tree, &facts, filter, &Budget::default());
    (timeline.events(&tree, &facts).collect(), timeline.gaps)
}

#[test]
fn all_records_of_a_system_are_one_line_of_time() {
    let (events, gaps) = told(&Filter::default());
    assert_eq!(gaps, []);
    let told: Vec<String> = events
        .iter()
        .map(|event| format!("{} {} {}", event.moment.time.seconds, event.source.name(), event.kind.name()))
        .collect();
    let expected = [
        "1600000000 files file modified",
        "1769850000 dpkg package installed",
        "1769853600 journal message",
        "1769853600 journal boot",
        "1769853605 journal ssh accepted",
        "1769853650 files file changed",
        "1769853700 history command",
        "1769857200 syslog sudo",
        "1769904000 files file modified",
    ];
    assert_eq!(told, expected);
}

#[test]
fn each_event_says_whom_it_is_about_and_how_its_time_is_known() {
    let (events, _) = told(&Filter::default());
    let of = |source| events.iter().rfind(|event| event.source == source).unwrap();
    assert_eq!(of(Source::Dpkg).moment.basis, Basis::Assumed);
    assert_eq!(of(Source::Dpkg).subject, Some(Subject::Package("curl:amd64".into())));
    assert_eq!(
        of(Source::Journal).message,
        "sshd[5]: Accepted publickey for admin from 192.0.2.1 port 5 ssh2"
    );
    assert_eq!(
        (of(Source::Journal).moment.basis, of(Source::Journal).host.as_deref()),
        (Basis::Utc, Some("golden"))
    );
    assert!(of(Source::Syslog).moment.year_inferred);
    assert_eq!(of(Source::History).subject, Some(Subject::User("admin".into())));
    assert_eq!(of(Source::History).path, b"/home/admin/.bash_history");
    assert_eq!(events[0].marks, [Mark::FullSecond]);
}

#[test]
fn only_what_is_wanted_is_told() {
    let only = |filter: Filter| told(&filter).0.len();
    assert_eq!(only(Filter { sources: vec![Source::Dpkg, Source::History], ..Filter::default() }), 2);
    let (after, before) = (filter::time("2026-01-31T10:00:00"), filter::time("2026-01-31T10:00:05"));
    assert_eq!(only(Filter { after, before, ..Filter::default() }), 2);
    assert_eq!(only(Filter { paths: vec!["/var/log/**".into()], ..Filter::default() }), 6);
    assert_eq!(only(Filter { paths: vec!["/opt/*".into()], ..Filter::default() }), 2);
}
