//! auditd's rules as augenrules(8) joins them, and what the kernel makes of them: the first rule that fits an event
//! decides, so what `never` rules take away is not audited by the rules behind them.

use super::evaluate::Judged;
use super::schema::{AuditCalls, AuditWatch};
use super::subject::{Unreadable, shown};
use super::{Evidence, Outcome, Subject};

mod line;
mod list;

use line::{Abi, Event, Field, Line};
use list::Lists;

const DIRECTORY: &[u8] = b"/etc/audit/rules.d";
const PLACES: [&str; 1] = ["/etc/audit/rules.d/*.rules"];

/// A line of the rules and where it stands.
type Placed = (Evidence, Line);

/// All lines that are rules, file by file, as `ls -v` sorts them.
fn lines(subject: &Subject<'_>) -> Result<Vec<Placed>, Unreadable> {
    let mut pages = subject.pages(&PLACES)?;
    pages.sort_by(|one, other| version(&one.path).cmp(&version(&other.path)));
    let mut lines = Vec::new();
    for page in &pages {
        for (number, text) in page.lines().filter(|(_, text)| text.trim_ascii().starts_with(b"-")) {
            lines.push((Evidence::line(&page.path, number, shown(text)), Line::parse(text)));
        }
    }
    Ok(lines)
}

/// A name in parts of text and the number behind it, so that 9 comes before 10.
fn version(name: &[u8]) -> Vec<(&[u8], u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text = rest.iter().position(u8::is_ascii_digit).unwrap_or(rest.len());
        let (text, behind) = rest.split_at(text);
        let digits = behind.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(behind.len());
        let (digits, behind) = behind.split_at(digits);
        let value =
            |so_far: u64, digit: &u8| so_far.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
        parts.push((text, digits.iter().fold(0, value)));
        rest = behind;
    }
    parts
}

pub(super) fn watch(rule: &AuditWatch, subject: &Subject<'_>) -> Judged {
    let lines = lines(subject)?;
    let lists = Lists::of(&lines);
    if let Some(off) = lists.off() {
        return Ok(Outcome::of(false, off));
    }
    let event = |abi| Event::Access { abi, path: rule.path.as_bytes(), how: rule.permissions.as_bytes() };
    // Each program reaches the file by the calls of its own ABI.
    let found: Vec<_> = Abi::ALL.iter().map(|&abi| lists.recorded_by(&event(abi), &[])).collect();
    Ok(match found.as_slice() {
        [Some(evidence), rest @ ..] if rest.iter().all(Option::is_some) => {
            Outcome::of(true, (*evidence).clone())
        }
        _ => Outcome::of(false, Evidence::at(DIRECTORY, format!("{} is not watched", rule.path))),
    })
}

pub(super) fn calls(rule: &AuditCalls, subject: &Subject<'_>) -> Judged {
    let lines = lines(subject)?;
    let lists = Lists::of(&lines);
    if let Some(off) = lists.off() {
        return Ok(Outcome::of(false, off));
    }
    let fields = rule.fields.iter().map(|field| Field::parse(field.as_bytes()));
    let (arch, fields): (Vec<Field>, Vec<Field>) = fields.partition(Field::is_arch);
    let mut missing = Vec::new();
    for abi in Abi::ALL.into_iter().filter(|&abi| arch.iter().all(|arch| arch.is_of(abi))) {
        for call in &rule.calls {
            if lists.recorded_by(&Event::Call { abi, call: call.as_bytes() }, &fields).is_none() {
                missing.push(format!("{call} ({})", abi.name()));
            }
        }
    }
    Ok(match missing.as_slice() {
        [] => Outcome::of(true, Evidence::at(DIRECTORY, format!("{} are audited", rule.calls.join(", ")))),
        missing => {
            Outcome::of(false, Evidence::at(DIRECTORY, format!("not audited: {}", missing.join(", "))))
        }
    })
}

/// Of an option that says what all rules are under, augenrules keeps the last one.
pub(super) fn line(wanted: &str, subject: &Subject<'_>) -> Judged {
    let wanted = Line::parse(wanted.as_bytes());
    let lines = lines(subject)?;
    let found = match wanted.control() {
        Some((option, _)) => lines
            .iter()
            .rfind(|(_, line)| line.control().is_some_and(|(own, _)| own == option))
            .filter(|(_, line)| line.control() == wanted.control()),
        None => lines.iter().find(|(_, line)| line.has_all_of(&wanted)),
    };
    Ok(match found {
        Some((evidence, _)) => Outcome::of(true, evidence.clone()),
        None => Outcome::of(false, Evidence::at(DIRECTORY, "no such rule")),
    })
}

#[cfg(test)]
mod tests;
