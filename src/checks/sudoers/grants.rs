//! Who may run everything as root without a password: sudoers(5), "User Specification" and "Aliases".
//!
//! A rule is `users hosts = (runas) TAGS: command, command : hosts = …`. What stands before a command holds for those
//! behind it, until something else is said. In a list, the last word on `ALL` counts; a few commands that are taken out
//! again (`ALL, !/bin/sh`) keep nobody from the rest.

use std::collections::BTreeMap;

use regex::bytes::Regex;

/// Depth of aliases in aliases that is followed.
const DEPTH: u32 = 16;
/// Names of a list that are followed in all.
const NAMES: u32 = 10_000;

/// What the lines of sudoers say beside its rules.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    /// Lists of commands and of users to become, by name.
    lists: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
    /// Whether `Defaults !authenticate` asks nobody for a password, and whom `Defaults:user !authenticate` does not ask.
    asks_nobody: bool,
    unasked: Vec<Vec<u8>>,
}

impl Aliases {
    pub(super) fn of<'l>(lines: impl Iterator<Item = &'l [u8]>) -> Self {
        let mut aliases = Self::default();
        for line in lines {
            let (kind, rest) = word(line);
            if matches!(kind, b"Cmnd_Alias" | b"Cmd_Alias" | b"Runas_Alias") {
                aliases.add(rest);
            } else if let Some(whom) = kind.strip_prefix(b"Defaults") {
                aliases.defaults(whom, rest);
            }
        }
        aliases
    }

    /// `A = ALL, !B : C = /bin/c`
    fn add(&mut self, definitions: &[u8]) {
        for definition in split(definitions, b':') {
            let Some(equals) = memchr::memchr(b'=', definition) else { continue };
            let (name, items) = definition.split_at_checked(equals).unwrap_or_default();
            let items = split(items.get(1..).unwrap_or_default(), b',').map(<[u8]>::to_vec).collect();
            self.lists.insert(name.trim_ascii().to_vec(), items);
        }
    }

    fn defaults(&mut self, whom: &[u8], settings: &[u8]) {
        for setting in split(settings, b',') {
            let (off, name) =
                setting.strip_prefix(b"!").map_or((false, setting), |name| (true, name.trim_ascii()));
            if name != b"authenticate" {
                continue;
            }
            match whom.strip_prefix(b":") {
                Some(users) if off => {
                    self.unasked.extend(users.split(|&byte| byte == b',').map(<[u8]>::to_vec));
                }
                None if whom.is_empty() => self.asks_nobody = off,
                _ => {}
            }
        }
    }

    /// What a list says of everything: yes, no, or nothing; the last word counts.
    fn says<'i>(&self, items: impl Iterator<Item = &'i [u8]>, all: &[&[u8]]) -> Option<bool> {
        let mut left = NAMES;
        let mut last = None;
        for item in items {
            last = self.word(item, all, DEPTH, &mut left).or(last);
        }
        last
    }

    fn word(&self, item: &[u8], all: &[&[u8]], depth: u32, left: &mut u32) -> Option<bool> {
        let item = item.trim_ascii();
        *left = left.checked_sub(1)?;
        if let Some(rest) = item.strip_prefix(b"!") {
            return self.word(rest, all, depth, left).map(|says| !says);
        }
        if all.contains(&item) {
            return Some(true);
        }
        let depth = depth.checked_sub(1)?;
        let mut last = None;
        for inner in self.lists.get(item)? {
            last = self.word(inner, all, depth, left).or(last);
        }
        last
    }

    /// Whether a rule lets somebody who is not excepted run everything as root, unasked.
    pub(super) fn grants_all(&self, line: &[u8], except: &[String]) -> bool {
        let Some((users, specifications)) = rule(line) else { return false };
        let is_excepted = |user: &&[u8]| except.iter().any(|name| name.as_bytes() == *user);
        let somebody: Vec<&[u8]> = users.into_iter().filter(|user| !is_excepted(user)).collect();
        if somebody.is_empty() {
            return false;
        }
        let unasked =
            self.asks_nobody || somebody.iter().any(|user| self.unasked.iter().any(|one| one == user));
        specifications.iter().any(|commands| self.is_everything(commands, unasked))
    }

    /// Whether a list of commands ends with everything, as root and unasked.
    fn is_everything(&self, commands: &[u8], unasked: bool) -> bool {
        let mut state = State { as_root: true, unasked };
        let mut last = false;
        for item in split(commands, b',') {
            let command = state.take(item, self);
            if let Some(all) = self.says(std::iter::once(command), &[b"ALL"]) {
                last = all && state.as_root && state.unasked;
            }
        }
        last
    }
}

/// What holds for the commands that follow.
struct State {
    as_root: bool,
    unasked: bool,
}

impl State {
    /// Takes what stands before a command; returns the command.
    fn take<'i>(&mut self, item: &'i [u8], aliases: &Aliases) -> &'i [u8] {
        let mut rest = item.trim_ascii();
        if let Some(inner) = rest.strip_prefix(b"(") {
            let end = memchr::memchr(b')', inner).unwrap_or(inner.len());
            let (runas, behind) = inner.split_at_checked(end).unwrap_or_default();
            let users = runas.split(|&byte| byte == b':').next().unwrap_or_default();
            let all: [&[u8]; 3] = [b"ALL", b"root", b"#0"];
            self.as_root = aliases.says(split(users, b','), &all) == Some(true);
            rest = behind.strip_prefix(b")").unwrap_or(behind).trim_ascii();
        }
        loop {
            let (first, behind) = word(rest);
            let is_upper = |name: &[u8]| {
                !name.is_empty() && name.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
            };
            let colon = memchr::memchr(b':', rest).unwrap_or(usize::MAX);
            let tag = rest.get(..colon).map(<[u8]>::trim_ascii_end).filter(|tag| is_upper(tag));
            // `CWD=/srv`, `TIMEOUT=5m`.
            let option = memchr::memchr(b'=', first).and_then(|at| first.get(..at));
            if let Some(tag) = tag {
                match tag {
                    b"NOPASSWD" => self.unasked = true,
                    b"PASSWD" => self.unasked = false,
                    _ => {}
                }
                rest = rest.get(colon.saturating_add(1)..).unwrap_or_default().trim_ascii();
            } else if option.is_some_and(is_upper) {
                rest = behind;
            } else {
                return rest;
            }
        }
    }
}

/// A list of a line.
type List<'l> = Vec<&'l [u8]>;

/// The users of a rule, and its lists of commands; none of an alias or defaults.
fn rule(line: &[u8]) -> Option<(List<'_>, List<'_>)> {
    let (first, _) = word(line);
    if first.starts_with(b"Defaults") || first.ends_with(b"_Alias") {
        return None;
    }
    let (names, commands) = line.split_at_checked(memchr::memchr(b'=', line)?)?;
    let commands = commands.strip_prefix(b"=")?;
    // The users end at the first blank that stands beside no comma.
    let users =
        Regex::new(r#"^\s*((?:"[^"]*"|\\.|[^\s,\\])+(?:\s*,\s*(?:"[^"]*"|\\.|[^\s,\\])+)*)\s"#).ok()?;
    let users = users.captures(names)?.get(1)?.as_bytes();
    // Where the next hosts are named: ` : host = `.
    let hosts = Regex::new(r"\s:\s*[^\s=:,]+(?:\s*,\s*[^\s=:,]+)*\s*=").ok()?;
    Some((split(users, b',').collect(), hosts.split(commands).collect()))
}

/// The first word of a text, and what follows.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii();
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or_default();
    (word, rest.trim_ascii())
}

/// The parts of a text between separators that stand in no brackets and behind no backslash; none is empty.
fn split(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut escaped, mut open) = (false, false);
    text.split(move |&byte| {
        let is_end = byte == separator && !escaped && !open;
        escaped = byte == b'\\' && !escaped;
        match byte {
            b'(' => open = true,
            b')' => open = false,
            _ => {}
        }
        is_end
    })
    .map(<[u8]>::trim_ascii)
    .filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(text: &str) -> bool {
        let lines = || text.lines().map(str::as_bytes);
        let aliases = Aliases::of(lines());
        lines().any(|line| aliases.grants_all(line, &["ubuntu".to_owned(), "root".to_owned()]))
    }

    #[test]
    fn everything_is_everything_wherever_it_stands_in_the_list() {
        for text in [
            "a ALL=(ALL) NOPASSWD: ALL",
            "a ALL=(ALL:ALL) NOPASSWD:SETENV: ALL",
            "a ALL = NOPASSWD: /bin/a, ALL",
            "a ALL = /bin/a, NOPASSWD: /bin/b, SETENV: ALL",
            "a ALL = NOPASSWD: ALL, !/bin/sh",
            "a ALL = NOPASSWD: !/bin/sh, ALL",
            "a ALL = NOPASSWD: !ALL, ALL",
            "a ALL = (postgres) NOPASSWD: /bin/a, (root) ALL",
            "a ALL = (postgres, root) NOPASSWD: ALL",
            "a ALL = (#0) NOPASSWD: CWD=/srv ALL",
            "a here = /bin/a : there = NOPASSWD: ALL",
            "ubuntu, a ALL=(ALL) NOPASSWD: ALL",
            "%my\\ admins ALL = NOPASSWD: ALL",
            "Cmnd_Alias X = /bin/a, ALL\na ALL = NOPASSWD: X",
            "Cmnd_Alias X = /bin/a : Y = X, Z\na ALL = NOPASSWD: /bin/c, Y\nCmnd_Alias Z = ALL",
            "Cmnd_Alias NONE = !ALL\na ALL = NOPASSWD: !NONE",
            "Runas_Alias R = postgres, root\na ALL = (R) NOPASSWD: ALL",
            "Defaults !authenticate\na ALL=(ALL) ALL",
            "Defaults:a !authenticate\na ALL=(ALL) ALL",
        ] {
            assert!(grants(text), "{text}");
        }
    }

    #[test]
    fn a_part_is_not_everything() {
        for text in [
            "a ALL=(ALL) ALL",
            "ubuntu ALL=(ALL) NOPASSWD: ALL",
            "ubuntu,root ALL=(ALL) NOPASSWD: ALL",
            "a ALL = NOPASSWD: /bin/a, PASSWD: ALL",
            "a ALL = NOPASSWD: ALL, !ALL",
            "a ALL = NOPASSWD: /bin/a ALL",
            "a ALL = NOPASSWD: /bin/a --tag=x\\, ALL",
            "a ALL = (postgres) NOPASSWD: ALL",
            "a ALL = (ALL, !root) NOPASSWD: ALL",
            "a ALL = (:disk) NOPASSWD: ALL",
            "Cmnd_Alias X = ALL\na ALL = X",
            "Cmnd_Alias X = Y\nCmnd_Alias Y = X\na ALL = NOPASSWD: X",
            "Cmnd_Alias X = NOPASSWD: ALL",
            "Defaults:b !authenticate\na ALL=(ALL) ALL",
            "Defaults !authenticate\nDefaults authenticate\na ALL=(ALL) ALL",
        ] {
            assert!(!grants(text), "{text}");
        }
    }

    #[test]
    fn aliases_that_multiply_come_to_an_end() {
        let mut text = "a ALL = NOPASSWD: A0\n".to_owned();
        for level in 0..14 {
            let next = format!("A{}", level + 1);
            text.push_str(&format!("Cmnd_Alias A{level} = {}\n", vec![next; 20].join(", ")));
        }
        assert!(!grants(&text));
    }
}
