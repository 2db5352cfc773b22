//! Command lines that hardly any honest start file has: they fetch and run, open a shell to the outside, hide.
//!
//! They are data (`signatures/persistence/commands.toml`); traces ask for them by id. Lines that begin with `#` are
//! none.

use serde::Deserialize;

use super::Artifact;
use super::conditions::Conditions;
use super::lines::{Lines, line_around, number};

/// All commands.
#[derive(Debug, Default)]
pub struct Commands {
    all: Vec<Command>,
}

#[derive(Debug)]
struct Command {
    id: String,
    why: String,
    lines: Lines,
    except: Option<Lines>,
    must_match: Vec<String>,
    must_not_match: Vec<String>,
}

/// A command as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCommand {
    id: String,
    /// What it does, in a few words.
    why: String,
    regex: String,
    except: Option<String>,
    must_match: Vec<String>,
    must_not_match: Vec<String>,
}

/// A command that was found.
pub(super) struct Found<'f> {
    pub(super) line: u64,
    pub(super) why: &'f str,
    pub(super) text: &'f [u8],
}

impl Commands {
    /// Adds a command; one with a known id stands in the other's place.
    pub(super) fn add(&mut self, written: RawCommand) {
        self.all.retain(|known| known.id != written.id);
        self.all.push(Command {
            id: written.id,
            why: written.why,
            lines: Lines::new(written.regex),
            except: written.except.map(Lines::new),
            must_match: written.must_match,
            must_not_match: written.must_not_match,
        });
    }

    /// What is wrong with an expression of a command.
    pub(super) fn problem(&self) -> Option<String> {
        self.all.iter().find_map(|command| {
            let problem = command.lines.problem().or_else(|| command.except.as_ref()?.problem());
            problem.map(|problem| format!("command {}: {problem}", command.id))
        })
    }

    /// Whether every command that a trace asks for is there.
    pub(super) fn hold(&self, artifacts: &[Artifact]) -> Result<(), String> {
        for artifact in artifacts {
            let conditions = artifact.levels.iter().map(|level| &level.file).chain([&artifact.file]);
            for id in conditions.flat_map(Conditions::commands) {
                if !self.all.iter().any(|command| command.id == *id) {
                    return Err(format!("{}: there is no command {id}", artifact.advisory.id));
                }
            }
        }
        Ok(())
    }

    /// The first line that has one of the commands called `ids`.
    pub(super) fn find<'f>(&'f self, ids: &[String], content: &'f [u8]) -> Option<Found<'f>> {
        let wanted = self.all.iter().filter(|command| ids.contains(&command.id));
        wanted.filter_map(|command| command.find(content)).min_by_key(|found| found.line)
    }

    /// How many there are, and what is wrong with their examples.
    pub(super) fn check(&self) -> (usize, Vec<String>) {
        let mut problems: Vec<String> = self.problem().into_iter().collect();
        for command in &self.all {
            let id = &command.id;
            if command.must_match.is_empty() || command.must_not_match.is_empty() {
                problems.push(format!("command {id}: needs examples each way"));
            }
            for text in command.must_match.iter().filter(|text| command.find(text.as_bytes()).is_none()) {
                problems.push(format!("command {id}: not found in {text}"));
            }
            for text in command.must_not_match.iter().filter(|text| command.find(text.as_bytes()).is_some()) {
                problems.push(format!("command {id}: found in {text}"));
            }
        }
        (self.all.len(), problems)
    }
}

impl Command {
    fn find<'f>(&'f self, content: &'f [u8]) -> Option<Found<'f>> {
        let regex = self.lines.regex()?;
        let except = self.except.as_ref().and_then(Lines::regex);
        let lines = regex.find_iter(content).map(|found| line_around(content, found.start()));
        let (start, text) = lines
            .filter(|(_, line)| !line.trim_ascii_start().starts_with(b"#"))
            .find(|(_, line)| except.is_none_or(|except| !except.is_match(line)))?;
        Some(Found { line: number(content, start), why: &self.why, text })
    }
}
