use super::*;
use crate::detect::Collector;
use assay_disk::fs::{Metadata, NodeId};

fn metadata(path: &str) -> Metadata {
    Metadata::bare(FileType::Regular, if path.contains("/doc/") { 0o644 } else { 0o755 }, 9)
}

fn file(path: &str, content: &[u8]) -> Vec<(String, Severity)> {
    let metadata = metadata(path);
    let entry = Entry { path: path.as_bytes(), metadata: &metadata, node: NodeId(1), target: None };
    let (detector, facts) = (MinerFiles::default(), Facts::default());
    let mut sink = Collector::default();
    if detector.interest(&entry, &facts) == Interest::Content {
        detector.inspect(&entry, content, &facts, &mut sink);
    }
    sink.findings.iter().map(|f| (f.advisory.id.clone(), f.severity)).collect()
}

fn marks(path: &str, found: &[(&str, &str, &str)]) -> Option<Severity> {
    let matches: Vec<Match> = found
        .iter()
        .map(|&(id, secret, context)| Match {
            advisory: advisory(id, "", Severity::Medium, ""),
            confidence: Confidence::Medium,
            family: Family::Miners,
            offset: 0,
            line: Some(1),
            secret: Secret::new(secret),
            key: None,
            proof: Verification::Form,
            other: None,
            context: Secret::new(context),
            at: 0,
            is_read: false,
            following: Secret::new(""),
        })
        .collect();
    let metadata = metadata(path);
    let entry = Entry { path: path.as_bytes(), metadata: &metadata, node: NodeId(1), target: None };
    let mut sink = Collector::default();
    MinerMarks::default().inspect(&entry, &matches, &Facts::default(), &mut sink);
    sink.findings.first().map(|finding| finding.severity)
}

const POOL: (&str, &str, &str) =
    ("miner-pool-url", "stratum+tcp://pool.example:3333", "-o stratum+tcp://pool.example:3333");
const PROGRAM: (&str, &str, &str) = ("miner-program", "XMRig", "XMRig/6");

#[test]
fn two_signals_are_critical_and_one_is_not() {
    assert_eq!(marks("/opt/x", &[POOL, PROGRAM]), Some(Severity::Critical));
    assert_eq!(marks("/opt/x", &[POOL, POOL]), Some(Severity::Low));
    assert_eq!(marks("/etc/cron.d/sync", &[POOL]), Some(Severity::Critical));
    assert_eq!(marks("/tmp/.X11-unix/.x/kdevtmpfsi", &[PROGRAM]), Some(Severity::Critical));
}

#[test]
fn reading_matter_and_blocklists_are_not_miners() {
    assert_eq!(marks("/usr/share/doc/x/README", &[POOL, PROGRAM]), Some(Severity::Info));
    let blocked = ("miner-pool-domain", "pool.example", "address=/pool.example/0.0.0.0");
    assert_eq!(marks("/etc/dnsmasq.d/block.conf", &[blocked]), None);
    let wallet = "4".repeat(95);
    assert_eq!(marks("/opt/x", &[("miner-wallet-monero", wallet.as_str(), "")]), None);
}

#[test]
fn packed_and_masked_programs_are_found() {
    let found = file("/usr/local/sbin/kworkerds", b"\x7fELF\x02\x01\x01....UPX!....");
    assert_eq!(found, [("miner-packed".to_owned(), Severity::High)]);
    assert_eq!(file("/var/tmp/.a/b", b"\x7fELF")[0].0, "program-in-hidden-temporary-directory");
    assert!(file("/usr/local/bin/tool", b"\x7fELF").is_empty());
}

#[test]
fn starters_are_found_by_the_name_they_run() {
    let unit = b"[Service]\nExecStart=/usr/local/sbin/kworkerds --config=/etc/k.json\n";
    assert_eq!(file("/etc/systemd/system/k.service", unit), [("miner-started".to_owned(), Severity::High)]);
    assert_eq!(file("/home/a/.config/systemd/user/x.service", b"ExecStart=/opt/xmrig\n").len(), 1);
    assert!(
        file("/etc/cron.d/db", b"* * * * * root /var/www/adminer.php ntp stratum 2\n# /opt/xmrig\n")
            .is_empty()
    );
}

#[test]
fn every_mark_finds_its_examples_and_leaves_the_others() {
    let file: toml::Table = include_str!("../../../signatures/miners/marks.toml").parse().unwrap();
    let text = |value: &toml::Value, key: &str| value[key].as_str().unwrap().to_owned();
    for rule in file["rule"].as_array().unwrap() {
        let regex = regex::bytes::Regex::new(&text(rule, "regex")).unwrap();
        let keywords: Vec<&str> =
            rule["keywords"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let any_case = rule.get("case_insensitive").and_then(toml::Value::as_bool) == Some(true);
        let has_keyword = |text: &str| {
            let text = if any_case { text.to_ascii_lowercase() } else { text.to_owned() };
            keywords.iter().any(|word| text.contains(word))
        };
        for example in rule["must_match"].as_array().unwrap() {
            let text_of = text(example, "text");
            let found = regex.captures(text_of.as_bytes()).unwrap_or_else(|| panic!("{text_of}"));
            assert_eq!(&found["secret"], text(example, "secret").as_bytes());
            assert!(has_keyword(&text_of), "{text_of}");
            if rule["id"].as_str() == Some("miner-wallet-monero") {
                assert!(wallet::is_monero(&found["secret"]));
            }
        }
        for example in rule["must_not_match"].as_array().unwrap() {
            let text = text(example, "text");
            assert!(!regex.is_match(text.as_bytes()), "{text}");
            assert!(has_keyword(&text), "{text}");
        }
    }
}

#[test]
fn what_a_package_owns_is_looked_at_by_its_name_and_place_too() {
    use crate::files::shelf::Shelf;
    let shelf = Shelf::default()
        .with(
            "/var/lib/dpkg/status",
            "Package: cron\nStatus: install ok installed\nConffiles:\n /etc/crontab 89269e1298235f1b12b4c16e4065ad0d\n",
        )
        .with("/var/lib/dpkg/info/cron.list", "/etc/crontab\n/usr/bin/minerd\n/usr/bin/cron\n");
    let (facts, _) = Facts::gather_from(&shelf, &crate::budget::Budget::default());
    let detector = MinerFiles::default();
    let interest = |path: &str| {
        let metadata = metadata(path);
        let entry = Entry { path: path.as_bytes(), metadata: &metadata, node: NodeId(1), target: None };
        detector.interest(&entry, &facts)
    };
    assert_eq!(interest("/usr/bin/minerd"), Interest::Content);
    assert_eq!(interest("/usr/bin/cron"), Interest::Skip);
    assert_eq!(interest("/etc/crontab"), Interest::Content);
}

#[test]
fn a_program_named_as_a_thread_without_a_command_line_hides() {
    let named = vec![("miner-name".to_owned(), Severity::Medium)];
    for path in ["/usr/sbin/[kworker:0-events]", "/opt/x/[jbd2]", "/var/lib/[ext4-rsv-conver]"] {
        assert_eq!(file(path, b"\x7fELF1234"), named, "{path}");
    }
    for path in ["/usr/bin/[", "/usr/bin/[]", "/opt/[A]", "/opt/[abc", "/opt/x/[1]"] {
        assert_eq!(file(path, b"\x7fELF1234"), [], "{path}");
    }
}
