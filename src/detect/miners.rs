//! Coin miners.
//!
//! **Finds** miner programs, their configurations and what starts them: by pools (in base64 too), program
//! strings and wallets with right checksums in content ([`MinerMarks`]), by SHA-256, name, place and packer
//! ([`MinerFiles`]), and by being started from a cron table or unit ([`starts`]). Critical needs two signals
//! of different kinds: a pool alone may be a blocklist, a wallet alone a page that asks for gifts.
//!
//! **Why it matters:** the customer's machines mine for somebody else, and whoever put the miner there
//! had the builder's machine.
//!
//! **Does not find** miners without any known mark, and programs that download one at start.
//!
//! **References:** MITRE ATT&CK T1496 (resource hijacking), T1027.002 (software packing).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use memchr::memmem;

use super::{FileDetector, Interest, MatchDetector, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Confidence, FactKey, Finding, Secret, Severity, Verification};
use crate::rules::{Family, Match};
use assay_disk::fs::FileType;
use assay_disk::tree::Entry;

mod base58;
mod bech32;
mod encoded;
pub(super) mod hashes;
mod names;
pub mod starts;
mod wallet;

fn advisory(id: &str, title: &str, severity: Severity, why: &str) -> Arc<Advisory> {
    Arc::new(Advisory {
        id: id.to_owned(),
        category: Category::Miner,
        title: title.to_owned(),
        severity,
        why: why.to_owned(),
        remedy:
            "Do not publish the image; find out how the file came in, and build anew from a trusted base."
                .to_owned(),
        references: vec!["https://attack.mitre.org/techniques/T1496/".to_owned()],
    })
}

/// Joins the marks of miners in the content of one file.
pub struct MinerMarks {
    miner: Arc<Advisory>,
}

impl Default for MinerMarks {
    fn default() -> Self {
        let why = "Pools, program strings, wallets and the file's place tell of a miner; two of them together leave no doubt.";
        Self { miner: advisory("coin-miner", "Coin miner", Severity::Critical, why) }
    }
}

impl MatchDetector for MinerMarks {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.miner)]
    }

    fn family(&self) -> Family {
        Family::Miners
    }

    fn inspect(&self, entry: &Entry<'_>, matches: &[Match], facts: &Facts, sink: &mut dyn Sink) {
        let marks: Vec<(&'static str, &Match)> =
            matches.iter().filter_map(|found| Some((signal(found)?, found))).collect();
        let Some(&(_, first)) = marks.first() else { return };
        let texts = encoded::texts(&marks);
        let mut signals: BTreeSet<&str> = marks.iter().map(|&(signal, _)| signal).collect();
        signals.extend(place_signal(entry));
        signals.extend(program_signal(entry, &marks, facts));
        let contexts = marks.iter().map(|(_, found)| found.context.reveal());
        let pooled = signals.contains("pool") || signals.contains("encoded pool");
        let mut wallets: BTreeMap<&[u8], &str> = BTreeMap::new();
        for wallet in contexts.chain(texts.iter().map(Vec::as_slice)).flat_map(wallet::find) {
            if wallet.proved || pooled {
                wallets.insert(wallet.address, wallet.coin);
            }
            signals.extend(wallet.proved.then_some("wallet"));
        }
        let is_proved = signals.contains("wallet");
        let severity = match signals.len() {
            // A place says what a text is for, and not that a wallet in it is none. That a package brought it is the
            // word of the image.
            _ if !is_proved && is_reading_matter(entry) => Severity::Info,
            0 | 1 => Severity::Low,
            _ => Severity::Critical,
        };
        let confidence = if signals.len() > 1 { Confidence::High } else { Confidence::Low };
        let mut finding = Finding::new(&self.miner).severity(severity).confidence(confidence);
        finding.location.offset = Some(first.offset);
        finding.location.line = first.line;
        let listed: Vec<&str> = signals.into_iter().collect();
        finding = finding.fact(FactKey::Signals, listed.join(", "));
        let pools: BTreeSet<String> = of(&marks, "pool").map(lossy).chain(encoded::pools(&texts)).collect();
        if !pools.is_empty() {
            let pools: Vec<String> = pools.into_iter().take(8).collect();
            finding = finding.fact(FactKey::Pools, pools.join(", "));
        }
        if is_proved {
            finding = finding.proof(Verification::Checksum);
        }
        for (wallet, coin) in wallets {
            finding = finding.secret(Secret::new(wallet)).fact(FactKey::Wallet, coin);
        }
        sink.finding(finding);
    }
}

fn of<'a>(marks: &[(&str, &'a Match)], wanted: &str) -> impl Iterator<Item = &'a [u8]> {
    marks.iter().filter(move |(signal, _)| *signal == wanted).map(|(_, found)| found.secret.reveal())
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a match tells of, by its rule: two rules of one kind are one signal.
fn signal(found: &Match) -> Option<&'static str> {
    let id = found.advisory.id.as_str();
    match id {
        _ if is_blocked(found.context.reveal()) => None,
        "miner-wallet-monero" => wallet::is_monero(found.secret.reveal()).then_some("wallet"),
        "miner-encoded-pool" => encoded::decode(found.secret.reveal()).map(|_| "encoded pool"),
        _ if id.starts_with("miner-pool") => Some("pool"),
        _ if id.starts_with("miner-config") => Some("configuration"),
        "miner-download" => Some("download"),
        "miner-command-line" => Some("command line"),
        _ => Some("program"),
    }
}

/// Whether the line keeps a pool out: a blocklist of hosts, dnsmasq, unbound.
fn is_blocked(line: &[u8]) -> bool {
    const STARTS: [&[u8]; 9] = [
        b"0.0.0.0",
        b"127.0.0.1",
        b"::",
        b"address=/",
        b"server=/",
        b"local-zone:",
        b"local-data:",
        b"||",
        b"zone \"",
    ];
    let line = line.trim_ascii();
    STARTS.iter().any(|start| line.starts_with(start))
}

/// Places of text about miners.
fn is_reading_matter(entry: &Entry<'_>) -> bool {
    const PARTS: [&[u8]; 12] = [
        b"/doc/",
        b"/man/",
        b"blocklist",
        b"blacklist",
        b"denylist",
        b"/clamav/",
        b"/yara",
        b"/falco",
        b"/suricata",
        b"/snort",
        b"/rkhunter",
        b"/licenses/",
    ];
    const ENDS: [&[u8]; 7] = [b".md", b".rst", b".adoc", b".html", b".yar", b".rules", b".hosts"];
    entry.metadata.mode & 0o111 == 0
        && (PARTS.iter().any(|part| memmem::find(entry.path, part).is_some())
            || ENDS.iter().any(|end| entry.path.ends_with(end)))
}

/// Whether a package brought it as it is: a configuration file (/etc/crontab) is what people made of it.
fn is_packaged(path: &[u8], facts: &Facts) -> bool {
    facts.packages.owner(path).is_some() && !facts.packages.is_conffile(path)
}

fn place_signal(entry: &Entry<'_>) -> Option<&'static str> {
    if names::is_miner(entry.name()) || names::is_mask(entry.name()) {
        Some("name")
    } else if is_autostart(entry.path) {
        Some("autostart")
    } else {
        (is_hidden_temporary(entry.path) || is_hidden(entry.path)).then_some("hidden place")
    }
}

/// A program with two texts of a miner's program: one may be a list of such texts.
fn program_signal(entry: &Entry<'_>, marks: &[(&str, &Match)], facts: &Facts) -> Option<&'static str> {
    let texts: BTreeSet<&[u8]> = of(marks, "program").chain(of(marks, "pool")).collect();
    let binary = marks.iter().all(|(_, found)| found.line.is_none());
    let runs = entry.metadata.mode & 0o111 != 0 || entry.is_member();
    let own = of(marks, "program").next().is_some() && texts.len() >= 2;
    let name = if is_packaged(entry.path, facts) { "texts of a miner" } else { "program of no package" };
    (own && binary && runs).then_some(name)
}

/// Whether what the file says is run by itself.
fn is_autostart(path: &[u8]) -> bool {
    static PARTS: LazyLock<[memmem::Finder<'static>; 7]> = LazyLock::new(|| {
        [
            "/etc/cron",
            "/spool/cron/",
            "/systemd/system/",
            "/systemd/user/",
            "/etc/init.d/",
            "/etc/profile.d/",
            "/rc.local",
        ]
        .map(memmem::Finder::new)
    });
    const ENDS: [&[u8]; 6] =
        [b"/crontab", b"/.bashrc", b"/.profile", b"/.bash_profile", b"/etc/profile", b"/.zshrc"];
    PARTS.iter().any(|part| part.find(path).is_some()) || ENDS.iter().any(|end| path.ends_with(end))
}

fn is_temporary(path: &[u8]) -> bool {
    [&b"/tmp/"[..], b"/var/tmp/", b"/dev/shm/"].iter().any(|place| path.starts_with(place))
}

/// Below a dot-directory that is not in a home.
fn is_hidden(path: &[u8]) -> bool {
    let home = path.starts_with(b"/home/") || path.starts_with(b"/root/");
    let directory = memchr::memrchr(b'/', path).and_then(|at| path.get(..=at)).unwrap_or_default();
    !home && memmem::find(directory, b"/.").is_some() && memmem::find(directory, b"/.git/").is_none()
}

fn is_hidden_temporary(path: &[u8]) -> bool {
    is_temporary(path) && memmem::find(path, b"/.").is_some()
}

/// Finds miners by name, place and packer, where the content has no mark.
pub struct MinerFiles {
    packed: Arc<Advisory>,
    named: Arc<Advisory>,
    hidden: Arc<Advisory>,
    started: Arc<Advisory>,
    known: Arc<Advisory>,
}

/// Of starts by name, and of those that name a miner's file.
fn started_advisory() -> &'static Arc<Advisory> {
    static ADVISORY: LazyLock<Arc<Advisory>> = LazyLock::new(|| {
        advisory(
            "miner-started",
            "Miner started by the system",
            Severity::High,
            "A cron table, a unit or a start script runs a mining program.",
        )
    });
    &ADVISORY
}

impl Default for MinerFiles {
    fn default() -> Self {
        Self {
            packed: advisory(
                "miner-packed",
                "Packed program of no package",
                Severity::High,
                "Miners are packed with UPX against scanners; distributions do not pack their programs.",
            ),
            named: advisory(
                "miner-name",
                "Program with the name of a miner",
                Severity::Medium,
                "The program has the name of a miner, or one under which miners hide.",
            ),
            hidden: advisory(
                "program-in-hidden-temporary-directory",
                "Program in a hidden temporary directory",
                Severity::High,
                "Nothing honest installs programs into dot-directories below /tmp, /var/tmp or /dev/shm.",
            ),
            started: Arc::clone(started_advisory()),
            known: advisory(
                "miner-known",
                "Known mining program",
                Severity::Critical,
                "The file is bit for bit a published mining program.",
            ),
        }
    }
}

/// Larger files are judged by their names.
const CONTENT_LIMIT: u64 = 16 << 20;

impl FileDetector for MinerFiles {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        [&self.packed, &self.named, &self.hidden, &self.started, &self.known].into_iter().cloned().collect()
    }

    fn interest(&self, entry: &Entry<'_>, facts: &Facts) -> Interest {
        if entry.metadata.file_type != FileType::Regular || entry.metadata.size == 0 {
            return Interest::Skip;
        }
        let suspicious = names::is_miner(entry.name()) || names::is_mask(entry.name());
        // Of what a package brought only what is one of the known miners; a packer is no mark of a miner.
        let is_program = || entry.metadata.mode & 0o111 != 0 && !entry.is_member();
        let is_possible = || !is_packaged(entry.path, facts) || hashes::has_size(entry.metadata.size);
        let wanted = suspicious
            || is_autostart(entry.path)
            || is_temporary(entry.path)
            || is_program() && is_possible();
        if !wanted {
            Interest::Skip
        } else if suspicious && entry.metadata.size > CONTENT_LIMIT {
            Interest::Metadata
        } else {
            // A program too large to be handed over whole becomes a gap: it was not examined.
            Interest::Content
        }
    }

    fn inspect(&self, entry: &Entry<'_>, content: &[u8], _: &Facts, sink: &mut dyn Sink) {
        if content.starts_with(b"\x7fELF") || content.is_empty() {
            self.program(entry, content, sink);
        } else if is_autostart(entry.path) && !has_marks(content) {
            self.start(content, sink);
        }
    }
}

/// Whether the search for marks reports this file anyway: only texts that a rule surely takes.
fn has_marks(content: &[u8]) -> bool {
    const SURE: [&[u8]; 3] = [b"donate.v2.xmrig.com", b"donate.ssl.xmrig.com", b"XMRig/%s"];
    const POOLS: [&[u8]; 2] = [b"stratum+tcp://", b"stratum+ssl://"];
    let is_pool = |scheme: &[u8]| {
        let mut places = memmem::find_iter(content, scheme);
        places.any(|at| {
            let host = content.get(at.saturating_add(scheme.len())..).unwrap_or_default();
            host.get(..3).is_some_and(|start| start.iter().all(u8::is_ascii_alphanumeric))
        })
    };
    SURE.iter().any(|mark| memmem::find(content, mark).is_some())
        || POOLS.iter().any(|scheme| is_pool(scheme))
}

/// UPX writes its mark behind the program headers and at the end; altered ones keep the copyright text.
fn is_packed(content: &[u8]) -> bool {
    let head = content.get(..content.len().min(1024)).unwrap_or_default();
    let tail = content.get(content.len().saturating_sub(1024)..).unwrap_or_default();
    memmem::find(head, b"UPX!").is_some()
        || memmem::find(tail, b"UPX!").is_some()
        || memmem::find(content, b"$Info: This file is packed with the UPX").is_some()
}

impl MinerFiles {
    fn program(&self, entry: &Entry<'_>, content: &[u8], sink: &mut dyn Sink) {
        let suspicious = names::is_miner(entry.name()) || names::is_mask(entry.name());
        let hidden = is_hidden_temporary(entry.path);
        if let Some(program) = hashes::known(content) {
            sink.finding(Finding::new(&self.known).fact(FactKey::Program, program.name.as_str()));
            return;
        }
        let finding = if is_packed(content) {
            let sure = suspicious || hidden || is_temporary(entry.path);
            let severity = if sure { Severity::High } else { Severity::Low };
            Finding::new(&self.packed).severity(severity).fact(FactKey::Packer, "UPX")
        } else if has_marks(content) {
            return;
        } else if hidden {
            Finding::new(&self.hidden)
        } else if suspicious {
            Finding::new(&self.named)
        } else {
            return;
        };
        sink.finding(finding.confidence(Confidence::Medium).fact(FactKey::Name, lossy(entry.name())));
    }

    fn start(&self, content: &[u8], sink: &mut dyn Sink) {
        for (number, line) in (1_u64..).zip(content.split(|&byte| byte == b'\n')) {
            if line.trim_ascii().starts_with(b"#") {
                continue;
            }
            if let Some(name) = names::started_by(line) {
                let finding = Finding::new(&self.started).line(number).confidence(Confidence::Medium);
                sink.finding(finding.fact(FactKey::Program, lossy(name)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
