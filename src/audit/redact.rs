//! No secret in what is said beside it: everything of the image that a report quotes passes here, in one place, before
//! any format sees it.
//!
//! What any finding knows as a secret is replaced by its redacted form wherever it is said, also where it stands encoded;
//! so is what is a secret by its form ([`recognised`]): tokens of rules, also in paths, values of options and words that
//! nobody writes by hand in lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::detect::Signatures;
use crate::finding::{Finding, Secret};

mod needles;
mod recognised;
mod report;

use needles::{Needles, SHORTEST, forms, parts};
use recognised::{Grade, Reader};

/// Shorter ones, and those that could be a word, are looked for beside themselves only: in their own file.
const ANYWHERE: usize = 8;
/// Lower-case letters alone are a word up to this length; a shorter secret is not looked for in names.
const WORD: usize = 12;
/// Bytes of a text that are quoted; what is beyond is left out.
const LONGEST: usize = 4096;

/// Something of the image that is said.
pub enum Quote<'q> {
    /// A path, or another name of bytes.
    Path(&'q mut Vec<u8>),
    /// A name.
    Name(&'q mut String),
    /// Words of the program, with names in them.
    Words(&'q mut String),
    /// A line, an option, a comment, as it stands in the image.
    Line(&'q mut String),
}

/// Takes what is said, with the path of the file that it is about; empty where it is about none.
pub type Visit<'v> = &'v mut dyn FnMut(&[u8], Quote<'_>);

/// What says something of an image.
pub trait Quotes {
    /// Shows each text of the image to `visit`, which may change it.
    fn each(&mut self, visit: Visit<'_>);
}

/// The secrets of an image, to be kept out of what is said of it.
pub struct Seal {
    signatures: Arc<Signatures>,
    known: Known,
    /// Short ones, by the file that they are in.
    by_file: BTreeMap<Vec<u8>, Needles>,
}

/// Secrets by where they are looked for.
#[derive(Default)]
struct Known {
    /// In lines and words.
    texts: Needles,
    /// In names.
    names: Needles,
}

impl Known {
    fn new(secrets: &[Vec<u8>]) -> Self {
        let names = secrets.iter().filter(|secret| is_no_name(secret));
        Self {
            texts: Needles::new(secrets.iter().flat_map(|secret| forms(secret)).collect()),
            names: Needles::new(names.flat_map(|secret| forms(secret)).collect()),
        }
    }

    fn of(&self, grade: Grade) -> &Needles {
        if grade == Grade::Name { &self.names } else { &self.texts }
    }
}

impl Seal {
    /// With the secrets of `findings`.
    pub fn new(findings: &[Finding], signatures: Arc<Signatures>) -> Self {
        let mut everywhere: Vec<Vec<u8>> = Vec::new();
        let mut by_file: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
        for finding in findings {
            for part in finding.evidence.secrets.iter().flat_map(parts) {
                if is_no_word(part) {
                    everywhere.push(part.to_vec());
                } else if part.len() >= SHORTEST {
                    by_file.entry(finding.location.path.clone()).or_default().extend(forms(part));
                }
            }
        }
        let by_file = by_file.into_iter().map(|(path, parts)| (path, Needles::new(parts))).collect();
        everywhere.sort_unstable();
        everywhere.dedup();
        Self { signatures, known: Known::new(&everywhere), by_file }
    }

    /// Replaces all secrets in what is said.
    pub fn apply(&self, quotes: &mut dyn Quotes) {
        let mut reader = Reader::new(self.signatures.engine());
        let mut learned: Vec<Vec<u8>> = Vec::new();
        quotes.each(&mut |file, mut quote| {
            let grade = quote.grade();
            quote.cut();
            // First what is known, so that a form does not take a half of it.
            self.replace(&self.known, file, &mut quote);
            let text = quote.bytes();
            let mut sealed = Vec::new();
            let mut copied = 0;
            for found in reader.secrets(text, grade) {
                let secret = text.get(found.range.clone()).unwrap_or_default();
                sealed.extend_from_slice(text.get(copied..found.range.start).unwrap_or_default());
                sealed.extend_from_slice(Secret::new(secret).redacted().as_bytes());
                copied = found.range.end;
                if found.is_sure && is_no_word(secret) {
                    learned.push(secret.to_vec());
                }
            }
            if copied > 0 {
                sealed.extend_from_slice(text.get(copied..).unwrap_or_default());
                quote.set(sealed);
            }
        });
        if !learned.is_empty() {
            learned.sort_unstable();
            learned.dedup();
            let learned = Known::new(&learned);
            quotes.each(&mut |file, mut quote| self.replace(&learned, file, &mut quote));
        }
    }

    fn replace(&self, known: &Known, file: &[u8], quote: &mut Quote<'_>) {
        let grade = quote.grade();
        let beside = self.by_file.get(file).filter(|_| grade > Grade::Name);
        for needles in std::iter::once(known.of(grade)).chain(beside) {
            if let Some(sealed) = needles.replaced(quote.bytes()) {
                quote.set(sealed);
            }
        }
    }
}

impl Quote<'_> {
    fn grade(&self) -> Grade {
        match self {
            Self::Path(_) | Self::Name(_) => Grade::Name,
            Self::Words(_) => Grade::Words,
            Self::Line(_) => Grade::Line,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Path(path) => path,
            Self::Name(text) | Self::Words(text) | Self::Line(text) => text.as_bytes(),
        }
    }

    fn set(&mut self, bytes: Vec<u8>) {
        match self {
            Self::Path(path) => **path = bytes,
            Self::Name(text) | Self::Words(text) | Self::Line(text) => {
                **text = String::from_utf8_lossy(&bytes).into_owned();
            }
        }
    }

    /// Leaves out the end of a line that is too long to be read.
    fn cut(&mut self) {
        if let Self::Line(text) | Self::Words(text) = self
            && text.len() > LONGEST
        {
            let left = format!("… ({} bytes in all)", text.len());
            assay_disk::text::cut(text, LONGEST);
            text.push_str(&left);
        }
    }
}

/// Whether a value can be told from the words of a text.
fn is_no_word(value: &[u8]) -> bool {
    value.len() >= ANYWHERE && !(value.len() < WORD && value.iter().all(u8::is_ascii_lowercase))
}

/// Whether a value can be told from the names of files.
fn is_no_name(value: &[u8]) -> bool {
    let has = |wanted: fn(&u8) -> bool| value.iter().any(wanted);
    value.len() >= WORD && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && !value.contains(&b'/')
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;

    use super::*;
    use crate::audit::Report;
    use crate::finding::{Advisory, Category, FactKey, Severity};

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
        let mut finding = Finding::new(&Arc::new(advisory)).fact(FactKey::Line, fact);
        finding.location.path = path.as_bytes().to_vec();
        if !secret.is_empty() {
            finding.evidence.secrets.push(Secret::new(secret));
        }
        finding
    }

    fn sealed(findings: &[Finding]) -> Vec<String> {
        let mut report = Report { findings: findings.to_vec(), ..Report::default() };
        let seal = Seal::new(&report.findings, Arc::new(Signatures::embedded().unwrap()));
        seal.apply(&mut report);
        report.findings.iter().map(|finding| finding.evidence.facts[0].1.clone()).collect()
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
        assert!(begin.elapsed().as_secs() < 120);
        assert!(sealed.iter().all(|fact| fact.contains("… (") && !fact.contains("-Secret")));
    }

    #[test]
    fn a_line_of_a_key_is_a_secret_and_its_frame_is_none() {
        let key = "-----BEGIN KEY-----\nMIIabcdefghijklmnop0123\nMIIqrstuvwxyz0123456789\n-----END KEY-----";
        let fact = "KEY=-----BEGIN KEY----- MIIabcdefghijklmnop0123";
        let sealed = sealed(&[finding("/a", key, fact)]);
        assert_eq!(sealed[0], "KEY=-----BEGIN KEY----- MI… (23 bytes)");
    }

    #[test]
    fn a_token_is_in_no_path_and_an_ordinary_password_leaves_names_alone() {
        let token = format!("{}Q3EGRT7XKZ5MPLQV", "AKIA");
        let mut report = Report {
            findings: vec![
                finding("/srv/app-production-2/.env", "app-production", ""),
                finding(&format!("/srv/{token}/.env"), "x", &format!("beside {token}")),
            ],
            notes: vec![(format!("/mnt/{token}"), format!("{token} was read"))],
            ..Report::default()
        };
        Seal::new(&report.findings, Arc::new(Signatures::embedded().unwrap())).apply(&mut report);
        assert_eq!(report.findings[0].location.path, b"/srv/app-production-2/.env");
        assert_eq!(report.findings[1].location.path, "/srv/AK… (20 bytes)/.env".as_bytes());
        assert!(!format!("{report:?}").contains(&token));
    }

    #[test]
    fn a_value_that_one_line_gives_away_is_in_no_other() {
        let facts = ["/tmp/x --password Wf7-kq2-zz9", "Wf7-kq2-zz9 again"];
        let all = [finding("/a", "", facts[0]), finding("/b", "", facts[1])];
        assert_eq!(sealed(&all), ["/tmp/x --password W… (11 bytes)", "W… (11 bytes) again"]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let all = [finding("/a", "", &"word ".repeat(100_000))];
        assert!(sealed(&all)[0].ends_with("… (500000 bytes in all)") && sealed(&all)[0].len() < 5000);
    }
}
