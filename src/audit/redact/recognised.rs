//! What is a secret by its form, in a text that a report quotes: tokens that the rules know, values of options, words
//! that nobody would write by hand.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::command_line;
use crate::finding::Confidence;
use crate::rules::{Engine, Family, Scan};

/// What kind of text it is, from the one of which most must stay to the one of which least must.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    /// A path or a name: what finds a thing again.
    Name,
    /// Words of the program, with names in them.
    Words,
    /// A line, an option, a comment, as it stands in the image.
    Line,
}

/// A range of a text.
pub(super) struct Found {
    pub(super) range: Range<usize>,
    /// Whether its form is proof enough to look for the value elsewhere.
    pub(super) is_sure: bool,
}

/// Shorter texts hold no option with a value.
const SHORTEST: usize = 8;
/// Letters of a word that nobody writes by hand.
const RANDOM: usize = 16;

/// Recognises secrets in one text after the other.
pub(super) struct Reader<'e> {
    scan: Scan<'e>,
}

impl<'e> Reader<'e> {
    pub(super) fn new(engine: &'e Engine) -> Self {
        Self { scan: engine.begin() }
    }

    /// The secrets in `text`, sorted, none in another.
    pub(super) fn secrets(&mut self, text: &[u8], grade: Grade) -> Vec<Found> {
        let mut found = self.of_rules(text, text, grade);
        // What begins behind a slash is a part of more for many rules, but not in a path.
        if text.contains(&b'/') {
            let parts: Vec<u8> = text.iter().map(|&byte| if byte == b'/' { b'\n' } else { byte }).collect();
            found.extend(self.of_rules(&parts, text, grade));
        }
        if grade > Grade::Name && may_have_value(text) {
            found.extend(of_commands(text));
            found.extend(named(text));
        }
        if grade == Grade::Line {
            found.extend(random_words(text));
        }
        found.retain(|found| !is_redacted(text, &found.range));
        found.sort_by_key(|found| (found.range.start, Reverse((found.range.end, found.is_sure))));
        let mut end = 0;
        found.retain(|found| {
            let is_first = found.range.start >= end;
            end = end.max(found.range.end);
            is_first
        });
        found
    }

    /// What rules find in `read`, in its places of `text`, which is as long.
    fn of_rules(&mut self, read: &[u8], text: &[u8], grade: Grade) -> Vec<Found> {
        self.scan.reset();
        self.scan.chunk(read, 0, 0, true);
        let is_wanted = |family, confidence| match family {
            Family::Credentials | Family::Keys => true,
            Family::Assignments => grade > Grade::Name && confidence > Confidence::Low,
            Family::Miners => false,
        };
        let mut found = Vec::new();
        for hit in self.scan.finish() {
            let secrets = std::iter::once(&hit.secret).chain(hit.other.as_ref().map(|other| &other.value));
            for secret in secrets.filter(|_| is_wanted(hit.family, hit.confidence)) {
                let ranges = memchr::memmem::find_iter(text, secret.reveal());
                found.extend(ranges.map(|at| Found {
                    range: at..at.saturating_add(secret.reveal().len()),
                    is_sure: hit.family != Family::Assignments,
                }));
            }
        }
        found
    }
}

/// Whether it was replaced by [`Secret::redacted`](crate::finding::Secret::redacted) before.
fn is_redacted(text: &[u8], range: &Range<usize>) -> bool {
    let value = text.get(range.clone()).unwrap_or_default();
    value.ends_with("…".as_bytes()) && text.get(range.end..).is_some_and(|rest| rest.starts_with(b" ("))
}

fn may_have_value(text: &[u8]) -> bool {
    text.len() >= SHORTEST && text.iter().any(|&byte| byte.is_ascii_whitespace() || b"=:".contains(&byte))
}

fn of_commands(text: &[u8]) -> impl Iterator<Item = Found> {
    // `auth sufficient pam_x.so` is PAM's, and no password of redis.
    let is_of_pam = |value: &[u8]| value.ends_with(b".so") || PAM_CONTROLS.contains(&value);
    let all = command_line::secrets(text).into_iter().map(|found| found.range);
    let all = all.filter(move |range| !text.get(range.clone()).is_some_and(is_of_pam));
    all.map(|range| Found { range, is_sure: true })
}

/// pam.d(5).
const PAM_CONTROLS: [&[u8]; 6] =
    [b"required", b"requisite", b"sufficient", b"optional", b"include", b"substack"];

/// `pw: …`, `token=…`: a value that the text itself calls a secret.
#[expect(
    clippy::expect_used,
    reason = "the pattern is the program's own, and every test of the seal compiles it"
)]
fn named(text: &[u8]) -> Vec<Found> {
    const PATTERN: &str = r#"(?x)
        (?i: \b [a-z0-9_.-]{0,32}? (?: pass(?:word|wd|phrase|code)? | pwd? | psk | secret | token | api[_-]?key
            | (?:access|private|auth|secret|account|license)[_-]?key | cred(?:ential)?s? ) )
        \s{0,2} [:=] \s{0,2} ["']? (?<secret> [^\s"',;()]+ )"#;
    static REGEX: LazyLock<Regex> = LazyLock::new(|| Regex::new(PATTERN).expect("the pattern is valid"));
    let values = REGEX.captures_iter(text).filter_map(|captures| captures.name("secret"));
    let values = values.filter(|value| command_line::is_value(value.as_bytes()));
    values.map(|value| Found { range: value.range(), is_sure: false }).collect()
}

/// Words of large and small letters and digits in a wild mixture.
fn random_words(text: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut start = 0;
    for at in 0..=text.len() {
        if text.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'+') {
            continue;
        }
        let word = text.get(start..at).unwrap_or_default();
        // Fingerprints are there to be compared.
        let is_digest = text.get(..start).is_some_and(|before| before.ends_with(b"SHA256:"));
        if is_random(word) && !is_digest {
            found.push(Found { range: start..at, is_sure: false });
        }
        start = at.saturating_add(1);
    }
    found
}

fn is_random(word: &[u8]) -> bool {
    let kind = |byte: &u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
    let has = |wanted: fn(&u8) -> bool| word.iter().any(wanted);
    // A large letter and the small ones behind it are one part: names in CamelCase have few parts, and long ones.
    let parts = |a: &u8, b: &u8| kind(a) != kind(b) && !(a.is_ascii_uppercase() && b.is_ascii_lowercase());
    let changes = word.windows(2).filter(|pair| matches!(pair, [a, b] if parts(a, b))).count();
    word.len() >= RANDOM
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && changes.saturating_mul(4) >= word.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str, grade: Grade) -> String {
        let mut text = text.to_owned();
        let found = Reader::new(Engine::embedded()).secrets(text.as_bytes(), grade);
        for found in found.iter().rev() {
            text.replace_range(found.range.clone(), "***");
        }
        text
    }

    #[test]
    fn values_of_options_and_comments_are_secrets() {
        for (text, expected) in [
            ("command=\"/tmp/x --password hunter22x\"", "command=\"/tmp/x --password ***\""),
            (
                "auth optional pam_exec.so /tmp/.x --secret hunter22x",
                "auth optional pam_exec.so /tmp/.x --secret ***",
            ),
            ("pw:hunter22x", "pw:***"),
            ("bob ALL=(ALL) NOPASSWD: ALL # k36vMADN6XGw2XFQ", "bob ALL=(ALL) NOPASSWD: ALL # ***"),
            ("/tmp/.fEk8VEbCErRPK47t.so", "/tmp/.***.so"),
            ("MYSQL_PWD=hunter22x and on", "MYSQL_PWD=*** and on"),
            ("ro quiet token=hunter22x", "ro quiet token=***"),
        ] {
            assert_eq!(masked(text, Grade::Line), expected);
        }
    }

    #[test]
    fn configuration_is_no_secret() {
        for text in [
            "password requisite pam_pwquality.so retry=3 minlen=14",
            "auth required pam_env.so",
            "Defaults use_pty, passwd_tries=3, timestamp_timeout=15",
            "passwordauthentication no",
            "PermitRootLogin prohibit-password",
            "bob ALL=(ALL) NOPASSWD: ALL",
            "SHA256:zR6sh4u8ouoFv1vElP+uoLacGH5QTRBkXAgM4qXf5QU",
            "linux /vmlinuz-6.1.0-18-amd64 root=UUID=00000000-0000-4000-8000-000000000001 ro quiet",
            "org.apache.http2.Http2StreamFrameToHttpObjectCodec",
            "/lib/x86_64-linux-gnu/libc.so.6 is of libc6",
        ] {
            assert_eq!(masked(text, Grade::Line), text);
        }
    }

    #[test]
    fn a_name_stays_but_for_a_token_that_rules_know() {
        assert_eq!(
            masked("/srv/fEk8VEbCErRPK47t/password=hunter22x", Grade::Name),
            "/srv/fEk8VEbCErRPK47t/password=hunter22x"
        );
        let key = format!("/srv/{}Q3EGRT7XKZ5MPLQV/.env", "AKIA");
        assert_eq!(masked(&key, Grade::Name), "/srv/***/.env");
        for name in ["/opt/KEY", "/srv/KEY.zip", "KEY.service", "/a.tar!/KEY/x"] {
            let key = format!("{}Q3EGRT7XKZ5MPLQV", "AKIA");
            assert_eq!(masked(&name.replace("KEY", &key), Grade::Name), name.replace("KEY", "***"));
        }
    }
}
