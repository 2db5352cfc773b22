//! Keys of configuration files, with their drop-ins.

use super::evaluate::Judged;
use super::schema::{SettingRule, SystemdRule, Test};
use super::subject::{ConfigFile, shown};
use super::{Evidence, Outcome, Subject, evaluate, pam};

/// A value and where it stands.
pub(super) struct Found {
    pub(super) path: Vec<u8>,
    pub(super) line: u64,
    pub(super) value: Vec<u8>,
}

/// What holds: of a file that a module of PAM reads, what each line of the module makes of it.
pub(super) fn setting(rule: &SettingRule, subject: &Subject<'_>) -> Judged {
    let module = rule.pam.as_ref().and_then(|module| pam::module_lines(module, subject));
    let lines = module.unwrap_or_default();
    if lines.is_empty() {
        return in_files(rule, &rule.path, subject);
    }
    let each = lines.iter().map(|line| match (line.argument(&rule.key), line.argument("conf")) {
        (Some(value), _) => {
            let found = Found { path: line.path.clone(), line: line.number, value: value.to_vec() };
            Ok(verdict(Some(found), &rule.key, None, &rule.value, ""))
        }
        (None, Some(file)) => in_files(rule, &[String::from_utf8_lossy(file).into_owned()], subject),
        (None, None) => in_files(rule, &rule.path, subject),
    });
    let mut outcomes = each.collect::<Result<Vec<_>, _>>()?;
    outcomes.dedup();
    Ok(evaluate::all(outcomes))
}

fn in_files(rule: &SettingRule, files: &[String], subject: &Subject<'_>) -> Judged {
    let pages = subject.pages(files)?;
    let form = if rule.colon { b':' } else { b'=' };
    let values = values(&pages, rule.section.as_deref(), &rule.key, form);
    let found = if rule.first { values.into_iter().next() } else { values.into_iter().next_back() };
    let place = files.first().map_or("", String::as_str);
    Ok(verdict(found, &rule.key, rule.default.as_deref(), &rule.value, place))
}

/// systemd's own files: /etc before /run before /usr/lib, then all drop-ins by name.
pub(super) fn systemd(rule: &SystemdRule, subject: &Subject<'_>) -> Judged {
    const DIRECTORIES: [&str; 4] =
        ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"];
    let mut pages = Vec::new();
    for directory in DIRECTORIES {
        if let Some(page) = subject.page(format!("{directory}/{}", rule.file).into_bytes())? {
            pages.push(page);
            break;
        }
    }
    let directories = DIRECTORIES.map(|directory| format!("{directory}/{}.d", rule.file));
    let directories: Vec<&str> = directories.iter().map(String::as_str).collect();
    pages.extend(subject.drop_ins(&directories, ".conf")?);
    let found = values(&pages, Some(&rule.section), &rule.key, b'=').into_iter().next_back();
    Ok(verdict(
        found,
        &rule.key,
        rule.default.as_deref(),
        &rule.value,
        &format!("/etc/systemd/{}", rule.file),
    ))
}

/// Judges a value, or what holds without one.
pub(super) fn verdict(
    found: Option<Found>,
    key: &str,
    default: Option<&str>,
    test: &Test,
    place: &str,
) -> Outcome {
    match (found, default) {
        (Some(found), _) => {
            let text = match found.value.as_slice() {
                b"" => key.to_owned(),
                value => format!("{key} = {}", shown(value)),
            };
            Outcome::of(test.holds(&found.value), Evidence::line(&found.path, found.line, text))
        }
        (None, Some(default)) => {
            let text = format!("{key} is not set: {default}");
            Outcome::of(test.holds(default.as_bytes()), Evidence::at(place.as_bytes(), text))
        }
        (None, None) => Outcome::of(false, Evidence::at(place.as_bytes(), format!("{key} is not set"))),
    }
}

/// Every value of a key, in the order of the files; a key without a value has the empty one.
pub(super) fn values(pages: &[ConfigFile], section: Option<&str>, key: &str, separator: u8) -> Vec<Found> {
    let mut found = Vec::new();
    for page in pages {
        let mut here: Option<&[u8]> = None;
        for (line, text) in page.lines() {
            let text = text.trim_ascii();
            if let Some(name) = text.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
                here = Some(name);
                continue;
            }
            let right = section
                .is_none_or(|section| here.is_some_and(|here| here.eq_ignore_ascii_case(section.as_bytes())));
            let Some((name, value)) = pair(text, separator).filter(|_| right) else { continue };
            if name.eq_ignore_ascii_case(key.as_bytes()) {
                found.push(Found { path: page.path.clone(), line, value });
            }
        }
    }
    found
}

/// `key = value` or `key value`; none for comments.
fn pair(text: &[u8], separator: u8) -> Option<(&[u8], Vec<u8>)> {
    if matches!(text.first(), None | Some(b'#' | b';')) {
        return None;
    }
    let end =
        text.iter().position(|&byte| byte == separator || byte.is_ascii_whitespace()).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix(&[separator]).unwrap_or(rest).trim_ascii();
    let quoted = |quote: &[u8]| rest.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let rest = quoted(b"\"").or_else(|| quoted(b"'")).unwrap_or(rest);
    // A comment behind the value begins after white space.
    let cut = memchr::memmem::find(rest, b" #").or_else(|| memchr::memmem::find(rest, b"\t#"));
    Some((name, rest.get(..cut.unwrap_or(rest.len())).unwrap_or(rest).trim_ascii().to_vec()))
}
