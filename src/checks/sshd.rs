//! Options of sshd as it takes them: [`crate::facts::sshd`] has the lines, here they are judged.

use super::evaluate::Judged;
use super::schema::SshdRule;
use super::subject::shown;
use super::{Evidence, Outcome, Subject};
use assay_disk::path::glob;

/// Lists of algorithms, which may say what to change in sshd's own.
const LISTS: [&str; 9] = [
    "Ciphers",
    "MACs",
    "KexAlgorithms",
    "HostKeyAlgorithms",
    "PubkeyAcceptedAlgorithms",
    "PubkeyAcceptedKeyTypes",
    "HostbasedAcceptedAlgorithms",
    "HostbasedAcceptedKeyTypes",
    "CASignatureAlgorithms",
];

/// The global value must be as it should, and so must that of every Match block: which of them will apply,
/// only a connection shows.
pub(super) fn evaluate(rule: &SshdRule, subject: &Subject<'_>) -> Judged {
    let sshd = &subject.facts.sshd;
    if let Some(unread) = &sshd.unread {
        return Err((unread.clone(), "a file of sshd's configuration could not be read".to_owned()));
    }
    if let Some(blind) = subject.blind_below(b"/etc/ssh") {
        return Err(blind);
    }
    let mine: Vec<_> = rule.option.iter().flat_map(|name| sshd.lines_of(name)).collect();
    let mut wrong = Vec::new();
    let name = rule.option.first().map_or("", String::as_str);
    let holds = |value: &[u8]| rule.value.holds(&in_force(rule, value));
    match mine.iter().find(|line| line.condition.is_none()) {
        Some(line) if holds(&line.value) => {}
        Some(line) => {
            wrong.push(Evidence::line(&line.path, line.line, format!("{name} {}", shown(&line.value))));
        }
        None => {
            let default = rule.default.as_deref();
            if default.is_none_or(|default| !rule.value.holds(default.as_bytes())) {
                let text = format!(
                    "{name} is not set{}",
                    default.map_or(String::new(), |value| format!(": {value}"))
                );
                wrong.push(Evidence::at(b"/etc/ssh/sshd_config", text));
            }
        }
    }
    for line in mine.iter().filter(|_| !rule.global) {
        if let Some(condition) = &line.condition
            && !holds(&line.value)
        {
            let text = format!("{name} {} under Match {}", shown(&line.value), shown(condition));
            wrong.push(Evidence::line(&line.path, line.line, text));
        }
    }
    Ok(Outcome::none_of(wrong, &format!("{name} is as it should be")))
}

/// What sshd makes of a value: a list that begins with an operator is put behind its own (`+`) or before it (`^`), or
/// taken from it (`-`, with wildcards).
fn in_force(rule: &SshdRule, value: &[u8]) -> Vec<u8> {
    let is_list = rule.option.iter().any(|name| LISTS.iter().any(|list| list.eq_ignore_ascii_case(name)));
    let default = rule.default.as_deref().filter(|_| is_list).map(str::as_bytes);
    match (value.split_first(), default) {
        (Some((b'+', list)), Some(default)) => [default, list].join(&b','),
        (Some((b'^', list)), Some(default)) => [list, default].join(&b','),
        (Some((b'-', list)), Some(default)) => without(default, list),
        _ => value.to_vec(),
    }
}

/// The words of a list that no pattern of another fits.
fn without(list: &[u8], patterns: &[u8]) -> Vec<u8> {
    let is_comma = |byte: &u8| *byte == b',';
    let kept =
        list.split(is_comma).filter(|word| !patterns.split(is_comma).any(|pattern| glob(pattern, word)));
    kept.collect::<Vec<_>>().join(&b',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::schema::Test;

    #[test]
    fn an_operator_changes_the_list_that_sshd_has_itself() {
        let rule = |option: &str| SshdRule {
            option: vec![option.to_owned()],
            default: Some("a-cbc,b-ctr,c-gcm@x".to_owned()),
            value: Test::default(),
            global: false,
        };
        for (value, expected) in [
            ("b-ctr", "b-ctr"),
            ("-a-cbc", "b-ctr,c-gcm@x"),
            ("-*-cbc,c-gcm*,nothing", "b-ctr"),
            ("-a", "a-cbc,b-ctr,c-gcm@x"),
            ("+d", "a-cbc,b-ctr,c-gcm@x,d"),
            ("^c-gcm@x,d", "c-gcm@x,d,a-cbc,b-ctr,c-gcm@x"),
        ] {
            let list = in_force(&rule("ciphers"), value.as_bytes());
            assert_eq!(String::from_utf8(list).unwrap(), expected, "{value}");
        }
        assert_eq!(in_force(&rule("ClientAliveInterval"), b"-1"), b"-1");
    }
}
