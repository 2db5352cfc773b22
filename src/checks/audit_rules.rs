//! auditd's rules as augenrules(8) joins them: /etc/audit/rules.d/*.rules, by name.

use super::evaluate::Judged;
use super::schema::{AuditCalls, AuditWatch};
use super::subject::{Unreadable, shown};
use super::{Evidence, Outcome, Subject};

const PLACES: [&str; 1] = ["/etc/audit/rules.d/*.rules"];

/// A rule: where it stands, and its words.
type Rule = (Evidence, Vec<Vec<u8>>);

/// The words of each rule.
fn rules(subject: &Subject<'_>) -> Result<Vec<Rule>, Unreadable> {
    let mut rules = Vec::new();
    for page in subject.pages(&PLACES)? {
        for (number, text) in page.lines().filter(|(_, text)| text.trim_ascii().starts_with(b"-")) {
            let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            rules
                .push((Evidence::line(&page.path, number, shown(text)), words.map(<[u8]>::to_vec).collect()));
        }
    }
    Ok(rules)
}

/// The values of an option: `-S a -S b,c` are three.
fn values(words: &[Vec<u8>], option: &[u8]) -> Vec<Vec<u8>> {
    let pairs = words.iter().zip(words.iter().skip(1));
    let mine = pairs.filter(|(name, _)| name.as_slice() == option).map(|(_, value)| value);
    mine.flat_map(|value| value.split(|&byte| byte == b',')).map(<[u8]>::to_vec).collect()
}

pub(super) fn watch(rule: &AuditWatch, subject: &Subject<'_>) -> Judged {
    for (evidence, words) in rules(subject)? {
        let has =
            |option: &[u8], value: &str| values(&words, option).iter().any(|own| own == value.as_bytes());
        let field = |name: &str| {
            let fields = values(&words, b"-F");
            fields.iter().find_map(|own| own.strip_prefix(name.as_bytes()).map(<[u8]>::to_vec))
        };
        let watched = has(b"-w", &rule.path)
            || [field("path="), field("dir=")].into_iter().flatten().any(|path| path == rule.path.as_bytes());
        let permissions =
            values(&words, b"-p").into_iter().next().or_else(|| field("perm=")).unwrap_or_default();
        if watched && rule.permissions.bytes().all(|one| permissions.contains(&one)) {
            return Ok(Outcome::of(true, evidence));
        }
    }
    Ok(Outcome::of(false, Evidence::at(b"/etc/audit/rules.d", format!("{} is not watched", rule.path))))
}

pub(super) fn calls(rule: &AuditCalls, subject: &Subject<'_>) -> Judged {
    let rules = rules(subject)?;
    let covers = |words: &[Vec<u8>], call: &String| {
        let fields = values(words, b"-F");
        values(words, b"-S").iter().any(|own| own == call.as_bytes() || own == b"all")
            && rule.fields.iter().all(|field| fields.iter().any(|own| own == field.as_bytes()))
    };
    let missing: Vec<&str> = rule
        .calls
        .iter()
        .filter(|call| !rules.iter().any(|(_, words)| covers(words, call)))
        .map(String::as_str)
        .collect();
    let place = b"/etc/audit/rules.d";
    Ok(match missing.as_slice() {
        [] => Outcome::of(true, Evidence::at(place, format!("{} are audited", rule.calls.join(", ")))),
        missing => Outcome::of(false, Evidence::at(place, format!("not audited: {}", missing.join(", ")))),
    })
}

pub(super) fn line(wanted: &str, subject: &Subject<'_>) -> Judged {
    let wanted: Vec<&[u8]> = wanted.split(' ').map(str::as_bytes).collect();
    for (evidence, words) in rules(subject)? {
        if wanted.iter().all(|one| words.iter().any(|own| own == one)) {
            return Ok(Outcome::of(true, evidence));
        }
    }
    Ok(Outcome::of(false, Evidence::at(b"/etc/audit/rules.d", "no such rule")))
}
