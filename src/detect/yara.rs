//! Rules of YARA that the user gave (`--yara`), by the library `yara-x`; only in builds with the feature `yara`.
//!
//! **Finds** files, members of archives among them, that a rule matches. Private rules and global rules count as
//! YARA has them; a global rule counts for its own file of rules. The severity is the rule's `severity` in `meta`
//! (info, low, medium, high, critical), else high.
//!
//! **Why it matters:** whoever examines an image has rules for what they look for: families of malware, tools, marks.
//!
//! **Does not find** anything in files over [`WHOLE`] bytes or in files that a rule takes too long for, which are
//! gaps; modules that need more than the file's bytes have nothing to say.
//!
//! **References:** https://virustotal.github.io/yara-x/docs/.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use yara_x::{Compiler, MetaValue, Rule, ScanError, Scanner, SourceCode};

use super::{Sink, Stream, StreamDetector};
use crate::finding::{Advisory, Category, FactKey, Finding, Gap, GapKind, Location, Loss, Severity};
use assay_disk::tree::Entry;

/// Bytes of a file that rules are tried on: they need it whole.
pub const WHOLE: usize = 64 << 20;
/// For the rules on one file. The one limit here that is a clock's, as the library has no other.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Matches of a pattern that the library keeps.
const KEPT: usize = 1000;
/// Places of matches that a finding shows.
const SHOWN: usize = 8;
/// Characters of a rule's meta that a finding shows.
const META: usize = 400;

/// Compiled rules.
pub struct Rules {
    rules: yara_x::Rules,
    identity: [u8; 32],
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rules(…)")
    }
}

impl Rules {
    /// Compiles files of rules: the name of each, and its text. Each file has a namespace of its own, called after
    /// it. `include` is refused, as what a cache holds is known by these texts.
    ///
    /// # Errors
    /// What is wrong, with the name, the line and the column.
    pub fn compile(files: &[(String, String)]) -> Result<Self, String> {
        let mut compiler = Compiler::new();
        compiler.enable_includes(false);
        let mut hasher = Sha256::new();
        for (name, text) in files {
            compiler.new_namespace(name);
            let source = SourceCode::from(text.as_str()).with_origin(name.as_str());
            compiler.add_source(source).map_err(|error| error.to_string())?;
            for part in [name, text] {
                hasher.update((part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
        let rules = compiler.build();
        if rules.iter().len() == 0 {
            return Err("there is no rule in it".to_owned());
        }
        Ok(Self { rules, identity: hasher.finalize().into() })
    }

    /// What tells these rules from others.
    pub fn identity(&self) -> [u8; 32] {
        self.identity
    }
}

/// Tries the rules on every file.
pub struct YaraRules {
    rules: Option<Arc<Rules>>,
    matched: Arc<Advisory>,
}

impl YaraRules {
    /// For these rules.
    pub fn new(rules: Option<Arc<Rules>>) -> Self {
        let matched = Arc::new(Advisory {
            id: "yara-rule".to_owned(),
            category: Category::Malware,
            title: "File that a YARA rule of the user matches".to_owned(),
            severity: Severity::High,
            why: "A rule given with --yara matches the file; the rule says what that means.".to_owned(),
            remedy:
                "Do what the rule is for; where it finds malware, do not publish the image, and build anew."
                    .to_owned(),
            references: vec!["https://virustotal.github.io/yara-x/docs/".to_owned()],
        });
        Self { rules, matched }
    }
}

impl StreamDetector for YaraRules {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.matched)]
    }

    fn is_wanted(&self) -> bool {
        self.rules.is_some()
    }

    fn begin(&self) -> Box<dyn Stream + '_> {
        let scanner = self.rules.as_ref().map(|rules| {
            let mut scanner = Scanner::new(&rules.rules);
            scanner.set_timeout(TIMEOUT).max_matches_per_pattern(KEPT);
            scanner
        });
        Box::new(Scanning { matched: &self.matched, scanner, content: Vec::new(), length: 0 })
    }
}

/// A file that is gathered, to be looked at at its end.
struct Scanning<'d> {
    matched: &'d Arc<Advisory>,
    scanner: Option<Scanner<'d>>,
    content: Vec<u8>,
    /// Bytes that went by.
    length: u64,
}

impl Stream for Scanning<'_> {
    fn piece(&mut self, bytes: &[u8]) {
        self.length = self.length.saturating_add(bytes.len() as u64);
        if self.length <= WHOLE as u64 {
            self.content.extend_from_slice(bytes);
        }
    }

    fn end(&mut self, _: &Entry<'_>, is_whole: bool, sink: &mut dyn Sink) {
        if self.length > WHOLE as u64 {
            let reason = format!("no YARA rule was tried: it has more than {WHOLE} bytes");
            sink.gap(gap(GapKind::OverLimit, reason));
        } else if is_whole && let Some(scanner) = &mut self.scanner {
            match scanner.scan(&self.content) {
                Ok(results) => {
                    let mut found: Vec<Finding> =
                        results.matching_rules().map(|rule| finding(self.matched, &rule)).collect();
                    found.sort_by(|a, b| a.subject.cmp(&b.subject));
                    found.into_iter().for_each(|finding| sink.finding(finding));
                }
                Err(ScanError::Timeout) => {
                    let seconds = TIMEOUT.as_secs();
                    sink.gap(gap(GapKind::OverLimit, format!("YARA rules took more than {seconds} seconds")));
                }
                Err(error) => sink.gap(gap(GapKind::Unsupported, format!("YARA rules failed: {error}"))),
            }
        }
        self.length = 0;
        self.content.clear();
        self.content.shrink_to(4 << 20);
    }
}

fn gap(kind: GapKind, reason: String) -> Gap {
    Gap { location: Location::default(), kind, loss: Loss::Part, bytes: None, reason }
}

fn finding(matched: &Arc<Advisory>, rule: &Rule<'_, '_>) -> Finding {
    let named =
        rule.metadata().filter(|(key, _)| key.eq_ignore_ascii_case("severity")).find_map(|(_, value)| {
            let MetaValue::String(name) = value else { return None };
            Severity::by_name(&name.to_ascii_lowercase())
        });
    let mut places: Vec<(usize, &str)> = rule
        .patterns()
        .flat_map(|pattern| pattern.matches().map(move |at| (at.range().start, pattern.identifier())))
        .collect();
    places.sort_unstable();
    let mut finding = Finding::new(matched)
        .severity(named.unwrap_or(matched.severity))
        .subject(rule.identifier())
        .fact(FactKey::Namespace, rule.namespace());
    if let Some(&(first, _)) = places.first() {
        finding = finding.offset(first as u64).fact(FactKey::Matches, matches(&places));
    }
    let tags: Vec<&str> = rule.tags().map(|tag| tag.identifier()).collect();
    if !tags.is_empty() {
        finding = finding.fact(FactKey::Tags, tags.join(", "));
    }
    let meta = meta(rule);
    if meta.is_empty() { finding } else { finding.fact(FactKey::Meta, meta) }
}

/// "$a at byte 0, $b at byte 7, 3 more".
fn matches(places: &[(usize, &str)]) -> String {
    let shown = places.iter().take(SHOWN).map(|(at, pattern)| format!("{pattern} at byte {at}"));
    let more = places.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| format!("{more} more"));
    shown.chain(more).collect::<Vec<_>>().join(", ")
}

fn meta(rule: &Rule<'_, '_>) -> String {
    let mut text = String::new();
    for (key, value) in rule.metadata() {
        let apart = if text.is_empty() { "" } else { "; " };
        // Writing to a String cannot fail.
        let _ = match value {
            MetaValue::Integer(number) => write!(text, "{apart}{key}: {number}"),
            MetaValue::Float(number) => write!(text, "{apart}{key}: {number}"),
            MetaValue::Bool(is) => write!(text, "{apart}{key}: {is}"),
            MetaValue::String(value) => write!(text, "{apart}{key}: {value}"),
            MetaValue::Bytes(value) => write!(text, "{apart}{key}: {}", String::from_utf8_lossy(value)),
        };
    }
    match text.char_indices().nth(META) {
        Some((end, _)) => text.get(..end).map_or_else(String::new, |start| format!("{start}…")),
        None => text,
    }
}
