//! umask(1p): what a mask takes away, and where shells set it.

use super::evaluate::Judged;
use super::schema::UmaskRule;
use super::subject::shown;
use super::{Evidence, Outcome, Subject};

/// Every bit of a mode that a mask is about.
const ALL: u32 = 0o777;
/// Words before a command.
const KEYWORDS: [&str; 4] = ["then", "else", "do", "{"];

pub(super) fn evaluate(rule: &UmaskRule, subject: &Subject<'_>) -> Judged {
    let (mut good, mut wrong) = (Vec::new(), Vec::new());
    for page in subject.pages(&rule.path)? {
        for (number, text) in page.lines() {
            let evidence = Evidence::line(&page.path, number, shown(text));
            for mask in masks(&String::from_utf8_lossy(text)) {
                let side = if takes_away(&mask, &rule.least) { &mut good } else { &mut wrong };
                side.push(evidence.clone());
            }
        }
    }
    if rule.every {
        return Ok(Outcome::none_of(wrong, "no umask lets more through"));
    }
    let place = rule.path.first().map_or("", String::as_str);
    Ok(match good.into_iter().next() {
        Some(evidence) => Outcome::of(true, evidence),
        None if wrong.is_empty() => Outcome::of(false, Evidence::at(place.as_bytes(), "umask is not set")),
        None => Outcome::none_of(wrong, ""),
    })
}

/// The masks that the commands of a line set.
fn masks(line: &str) -> Vec<String> {
    let mut masks = Vec::new();
    for command in line.split([';', '&', '|']) {
        let words = command.split_whitespace().take_while(|word| !word.starts_with('#'));
        let mut words = words.skip_while(|word| KEYWORDS.contains(word));
        if words.next() == Some("umask") {
            // `-S` and `-p` change what is shown.
            let mask = words.find(|word| !matches!(*word, "-S" | "-p" | "-Sp" | "-pS" | "--"));
            masks.extend(mask.map(|word| word.trim_matches(['"', '\'']).to_owned()));
        }
    }
    masks
}

/// Whether the mask `text` has every bit of `least`, which is octal.
pub(super) fn takes_away(text: &str, least: &str) -> bool {
    let mask = octal(text).or_else(|| symbolic(text));
    mask.zip(octal(least)).is_some_and(|(mask, least)| mask & least == least)
}

fn octal(text: &str) -> Option<u32> {
    let is_octal = text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    is_octal.then(|| u32::from_str_radix(text, 8).ok()).flatten()
}

/// `u=rwx,g=rx,o=`: what may be set in a mode. What it does not speak of stays as it was before, which nobody knows:
/// that takes nothing away.
fn symbolic(text: &str) -> Option<u32> {
    let mut mode = ALL;
    for clause in text.split(',') {
        let at = clause.find(['=', '+', '-'])?;
        let (who, rest) = clause.split_at(at);
        let (classes, mut rest) = (classes(who)?, rest);
        while let Some(operator) = rest.chars().next() {
            let behind = rest.get(1..)?;
            let end = behind.find(['=', '+', '-']).unwrap_or(behind.len());
            let (letters, next) = behind.split_at(end);
            let bits = permissions(letters, mode)? & classes;
            mode = match operator {
                '=' => mode & !classes | bits,
                '+' => mode | bits,
                _ => mode & !bits,
            };
            rest = next;
        }
    }
    Some(!mode & ALL)
}

/// The bits of those whom letters name; nobody is everybody.
fn classes(who: &str) -> Option<u32> {
    let class = |letter| match letter {
        'u' => Some(0o700),
        'g' => Some(0o070),
        'o' => Some(0o007),
        'a' => Some(ALL),
        _ => None,
    };
    if who.is_empty() { Some(ALL) } else { who.chars().try_fold(0, |all, letter| Some(all | class(letter)?)) }
}

/// The bits that letters name, for all; those of a class are what it has.
fn permissions(letters: &str, mode: u32) -> Option<u32> {
    let bits = |letter| match letter {
        'r' => Some(0o444),
        'w' => Some(0o222),
        'x' | 'X' => Some(0o111),
        's' | 't' => Some(0),
        'u' => Some((mode >> 6 & 7) * 0o111),
        'g' => Some((mode >> 3 & 7) * 0o111),
        'o' => Some((mode & 7) * 0o111),
        _ => None,
    };
    letters.chars().try_fold(0, |all, letter| Some(all | bits(letter)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_takes_away_what_bash_takes_away() {
        for mask in [
            "027",
            "0027",
            "077",
            "0777",
            "u=rwx,g=rx,o=",
            "u=rwx,go=",
            "u=rwx,g=rx,o-rwx",
            "g-w,o-rwx",
            "go=",
            "=",
            "a=rx,o=",
            "o=,g=rx,u=rwx",
            "u=rwx,g=u-w,o=",
        ] {
            assert!(takes_away(mask, "027"), "{mask}");
        }
        for mask in [
            "022",
            "002",
            "0",
            "u=rwx,g=rx,o=rx",
            "u=rwx,g=rwx,o=",
            "u=rwx,g=rx",
            "o=",
            "g=u,o=",
            "o-rwx,g-w,g+w",
            "rwx",
            "u=rwx,g=rx,o=y",
            "+27",
            "$MASK",
            "",
        ] {
            assert!(!takes_away(mask, "027"), "{mask}");
        }
    }

    #[test]
    fn a_command_is_found_wherever_a_shell_finds_one() {
        for (line, expected) in [
            ("umask 027", vec!["027"]),
            ("  umask -S u=rwx,g=rx,o= # why", vec!["u=rwx,g=rx,o="]),
            ("[ $UID -gt 199 ] && umask 002 || umask '022'", vec!["002", "022"]),
            ("if a; then umask 077; else umask \"027\"; fi", vec!["077", "027"]),
            ("(umask 077)", vec![]),
            ("# umask 027", vec![]),
            ("echo umask 027", vec![]),
            ("umask", vec![]),
        ] {
            assert_eq!(masks(line), expected, "{line}");
        }
    }
}
