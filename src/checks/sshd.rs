//! Options of sshd as it takes them: [`crate::facts::sshd`] has the lines, here they are judged.

use super::evaluate::Judged;
use super::schema::SshdRule;
use super::subject::shown;
use super::{Evidence, Outcome, Subject};

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
    match mine.iter().find(|line| line.condition.is_none()) {
        Some(line) if rule.value.holds(&line.value) => {}
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
            && !rule.value.holds(&line.value)
        {
            let text = format!("{name} {} under Match {}", shown(&line.value), shown(condition));
            wrong.push(Evidence::line(&line.path, line.line, text));
        }
    }
    Ok(Outcome::none_of(wrong, &format!("{name} is as it should be")))
}
