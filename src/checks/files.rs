//! Files: whether they are there, who may do what with them, and their lines.

use regex::bytes::Regex;

use super::evaluate::Judged;
use super::schema::{FileRule, LineRule};
use super::subject::shown;
use super::{Evidence, Outcome, Subject, Verdict};

pub(super) fn exists(path: &str, subject: &Subject<'_>) -> Judged {
    Ok(match subject.expand(path)?.first() {
        Some(found) => Outcome::of(true, Evidence::at(found, "is there")),
        None => Outcome::of(false, Evidence::at(path.as_bytes(), "is not there")),
    })
}

pub(super) fn file(rule: &FileRule, subject: &Subject<'_>) -> Judged {
    let mut paths = subject.expand(&rule.path)?;
    paths.retain(|path| !rule.except.iter().any(|end| path.ends_with(end.as_bytes())));
    if paths.is_empty() {
        let verdict = if rule.required { Verdict::Fail } else { Verdict::NotApplicable };
        return Ok(Outcome::new(verdict, Evidence::at(rule.path.as_bytes(), "is not there")));
    }
    let mut wrong = Vec::new();
    for path in &paths {
        if let Some((_, metadata)) = subject.metadata(path)? {
            let problem = problem(rule, metadata.mode, metadata.uid, metadata.gid, subject);
            wrong.extend(problem.map(|problem| Evidence::at(path, problem)));
        }
    }
    Ok(Outcome::none_of(wrong, &format!("{}: as it should be", rule.path)))
}

fn problem(rule: &FileRule, mode: u16, uid: u32, gid: u32, subject: &Subject<'_>) -> Option<String> {
    let mode = mode & 0o7777;
    let most = rule.mode.as_ref().and_then(|mode| u16::from_str_radix(mode, 8).ok()).unwrap_or(0o7777);
    let accounts = &subject.facts.accounts;
    let user = accounts.users.iter().find(|user| user.uid == Some(uid)).map(|user| user.name.as_slice());
    let group =
        accounts.groups.iter().find(|group| group.gid == Some(gid)).map(|group| group.name.as_slice());
    // The first account of passwd with the number 0 need not be called root.
    let user = if uid == 0 { Some(b"root".as_slice()) } else { user };
    let group = if gid == 0 { Some(b"root".as_slice()) } else { group };
    let named = |wanted: &[String], name: Option<&[u8]>, number: u32| {
        wanted.is_empty()
            || wanted.iter().any(|one| Some(one.as_bytes()) == name || *one == number.to_string())
    };
    let right = mode & !most == 0 && named(&rule.owner, user, uid) && named(&rule.group, group, gid);
    let name = |name: Option<&[u8]>, number: u32| name.map_or_else(|| number.to_string(), shown);
    (!right).then(|| format!("mode {mode:04o}, owner {}, group {}", name(user, uid), name(group, gid)))
}

pub(super) fn line(rule: &LineRule, subject: &Subject<'_>) -> Judged {
    let Ok(regex) = Regex::new(&rule.regex) else {
        return Ok(Outcome::undecided(b"", format!("no regular expression: {}", rule.regex)));
    };
    let pages = subject.pages(&rule.path)?;
    let found = pages.iter().filter_map(|page| {
        let (number, text) = page.lines().find(|(_, line)| regex.is_match(line))?;
        Some(Evidence::line(&page.path, number, shown(text)))
    });
    // One of each file: where the line must not be, each is to be told.
    let evidence: Vec<Evidence> = found.take(Outcome::KEPT).collect();
    if !evidence.is_empty() {
        return Ok(Outcome { verdict: Verdict::Pass, evidence });
    }
    let place = rule.path.first().map_or(b"".as_slice(), |path| path.as_bytes());
    Ok(Outcome::of(false, Evidence::at(place, "no such line")))
}
