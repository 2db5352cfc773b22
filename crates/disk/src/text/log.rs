//! What a CI server takes out of a log for a command, and how text is kept from being one.
//!
//! | server | command | where in a line |
//! | --- | --- | --- |
//! | GitHub, Gitea, Forgejo | `::name …::` | first, behind white space |
//! | GitHub (old), Azure | `##[name]` | anywhere; first |
//! | Azure, TeamCity | `##vso[…]`, `##teamcity[…]` | anywhere |
//! | GitLab | `section_start:…` and its end, with CR and ESC | anywhere |
//! | Travis | `travis_fold:…`, `travis_time:…` | anywhere |
//! | Buildkite | `--- `, `+++ `, `~~~ `, `^^^ +++` | first |
//!
//! A command is broken by the escape of one character (`#\u{23}vso[`), which is seen, and read back by
//! [`unescape`](super::unescape). Servers written in .NET compare texts by their language: characters that it does not
//! count may stand anywhere in a command, so here none that is not ASCII ends one.

use std::borrow::Cow;

/// What begins a command where it is the first of a line.
const FIRST: [&str; 5] = ["::", "--- ", "+++ ", "~~~ ", "^^^ +++"];
/// What begins one anywhere, before a colon.
const BEFORE_COLON: [&str; 4] = ["section_start", "section_end", "travis_fold", "travis_time"];
/// Letters of the name between `##` and `[`; longer ones count as a command, so that no text costs its square.
const NAME: usize = 64;

/// Whether the character of `text` at `at` must be escaped, so that no command stands there whatever is written
/// before and after `text`.
pub fn is_live(text: &str, at: usize, c: char) -> bool {
    let (before, after) = text.split_at_checked(at).unwrap_or_default();
    match c {
        '#' => {
            before.chars().rev().take(NAME).find(char::is_ascii) == Some('#')
                && names_command(after.get(1..).unwrap_or_default(), true)
        }
        ':' => BEFORE_COLON.iter().any(|name| before.ends_with(name)),
        _ => false,
    }
}

/// Whether what follows `##` makes a command of it. At the end of `rest` it does where more `may_follow`.
fn names_command(rest: &str, may_follow: bool) -> bool {
    let mut letters = rest.chars();
    let in_name = |c: &char| !c.is_ascii() || c.is_ascii_alphanumeric() || "#._-".contains(*c);
    match letters.by_ref().take(NAME).find(|c| !in_name(c)) {
        Some(c) => c == '[',
        None => may_follow || letters.next().is_some(),
    }
}

/// Where in `line` the first character of a command stands, if it begins with one. White space and colours before it
/// do not count.
fn first(line: &str) -> Option<(usize, char)> {
    let mut rest = line;
    loop {
        let begins = rest.trim_start_matches(|c: char| c.is_whitespace() || !c.is_ascii());
        rest = after_color(begins).unwrap_or(begins);
        if rest.len() == begins.len() {
            break;
        }
    }
    // A mark that is parted by what does not count is one, too.
    let mut plain = rest.chars().filter(char::is_ascii);
    let head: String = plain.by_ref().take(7).collect();
    let is_command = FIRST.iter().any(|mark| head.starts_with(mark));
    let at = line.len().saturating_sub(rest.len());
    rest.chars().next().filter(|_| is_command).map(|c| (at, c))
}

/// What follows a sequence of colours (ECMA-48, SGR), if `text` begins with one.
pub fn after_color(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\x1b[")?;
    parameters.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').strip_prefix('m')
}

/// Where the next command may stand in `line`, from `at` on: the second `#`, or the colon.
fn anywhere(line: &str, at: usize) -> Option<(usize, char)> {
    let rest = line.get(at..)?;
    rest.char_indices().map(|(place, c)| (at.saturating_add(place), c)).find(|&(place, c)| {
        matches!(c, '#' | ':')
            && is_live(line, place, c)
            && (c == ':' || names_command(line.get(place.saturating_add(1)..).unwrap_or_default(), false))
    })
}

/// `text`, of whole lines, without anything that a CI server takes for a command.
pub fn inert(text: &str) -> Cow<'_, str> {
    let mut out: Option<String> = None;
    let mut copied = 0_usize;
    let mut start = 0_usize;
    for line in text.split_inclusive('\n') {
        let mut live = first(line);
        let mut from = 0;
        // Most lines have neither.
        let may_have = line.contains("#") || BEFORE_COLON.iter().any(|name| line.contains(name));
        while let Some((at, c)) = live.take().or_else(|| may_have.then(|| anywhere(line, from)).flatten()) {
            let place = start.saturating_add(at);
            let out = out.get_or_insert_default();
            out.push_str(text.get(copied..place).unwrap_or_default());
            out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            copied = place.saturating_add(c.len_utf8());
            from = at.saturating_add(c.len_utf8());
        }
        start = start.saturating_add(line.len());
    }
    match out {
        Some(out) => Cow::Owned(out + text.get(copied..).unwrap_or_default()),
        None => Cow::Borrowed(text),
    }
}

/// The first command of `line`, if a CI server would take one out of it.
pub fn command(line: &str) -> Option<&str> {
    let (at, _) = first(line).or_else(|| anywhere(line, 0))?;
    line.get(at..)
}

#[cfg(test)]
mod tests {
    use super::super::{Escaped, unescape};
    use super::*;

    const COMMANDS: [&str; 12] = [
        "##vso[task.prependpath]/tmp",
        "##[add-mask]x",
        "##teamcity[buildStop comment='x']",
        "##\u{34f}v\u{fe0f}so[task.complete]",
        "#\u{fe0f}#[group]x",
        "####[error]",
        "section_start:1560896352:x",
        "travis_fold:start:x",
        "::add-mask::x",
        "--- group",
        "+++ group",
        "^^^ +++",
    ];

    #[test]
    fn no_command_is_left_in_a_line_wherever_it_stands() {
        for text in COMMANDS {
            for before in ["", "  ", "\u{a0}\t", "\x1b[36m", "\x1b[1;31m  \x1b[0m"] {
                let line = format!("{before}{text}\n");
                let shown = inert(&line);
                assert_ne!(shown, line, "{line:?}");
                assert!(command(&shown).is_none(), "{shown:?}");
                let back = unescape(&shown.replace("\x1b", "")).unwrap();
                assert_eq!(back, line.replace('\x1b', "").into_bytes(), "nothing is lost");
            }
        }
    }

    #[test]
    fn text_of_an_image_holds_no_command_even_before_it_has_a_place() {
        for text in COMMANDS.into_iter().filter(|text| text.contains(['#', '_'])) {
            let shown = Escaped(text.as_bytes()).to_string();
            assert!(command(&shown).is_none() && command(&format!("x {shown}")).is_none(), "{shown}");
            assert_eq!(unescape(&shown).unwrap(), text.as_bytes());
        }
        // Two texts beside each other.
        let both = format!("{}{}", Escaped(b"a##"), Escaped(b"vso[x]y"));
        assert!(command(&both).is_none(), "{both}");
    }

    #[test]
    fn ordinary_text_stays() {
        for text in [
            "# a comment\n## a heading\n### [link](x)\n",
            "std::fs::read, a::b\n",
            "  10.0.0.0/8 ::1 localhost\n",
            "color #fff, #[cfg(test)], C##\n",
            "-----BEGIN CERTIFICATE-----\n---\n+++\n",
            "  + /usr/bin/x\n  ~ root\n  - /a\n",
            "section_start of a book: 1\n",
        ] {
            assert!(matches!(inert(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn a_long_run_of_marks_costs_no_square() {
        let text = "#".repeat(1 << 20);
        assert!(inert(&text).len() > text.len());
    }
}
