//! Traces: files that should not be in an image, or that start something unusual, as data.
//!
//! A trace is a TOML table (`signatures/leftovers/`, `signatures/persistence/`): the places where it may lie, what the
//! file must be like, how bad that is by what is in it, and its proofs. It is the language of checks, asked of files:
//! `when` is a condition of [`super::schema`] on the whole system, and the proofs are the same small trees. How the
//! parts lie:
//!
//! - [`schema`] is what a file of traces may say;
//! - [`places`] finds by an entry's name, in few look-ups, the patterns that it may fit;
//! - [`conditions`] are the conditions on one `file`: its metadata, its package, its content;
//! - [`commands`] are the command lines that hardly any honest start file has;
//! - [`search`] goes over the tree once, for all traces;
//! - [`proof`] tries every trace on its own trees.
//!
//! What cannot be read is a gap of the audit, which reads every file; what is over [`file::READ`] is one of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::finding::{Advisory, Severity};

pub mod commands;
pub mod conditions;
mod embedded;
pub mod file;
pub(crate) mod lines;
pub mod places;
pub mod proof;
pub mod schema;
pub mod search;

use super::fixtures::Fixtures;
use super::raw::CheckError;
use super::schema::Rule;
use commands::Commands;
use conditions::Conditions;
use places::{Pattern, Places};

/// A kind of file to look for.
#[derive(Debug)]
pub struct Artifact {
    /// As findings show it; its severity is that of the worst level.
    pub advisory: Arc<Advisory>,
    /// Where it may lie.
    pub paths: Vec<Pattern>,
    /// Places that are no such thing.
    pub except: Vec<Pattern>,
    /// What the system must be like.
    pub when: Option<Rule>,
    /// Whether a link at a place counts as the file that it leads to. Not where a trace asks what a directory holds:
    /// alternatives in /etc are links to programs.
    pub follows_links: bool,
    /// What the file must be like.
    pub file: Conditions,
    /// What makes it better or worse: the first that holds counts.
    pub levels: Vec<Level>,
    /// How bad it is where no level holds; without one it is nothing then.
    pub severity: Option<Severity>,
    /// Which files are one finding; none: each is one.
    pub group: Option<Group>,
    /// Trees in which it must be found.
    pub find: Vec<Fixtures>,
    /// Trees in which it must not be found.
    pub silent: Vec<Fixtures>,
}

/// Which files of a trace are one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Those of one directory.
    Directory,
    /// All.
    All,
    /// All, told as facts about the system: a list to read, that complains of no file.
    Inventory,
}

/// How bad a file is, by what it is like.
#[derive(Debug)]
pub struct Level {
    /// How bad.
    pub severity: Severity,
    /// Why, in a few words.
    pub because: String,
    /// What the file must be like for it.
    pub file: Conditions,
    /// Trees in which it must be found at this level.
    pub find: Vec<Fixtures>,
}

/// All traces, with the way from a name to them.
#[derive(Debug, Default)]
pub struct Artifacts {
    /// In the order of the files.
    pub all: Vec<Artifact>,
    /// The command lines that they ask for.
    pub commands: Commands,
    /// The texts that they were read from, for telling one set from another.
    pub text: String,
    places: Places,
}

impl Artifact {
    /// What is wrong with its expressions.
    fn problem(&self) -> Option<String> {
        let conditions = self.levels.iter().map(|level| &level.file).chain([&self.file]);
        let problem = conditions.filter_map(Conditions::problem).next();
        problem.map(|problem| format!("{}: {problem}", self.advisory.id))
    }
}

impl Artifacts {
    /// The traces that the program carries.
    ///
    /// # Errors
    /// [`CheckError`]: never in a tested build.
    pub fn embedded() -> Result<Self, CheckError> {
        Self::with(&[])
    }

    /// The same, and those of more files: (path below `signatures/`, text). A trace with the id of another one stands
    /// in its place.
    ///
    /// # Errors
    /// [`CheckError`], where something in a file is not of the language.
    pub fn with(more: &[(String, String)]) -> Result<Self, CheckError> {
        let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
        let (mut all, mut commands, mut ladders) =
            (Vec::new(), Commands::default(), schema::Ladders::default());
        let own = embedded::FILES.iter().copied().map(|(path, text)| (path, text, true));
        let more = more.iter().map(|(path, text)| (path.as_str(), text.as_str(), false));
        for (path, text, is_proved) in own.clone().chain(more.clone()) {
            let error = |problem| CheckError { path: path.to_owned(), problem };
            let (artifacts, more) = schema::parse(path, text, &mut ladders)?;
            more.into_iter().for_each(|command| commands.add(command));
            commands.hold(&artifacts).map_err(error)?;
            if !is_proved {
                let problem = commands.problem().or_else(|| artifacts.iter().find_map(Artifact::problem));
                problem.map_or(Ok(()), |problem| Err(error(problem)))?;
            }
            for artifact in artifacts {
                match by_id.get(&artifact.advisory.id).and_then(|&at| all.get_mut(at)) {
                    Some(known) => *known = artifact,
                    None => {
                        by_id.insert(artifact.advisory.id.clone(), all.len());
                        all.push(artifact);
                    }
                }
            }
        }
        let text = own.clone().chain(more.clone()).map(|(_, text, _)| text).collect();
        let places = Places::new(all.iter().map(|artifact: &Artifact| artifact.paths.as_slice()))
            .map_err(|problem| CheckError { path: "traces".to_owned(), problem })?;
        Ok(Self { all, commands, places, text })
    }
}
