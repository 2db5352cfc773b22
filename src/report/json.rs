//! The report for programs: `assay-report`, version 1. Fields are described in `docs/report.md`; within a
//! version they may be added, never changed or removed.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::{Judgement, Options, TOOL_VERSION};
use crate::audit::ledger::{Ledger, Use};
use crate::audit::{Coverage, Report, VolumeSummary};
use crate::finding::{Evidence, Finding, Gap, GapKind, Location, Proof, Secret, Severity};
use crate::remedies::{self, Machine};
use crate::text::Escaped;

mod benchmark;

/// Version of the format.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    tool: Tool,
    subject: Subject<'a>,
    system: Option<String>,
    verdict: Verdict<'a>,
    summary: Summary,
    coverage: CoverageView,
    ledger: LedgerView,
    volumes: Vec<Volume<'a>>,
    findings: Vec<FindingView<'a>>,
    groups: Vec<Group<'a>>,
    gaps: Vec<GapView<'a>>,
    notes: Vec<NoteView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    benchmark: Option<benchmark::View<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Subject<'a> {
    name: String,
    format: String,
    size: u64,
    layout: &'a str,
    sector: u32,
}

#[derive(Serialize)]
struct Verdict<'a> {
    outcome: &'static str,
    sentence: &'a str,
    exit_code: u8,
    fail_on: Option<&'static str>,
    accepted_gaps: Vec<&'static str>,
}

#[derive(Serialize)]
struct Summary {
    findings: usize,
    /// Of those about one secret, one.
    distinct: usize,
    /// By severity, worst first; each is there.
    by_severity: Counts,
    /// Below `--min-severity`: counted, not in `findings`.
    not_shown: usize,
    /// Gaps through which something was lost.
    gaps: usize,
}

#[derive(Serialize)]
struct CoverageView {
    entries: u64,
    files: u64,
    files_read: u64,
    bytes_searched: u64,
    files_known: u64,
    bytes_known: u64,
    archive_members: u64,
    bytes_unpacked: u64,
    packaged_matches_dropped: u64,
    findings_dropped: u64,
}

#[derive(Serialize)]
struct LedgerView {
    size: u64,
    /// Bytes by use; each use is there.
    uses: Counts,
    twice: u64,
    adds_up: bool,
    holes: u64,
}

#[derive(Serialize)]
struct Volume<'a> {
    partition: Option<u32>,
    name: Option<&'a str>,
    offset: u64,
    size: u64,
    places: Vec<Run>,
    content: &'a str,
    purpose: Option<&'a str>,
    label: Option<String>,
    uuid: Option<&'a str>,
    mount: Option<String>,
    mount_source: Option<&'static str>,
    free: u64,
    entries: u64,
    read: bool,
    ledger: LedgerView,
}

/// A run of bytes of the image.
#[derive(Serialize)]
struct Run {
    offset: u64,
    size: u64,
}

#[derive(Serialize)]
struct FindingView<'a> {
    id: &'a str,
    category: &'static str,
    severity: &'static str,
    confidence: &'static str,
    proof: Option<&'static str>,
    title: &'a str,
    why: &'a str,
    remedy: &'a str,
    commands: Vec<String>,
    automatic: bool,
    note: String,
    origin: &'a str,
    references: &'a [String],
    subject: Option<String>,
    package: Option<String>,
    location: Place<'a>,
    group: Option<u32>,
    more: Vec<Place<'a>>,
    evidence: EvidenceView,
}

/// One secret in several places.
#[derive(Serialize)]
struct Group<'a> {
    group: u32,
    id: &'a str,
    severity: &'static str,
    places: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    partition: Option<u32>,
    volume: Option<&'a str>,
    path: String,
    /// The bytes in base64, where `path` is their escaped form.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    inode: Option<u64>,
    offset: Option<u64>,
    line: Option<u64>,
}

#[derive(Serialize)]
struct EvidenceView {
    redacted: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<String>>,
    key_fingerprint: Option<String>,
    facts: Facts,
}

#[derive(Serialize)]
struct GapView<'a> {
    location: Place<'a>,
    kind: &'static str,
    loss: &'static str,
    bytes: Option<u64>,
    reason: String,
}

#[derive(Serialize)]
struct NoteView {
    place: String,
    text: String,
}

struct Counts(Vec<(&'static str, u64)>);

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// Facts in their order; of two with one name, both values.
struct Facts(Vec<(&'static str, String)>);

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The report as a JSON document, ending with a newline. It holds no control characters and no invisible
/// ones: they are escaped, so it may be shown on a terminal.
pub fn render(report: &Report, judgement: &Judgement, options: &Options) -> String {
    let document = document(report, judgement, options);
    let json = serde_json::to_string_pretty(&document);
    // Only a map with keys that are no strings could fail, and there is none.
    let json = json.unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
    let mut text = String::with_capacity(json.len().saturating_add(1));
    json.chars().for_each(|c| push_visible(c, &mut text));
    text.push('\n');
    text
}

/// Appends `c`, escaped as JSON does it if it is not to be seen. Outside strings JSON is plain ASCII.
fn push_visible(c: char, text: &mut String) {
    let hidden = || Escaped(c.encode_utf8(&mut [0; 4]).as_bytes()).to_string().starts_with("\\u");
    if (' '..='~').contains(&c) || c == '\n' || !hidden() {
        text.push(c);
    } else {
        let units =
            c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
        text.push_str(&units);
    }
}

fn document<'a>(report: &'a Report, judgement: &'a Judgement, options: &Options) -> Document<'a> {
    let shown = |finding: &&Finding| finding.severity >= options.min_severity;
    let findings: Vec<_> =
        report.findings.iter().filter(shown).map(|f| finding(f, &report.machine, options)).collect();
    let places = report.places();
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    Document {
        format: "assay-report",
        version: VERSION,
        tool: Tool { name: "assay", version: TOOL_VERSION },
        subject: Subject {
            name: plain(report.subject.name.as_bytes()),
            format: plain(report.subject.format.as_bytes()),
            size: report.subject.size,
            layout: &report.subject.layout,
            sector: report.subject.sector,
        },
        system: report.system.as_ref().map(|system| plain(system.as_bytes())),
        verdict: verdict(judgement),
        summary: Summary {
            findings: report.findings.len(),
            distinct: report.distinct().count(),
            by_severity: Counts(
                Severity::ALL.map(|severity| (severity.name(), count(severity) as u64)).into(),
            ),
            not_shown: report.findings.len().saturating_sub(findings.len()),
            gaps: report.losses().count(),
        },
        coverage: coverage(&report.coverage),
        ledger: ledger(&report.ledger),
        volumes: report.volumes.iter().map(volume).collect(),
        findings,
        groups: report.distinct().filter(shown).filter_map(|worst| group(worst, &places)).collect(),
        gaps: report.gaps.iter().map(gap).collect(),
        notes: report.notes.iter().map(note).collect(),
        benchmark: report.benchmark.as_ref().map(benchmark::view),
    }
}

fn verdict(judgement: &Judgement) -> Verdict<'_> {
    Verdict {
        outcome: judgement.outcome.name(),
        sentence: &judgement.sentence,
        exit_code: judgement.exit_code,
        fail_on: judgement.fail_on.map(Severity::name),
        accepted_gaps: judgement.accepted_gaps.iter().copied().map(GapKind::name).collect(),
    }
}

fn coverage(coverage: &Coverage) -> CoverageView {
    CoverageView {
        entries: coverage.entries,
        files: coverage.files,
        files_read: coverage.files_read,
        bytes_searched: coverage.bytes_searched,
        files_known: coverage.files_known,
        bytes_known: coverage.bytes_known,
        archive_members: coverage.members,
        bytes_unpacked: coverage.bytes_unpacked,
        packaged_matches_dropped: coverage.packaged_matches_dropped,
        findings_dropped: coverage.findings_dropped,
    }
}

fn ledger(ledger: &Ledger) -> LedgerView {
    LedgerView {
        size: ledger.size,
        uses: Counts(Use::ALL.map(|what| (what.name(), ledger.bytes(what))).into()),
        twice: ledger.twice,
        adds_up: ledger.adds_up(),
        holes: ledger.holes,
    }
}

fn volume(volume: &VolumeSummary) -> Volume<'_> {
    Volume {
        partition: volume.partition,
        name: volume.name.as_deref(),
        offset: volume.offset,
        size: volume.size,
        places: volume.places.iter().map(|span| Run { offset: span.offset, size: span.len }).collect(),
        content: &volume.content,
        purpose: volume.purpose.as_deref(),
        label: volume.label.as_deref().map(plain),
        uuid: volume.uuid.as_deref(),
        mount: volume.mount.as_deref().map(plain),
        mount_source: volume.mount_source,
        free: volume.usage.free,
        entries: volume.entries,
        read: volume.read,
        ledger: ledger(&volume.ledger),
    }
}

fn finding<'a>(finding: &'a Finding, machine: &Machine, options: &Options) -> FindingView<'a> {
    let advisory = &*finding.advisory;
    let done = remedies::remedy(finding, machine);
    FindingView {
        id: &advisory.id,
        category: advisory.category.name(),
        severity: finding.severity.name(),
        confidence: finding.confidence.name(),
        proof: finding.proof.map(Proof::name),
        title: &advisory.title,
        why: &advisory.why,
        remedy: &advisory.remedy,
        commands: done.commands,
        automatic: done.is_automatic,
        note: done.note,
        origin: done.origin,
        references: &advisory.references,
        subject: finding.subject.as_ref().map(|subject| plain(subject.as_bytes())),
        package: finding.package.as_ref().map(|package| plain(package.as_bytes())),
        location: place(&finding.location),
        group: finding.group,
        more: finding.more.iter().map(place).collect(),
        evidence: evidence(&finding.evidence, options),
    }
}

/// The group of which `worst` is the worst finding.
fn group<'a>(worst: &'a Finding, places: &BTreeMap<u32, Vec<&'a Location>>) -> Option<Group<'a>> {
    let group = worst.group?;
    let places = places.get(&group).into_iter().flatten().copied();
    Some(Group {
        group,
        id: &worst.advisory.id,
        severity: worst.severity.name(),
        places: places.map(place).collect(),
    })
}

fn evidence(evidence: &Evidence, options: &Options) -> EvidenceView {
    let each = |form: fn(&Secret) -> String| evidence.secrets.iter().map(form).collect::<Vec<_>>();
    let mut facts: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in &evidence.facts {
        let value = plain(value.as_bytes());
        match facts.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => *values = format!("{values}, {value}"),
            None => facts.push((name, value)),
        }
    }
    EvidenceView {
        redacted: each(Secret::redacted),
        sha256: options.hashes.then(|| each(Secret::sha256)),
        values: options.secrets.then(|| each(value)),
        key_fingerprint: evidence.key_fingerprint.as_ref().map(|print| plain(print.as_bytes())),
        facts: Facts(facts),
    }
}

/// A secret as it is, where it is text; JSON's own escapes keep its control characters.
fn value(secret: &Secret) -> String {
    match std::str::from_utf8(secret.reveal()) {
        Ok(text) => text.to_owned(),
        Err(_) => Escaped(secret.reveal()).to_string(),
    }
}

fn gap(gap: &Gap) -> GapView<'_> {
    use crate::finding::Loss;
    let loss = match gap.loss {
        Loss::Nothing => "nothing",
        Loss::Part => "part",
        Loss::File => "file",
        Loss::Directory => "directory",
        Loss::Volume => "volume",
    };
    let reason = plain(gap.reason.as_bytes());
    GapView { location: place(&gap.location), kind: gap.kind.name(), loss, bytes: gap.bytes, reason }
}

fn note((place, text): &(String, String)) -> NoteView {
    NoteView { place: plain(place.as_bytes()), text: plain(text.as_bytes()) }
}

fn place(location: &Location) -> Place<'_> {
    let path = plain(&location.path);
    let path_bytes = (path.as_bytes() != location.path).then(|| STANDARD.encode(&location.path));
    Place {
        partition: location.partition,
        volume: location.volume.as_deref(),
        path,
        path_bytes,
        inode: location.inode,
        offset: location.offset,
        line: location.line,
    }
}

/// `bytes` as they are, if they are visible text; else escaped.
fn plain(bytes: &[u8]) -> String {
    let escaped = Escaped(bytes).to_string();
    match std::str::from_utf8(bytes) {
        Ok(text) if text.replace('\\', "\\\\") == escaped => text.to_owned(),
        _ => escaped,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::sample;
    use super::*;

    fn rendered(options: &Options) -> Value {
        serde_json::from_str(&render(&sample::report(), &sample::judgement(), options)).unwrap()
    }

    #[test]
    fn the_document_names_its_format_and_verdict() {
        let json = rendered(&Options::default());
        assert_eq!((json["format"].as_str(), json["version"].as_u64()), (Some("assay-report"), Some(1)));
        assert_eq!(json["verdict"]["outcome"], "fail");
        assert_eq!(json["verdict"]["fail_on"], "high");
        assert_eq!(json["summary"]["by_severity"]["critical"], 3);
        assert_eq!(json["summary"]["gaps"], 1);
        assert_eq!(json["coverage"]["archive_members"], 3);
        assert_eq!(json["ledger"]["uses"]["searched"], 2 << 20);
        assert_eq!(json["ledger"]["adds_up"], true);
        assert_eq!(json["volumes"][0]["mount"], "/");
        assert_eq!(json["gaps"][0]["kind"], "unsupported");
        assert_eq!(json["notes"][0]["text"], "the journal was replayed");
    }

    #[test]
    fn a_finding_is_where_scores_look_for_it() {
        let json = rendered(&Options::default());
        let finding = json.pointer("/findings/0").unwrap();
        let text = |pointer| finding.pointer(pointer).and_then(Value::as_str);
        assert_eq!(text("/location/path"), Some("/etc/shadow"));
        assert_eq!(text("/category"), Some("shadow"));
        assert_eq!(text("/severity"), Some("critical"));
        assert_eq!(text("/subject"), Some("root"));
        assert_eq!(text("/title"), Some("root can log in with a password"));
        assert_eq!(text("/evidence/facts/algorithm"), Some("sha512crypt"));
        assert_eq!(json.pointer("/findings/3/evidence/key_fingerprint").unwrap(), "SHA256:abc");
    }

    #[test]
    fn a_plain_path_is_verbatim_and_others_come_with_their_bytes() {
        let json = rendered(&Options::default());
        let plain = &json["findings"][2]["location"];
        assert_eq!(plain["path"], "/srv/a\\b/größe.env");
        assert_eq!(plain.get("path_bytes"), None);
        let evil = &json["findings"][1]["location"];
        assert_eq!(evil["path"], "/srv/\\u{1b}[2J\\xff.env");
        assert_eq!(evil["path_bytes"], STANDARD.encode(b"/srv/\x1b[2J\xff.env"));
    }

    #[test]
    fn secrets_come_out_only_when_asked_for() {
        let text = render(&sample::report(), &sample::judgement(), &Options::default());
        assert!(!text.contains("not-a-real"));
        assert!(!text.contains("sha256"));
        let all = rendered(&Options { secrets: true, hashes: true, ..Options::default() });
        let evidence = &all["findings"][1]["evidence"];
        assert_eq!(evidence["values"][0], "not-a-real-secret-access-key-but-40-long");
        let hash = Secret::new(*b"not-a-real-secret-access-key-but-40-long").sha256();
        assert_eq!(evidence["sha256"][0], hash);
    }

    #[test]
    fn hidden_findings_are_counted() {
        let json = rendered(&Options { min_severity: Severity::High, ..Options::default() });
        assert_eq!(json["findings"].as_array().unwrap().len(), 4);
        assert_eq!(json["summary"]["not_shown"], 7);
    }

    #[test]
    fn no_invisible_character_gets_out_and_none_is_lost() {
        let mut text = String::new();
        "a\u{9b}é\u{202e}\u{e0001}\u{7f}".chars().for_each(|c| push_visible(c, &mut text));
        assert_eq!(text, "a\\u009bé\\u202e\\udb40\\udc01\\u007f");
    }
}
