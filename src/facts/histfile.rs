//! Where shells and their kin were told to keep histories: `HISTFILE=…`, `MYSQL_HISTFILE=…`,
//! `PSQL_HISTORY=…` in the start files of shells.

use super::accounts::Accounts;
use crate::files::{SystemReader, lines};
use crate::finding::GapKind;

/// Nobody writes a longer start file.
const LIMIT: u64 = 1 << 20;
/// Start files of the system; those in /etc/profile.d come besides.
const SYSTEM: [&[u8]; 8] = [
    b"/etc/profile",
    b"/etc/bash.bashrc",
    b"/etc/bashrc",
    b"/etc/environment",
    b"/etc/zsh/zshrc",
    b"/etc/zsh/zshenv",
    b"/etc/zshrc",
    b"/etc/zshenv",
];
/// Start files of a home.
const HOME: [&[u8]; 7] =
    [b".bashrc", b".bash_profile", b".profile", b".zshrc", b".zshenv", b".kshrc", b".mkshrc"];
/// Homes that are looked into: a directory's dump in passwd must not cost a file each.
const HOMES: usize = 256;
/// Patterns that each file of the image is held against.
const PATTERNS: usize = 500;

/// Patterns of paths where histories lie, `*` for anything within a part; without those that are thrown away.
pub(super) fn gather(reader: &mut SystemReader<'_>, accounts: &Accounts) -> Vec<String> {
    let mut files: Vec<Vec<u8>> = SYSTEM.iter().map(|path| path.to_vec()).collect();
    let drop_ins = reader.list(b"/etc/profile.d").into_iter();
    files.extend(drop_ins.map(|(name, _)| [b"/etc/profile.d/", name.as_slice()].concat()));
    for home in accounts.homes().into_iter().take(HOMES) {
        files.extend(HOME.iter().map(|name| [home, b"/", name].concat()));
    }
    let mut patterns = Vec::new();
    for file in files {
        let content = reader.read(&file, LIMIT).unwrap_or_default();
        patterns.extend(lines(&content).filter_map(|(_, line)| pattern(line)));
    }
    patterns.sort();
    patterns.dedup();
    if patterns.len() > PATTERNS {
        let reason = format!(
            "start files of shells name {} places of histories; {PATTERNS} are looked at",
            patterns.len()
        );
        reader.gap(b"/etc/profile", GapKind::OverLimit, reason);
        patterns.truncate(PATTERNS);
    }
    patterns
}

/// The pattern that a line sets, if it sets one.
fn pattern(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?.trim();
    let (name, value) = line.split_once('=')?;
    let name = name.rsplit([' ', '\t']).next().unwrap_or(name);
    if line.starts_with('#') || !(name.ends_with("HISTFILE") || name.ends_with("_HISTORY")) {
        return None;
    }
    let value = value.split([';', '&']).next().unwrap_or(value).trim().trim_matches(['"', '\'']);
    let home = ["$HOME/", "${HOME}/", "~/", "${ZDOTDIR}/", "$ZDOTDIR/"];
    let path = home.iter().find_map(|prefix| value.strip_prefix(prefix)).unwrap_or(value);
    let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(variable).collect();
    let named = parts.last().is_some_and(|last| last != "*" && last.len() > 1);
    (named && path != "/dev/null" && !path.contains(['(', ' '])).then(|| parts.join("/"))
}

/// A part of a path with `*` in the place of a variable.
fn variable(part: &str) -> String {
    match part.split_once('$') {
        None => part.to_owned(),
        Some((before, rest)) => {
            let rest =
                rest.strip_prefix('{').and_then(|inner| inner.split_once('}')).map_or("", |(_, after)| after);
            format!("{before}*{}", variable(rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

    #[test]
    fn places_are_patterns_and_nothing_is_none() {
        for (line, expected) in [
            ("export HISTFILE=/var/log/admin.hist", Some("var/log/admin.hist")),
            ("HISTFILE=\"$HOME/.cache/hist\"; export HISTFILE", Some(".cache/hist")),
            ("MYSQL_HISTFILE=/var/log/mysql-${USER}.log", Some("var/log/mysql-*.log")),
            ("export HISTFILE=/dev/null", None),
            ("#HISTFILE=/x", None),
            ("HISTFILESIZE=10", None),
            ("HISTFILE=", None),
        ] {
            assert_eq!(pattern(line.as_bytes()).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn start_files_of_homes_are_read() {
        let shelf = Shelf::default().with("/home/a/.bashrc", "HISTFILE=~/.h\n");
        let mut accounts = Accounts::default();
        accounts.add_passwd(b"a:x:1000:1000::/home/a:/bin/sh\n");
        assert_eq!(gather(&mut SystemReader::new(&shelf), &accounts), [".h"]);
    }
}
