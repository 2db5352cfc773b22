//! No secret in what is said beside it: a fact of one finding may quote a line that holds the secret of another (a
//! cron job with a token, a command with a password). What any finding of the report knows as a secret is replaced in
//! every fact, reason and evidence by its redacted form, also where it stands encoded.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::checks::Benchmark;
use crate::finding::{Finding, Gap, Secret};

/// Shorter secrets cannot be told from other words.
const SHORTEST: usize = 4;
/// Shorter ones, and those that could be a word, are looked for beside themselves only: in their own file.
const ANYWHERE: usize = 8;
/// Lower-case letters alone are a word up to this length.
const WORD: usize = 12;
/// Lines of a longer secret (a key in PEM) that are looked for by themselves.
const LINE: usize = 16;
/// Steps of one search; more would need secrets that are all beginnings of each other.
const STEPS: usize = 64;

/// Replaces all secrets of `findings` in their facts, in the reasons of gaps and in a benchmark's evidence.
pub(super) fn seal(findings: &mut [Finding], gaps: &mut [Gap], benchmark: Option<&mut Benchmark>) {
    let (everywhere, by_file) = needles(findings);
    for finding in findings {
        let beside = by_file.get(&finding.location.path);
        for (_, value) in &mut finding.evidence.facts {
            everywhere.replace(value);
            beside.into_iter().for_each(|needles| needles.replace(value));
        }
    }
    for gap in gaps {
        everywhere.replace(&mut gap.reason);
    }
    let results = benchmark.into_iter().flat_map(|benchmark| &mut benchmark.results);
    for evidence in results.flat_map(|judged| &mut judged.evidence) {
        everywhere.replace(&mut evidence.value);
        by_file.get(&evidence.path).into_iter().for_each(|needles| needles.replace(&mut evidence.value));
    }
}

/// What to look for in all texts, and what in those about one file.
fn needles(findings: &[Finding]) -> (Needles, BTreeMap<Vec<u8>, Needles>) {
    let mut everywhere = Vec::new();
    let mut by_file: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
    for finding in findings {
        for part in finding.evidence.secrets.iter().flat_map(parts) {
            let is_word = part.len() < WORD && part.iter().all(u8::is_ascii_lowercase);
            if part.len() >= ANYWHERE && !is_word {
                everywhere.extend(forms(part));
            } else if part.len() >= SHORTEST {
                by_file.entry(finding.location.path.clone()).or_default().extend(forms(part));
            }
        }
    }
    let by_file = by_file.into_iter().map(|(path, parts)| (path, Needles::new(parts))).collect();
    (Needles::new(everywhere), by_file)
}

/// The secret, and its lines where it has several.
fn parts(secret: &Secret) -> Vec<&[u8]> {
    let whole = secret.reveal().trim_ascii();
    let lines = whole.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let long =
        lines.filter(|line| line.len() >= LINE && line.len() < whole.len() && !line.starts_with(b"-----"));
    std::iter::once(whole).chain(long).collect()
}

/// The forms in which a text may hold `secret`.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_vec()];
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    if !secret.iter().all(is_plain) {
        for is_upper in [true, false] {
            let percent = |byte: &u8| match (is_plain(byte), is_upper) {
                (true, _) => char::from(*byte).to_string(),
                (false, true) => format!("%{byte:02X}"),
                (false, false) => format!("%{byte:02x}"),
            };
            forms.push(secret.iter().map(percent).collect::<String>().into_bytes());
        }
    }
    // Base64 of text around it is the same from its second or third byte on: the letters that no neighbour changes.
    for skip in 0..3 {
        let inner = secret.get(skip..).unwrap_or_default();
        let inner = inner.get(..inner.len().saturating_sub(inner.len() % 3)).unwrap_or_default();
        if inner.len() >= SHORTEST.saturating_add(skip) {
            forms.push(STANDARD_NO_PAD.encode(inner).into_bytes());
        }
    }
    forms
}

/// Texts to look for.
struct Needles {
    /// In order.
    all: Vec<Vec<u8>>,
    /// A bit for each beginning that one of them has: most places of a text are passed over by it.
    beginnings: Vec<u64>,
}

/// Bits of [`Needles::beginnings`] for each needle.
const BITS: usize = 16;

impl Needles {
    fn new(mut all: Vec<Vec<u8>>) -> Self {
        all.retain(|needle| needle.len() >= SHORTEST);
        all.sort_unstable();
        all.dedup();
        let words = all.len().saturating_mul(BITS).div_ceil(64).next_power_of_two();
        let mut needles = Self { beginnings: vec![0; words], all };
        for needle in &needles.all {
            let (word, bit) = place(needle, words);
            needles.beginnings.get_mut(word).into_iter().for_each(|word| *word |= bit);
        }
        needles
    }

    /// Whether one of them may begin as `text` does.
    fn may_begin(&self, text: &[u8]) -> bool {
        let (word, bit) = place(text, self.beginnings.len());
        self.beginnings.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Replaces each of them in `text`.
    fn replace(&self, text: &mut String) {
        let bytes = text.as_bytes();
        let mut sealed: Option<Vec<u8>> = None;
        let (mut at, mut copied) = (0, 0);
        while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= SHORTEST) {
            let found = if self.may_begin(rest) { self.longest(rest) } else { None };
            let Some(found) = found else {
                at = at.saturating_add(1);
                continue;
            };
            let sealed = sealed.get_or_insert_default();
            sealed.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
            sealed.extend_from_slice(Secret::new(found).redacted().as_bytes());
            at = at.saturating_add(found.len());
            copied = at;
        }
        if let Some(mut sealed) = sealed {
            sealed.extend_from_slice(bytes.get(copied..).unwrap_or_default());
            *text = String::from_utf8_lossy(&sealed).into_owned();
        }
    }

    /// The longest of them that `text` begins with. All that lie between a beginning of the text and the text share
    /// that beginning, so each step looks at the nearest below, and shortens the text to what it has in common.
    fn longest<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let mut text = text;
        for _ in 0..STEPS {
            let below = self.all.partition_point(|needle| needle.as_slice() <= text).checked_sub(1)?;
            let nearest = self.all.get(below)?;
            let common = nearest.iter().zip(text).take_while(|(a, b)| a == b).count();
            if common == nearest.len() {
                return text.get(..common);
            }
            text = text.get(..common).filter(|text| text.len() >= SHORTEST)?;
        }
        None
    }
}

/// The bit of the first bytes of `text`, among so many words (a power of two).
fn place(text: &[u8], words: usize) -> (usize, u64) {
    let first = text.iter().take(SHORTEST).fold(0_u32, |first, &byte| first << 8 | u32::from(byte));
    // Knuth's multiplicative hash: the upper bits are the good ones.
    let hash = first.wrapping_mul(0x9e37_79b1);
    let word = (hash >> 12) as usize & words.saturating_sub(1);
    (word, 1 << (hash >> 6 & 63))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Advisory, Category, Severity};

    fn finding(path: &str, secret: &str, fact: &str) -> Finding {
        let advisory = Advisory {
            id: "rule".to_owned(),
            category: Category::Credential,
            title: String::new(),
            severity: Severity::High,
            why: String::new(),
            remedy: String::new(),
            references: Vec::new(),
        };
        let mut finding = Finding::new(&Arc::new(advisory)).fact("line", fact);
        finding.location.path = path.as_bytes().to_vec();
        if !secret.is_empty() {
            finding.evidence.secrets.push(Secret::new(secret));
        }
        finding
    }

    fn sealed(findings: &[Finding]) -> Vec<String> {
        let mut findings = findings.to_vec();
        seal(&mut findings, &mut [], None);
        findings.iter().map(|finding| finding.evidence.facts[0].1.clone()).collect()
    }

    #[test]
    fn the_secret_of_one_finding_is_in_no_fact_of_another() {
        let token = "Xk29-fjq8/Zmw=w21";
        let encoded = STANDARD_NO_PAD.encode(format!("user:{token}"));
        let shifted = STANDARD_NO_PAD.encode(format!("x{token}"));
        let facts = [
            format!("curl -H {token} https://e.org"),
            "https://e.org/?t=Xk29-fjq8%2FZmw%3Dw21&x".to_owned(),
            "https://e.org/?t=Xk29-fjq8%2fZmw%3dw21".to_owned(),
            format!("Basic {encoded}"),
            format!("Basic {shifted}"),
        ];
        let mut all = vec![finding("/a", token, "")];
        all.extend(facts.iter().map(|fact| finding("/b", "", fact)));
        let sealed = sealed(&all);
        assert_eq!(sealed[1], "curl -H Xk… (17 bytes) https://e.org");
        for (sealed, fact) in sealed.iter().skip(1).zip(&facts) {
            assert!(sealed != fact && !sealed.contains("fjq8") && !sealed.contains("Zmw"), "{sealed}");
        }
        for text in [&encoded, &shifted] {
            let middle = text.get(8..20).unwrap();
            assert!(sealed.iter().all(|sealed| !sealed.contains(middle)), "{sealed:?}");
        }
    }

    #[test]
    fn short_secrets_and_words_are_looked_for_in_their_own_file_only() {
        let all = [
            finding("/a", "pw12", "login with pw12"),
            finding("/b", "", "login with pw12"),
            finding("/c", "password", "the password is password"),
            finding("/d", "", "given as password"),
            finding("/e", "no", "no, not this"),
        ];
        let expected = [
            "login with … (4 bytes)",
            "login with pw12",
            "the p… (8 bytes) is p… (8 bytes)",
            "given as password",
            "no, not this",
        ];
        assert_eq!(sealed(&all), expected);
    }

    #[test]
    fn the_longest_secret_is_replaced_whole() {
        let all = [
            finding("/a", "abcdefgh1", "abcdefgh1 abcdefgh1234 abcdefgh12 abcdefgh"),
            finding("/b", "abcdefgh1234", ""),
        ];
        assert_eq!(sealed(&all)[0], "a… (9 bytes) a… (12 bytes) a… (9 bytes)2 abcdefgh");
    }

    #[test]
    fn twenty_thousand_secrets_are_all_found_in_texts_about_others() {
        let secret = |number: usize| format!("{:08x}-Secret", number.wrapping_mul(0x9e37_79b1));
        let fact = |number: usize| format!("curl -u admin:{} https://example.org/{number}", secret(number));
        let all: Vec<_> =
            (0..20_000).map(|n| finding(&format!("/{n}"), &secret(n), &fact((n + 7) % 20_000))).collect();
        let begin = std::time::Instant::now();
        let sealed = sealed(&all);
        assert!(begin.elapsed().as_secs() < 60);
        assert!(sealed.iter().all(|fact| fact.contains("… (") && !fact.contains("-Secret")));
    }

    #[test]
    fn a_line_of_a_key_is_a_secret_and_its_frame_is_none() {
        let key = "-----BEGIN KEY-----\nMIIabcdefghijklmnop0123\nMIIqrstuvwxyz0123456789\n-----END KEY-----";
        let fact = "KEY=-----BEGIN KEY----- MIIabcdefghijklmnop0123";
        let sealed = sealed(&[finding("/a", key, fact)]);
        assert_eq!(sealed[0], "KEY=-----BEGIN KEY----- MI… (23 bytes)");
    }
}
