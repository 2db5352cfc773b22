//! What a file is like: conditions on its metadata, its package and its content, all of which must hold.

use crate::finding::FactKey;
use serde::Deserialize;

use super::super::subject::shown;
use super::commands::Commands;
use super::file::{File, is_hidden, is_temporary};
use super::lines::{Lines, line_around, line_of, number, without_secrets};
use assay_disk::fs::{FileType, Metadata};

/// Paths in one file that are followed.
const NAMES: usize = 64;

/// Conditions as written: each that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct RawConditions {
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
    names: Option<RawNames>,
}

/// Paths that the file names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNames {
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
pub struct Conditions {
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

/// What shows that conditions hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The line, from 1.
    pub line: Option<u64>,
    /// Facts without secrets.
    pub facts: Vec<(FactKey, String)>,
}

impl Conditions {
    pub(super) fn read(written: RawConditions) -> Result<Self, String> {
        let octal = |text: String| u16::from_str_radix(&text, 8).map_err(|error| format!("{text}: {error}"));
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
            link: written.link.map(Lines::new),
            line: written.line.map(Lines::new),
            line_except: written.line_except.map(Lines::new),
            lacks: written.lacks.map(Lines::new),
            commands: written.commands,
            names: written.names.map(|names| (Lines::new(names.regex), names.are)),
        })
    }

    /// What is wrong with its expressions.
    pub(super) fn problem(&self) -> Option<String> {
        let names = self.names.as_ref().map(|(lines, _)| lines);
        let lines = [&self.link, &self.line, &self.line_except, &self.lacks].into_iter().flatten();
        lines.chain(names).find_map(Lines::problem)
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
    pub(super) fn evaluate(&self, file: &File<'_>, commands: &Commands) -> Option<Shown> {
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
            shown.facts.push((FactKey::Mode, format!("{:04o}", metadata.mode)));
        }
        if let Some(lines) = &self.line {
            let found = line_of(lines, self.line_except.as_ref(), file.content())?;
            shown.line = Some(found.0);
            shown.facts.push((FactKey::Line, found.1));
        }
        if !self.commands.is_empty() {
            let found = commands.find(&self.commands, file.content())?;
            shown.line = Some(found.line);
            shown.facts.push((FactKey::Does, found.why.to_owned()));
            shown.facts.push((FactKey::Line, without_secrets(found.text)));
        }
        if let Some((lines, states)) = &self.names {
            let (line, path, state) = named(lines, states, file)?;
            shown.line = Some(line);
            shown.facts.push((state, path));
        }
        Some(shown)
    }
}

/// The first path that the file names and that is one of `states`: line, path, state.
fn named(lines: &Lines, states: &[State], file: &File<'_>) -> Option<(u64, String, FactKey)> {
    let content = file.content();
    lines.regex()?.captures_iter(content).take(NAMES).find_map(|found| {
        let path = found.name("path")?;
        let state = states.iter().find_map(|state| state.of(path.as_bytes(), file))?;
        Some((number(content, line_around(content, path.start()).0), shown(path.as_bytes()), state))
    })
}

impl State {
    /// Its name in a report, where the path is so.
    fn of(self, path: &[u8], file: &File<'_>) -> Option<FactKey> {
        let found = || {
            let id = file.subject.find(path)?;
            let (_, walked) = file.subject.tree.get(id)?;
            (walked.metadata.file_type == FileType::Regular).then_some((id, walked.metadata.mode))
        };
        match self {
            Self::Temporary => is_temporary(path).then_some(FactKey::NamesInATemporaryPlace),
            Self::Hidden => is_hidden(path).then_some(FactKey::NamesHidden),
            Self::Writable => {
                found().filter(|(_, mode)| mode & 0o002 != 0).map(|_| FactKey::NamesWhatEverybodyMayChange)
            }
            Self::Unowned => {
                let (id, _) = found()?;
                let packages = &file.subject.facts.packages;
                let resolved = file.subject.tree.path(id);
                let owned = packages.owner(path).is_some() || packages.owner(&resolved).is_some();
                (file.in_system && !owned).then_some(FactKey::NamesWhatNoPackageBrought)
            }
        }
    }
}
