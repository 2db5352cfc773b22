//! A file of traces, as written, and what is made of it: the guide is `signatures/README.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::super::fixtures::Fixtures;
use super::super::raw::CheckError;
use super::super::schema::Rule;
use super::commands::RawCommand;
use super::conditions::{Conditions, RawConditions};
use super::places::Pattern;
use super::{Artifact, Group, Level};
use crate::finding::{Advisory, Category, Severity};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    #[serde(rename = "trace")]
    artifact: Vec<RawArtifact>,
    ladder: Vec<RawLadder>,
    command: Vec<RawCommand>,
}

/// Levels that many traces share.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLadder {
    id: String,
    level: Vec<RawLevel>,
}

/// Ladders by their ids.
pub(super) type Ladders = BTreeMap<String, Vec<RawLevel>>;

/// The place of the file in the trees of a ladder: each trace puts its `example` there.
const PLACE: &str = "@";

/// A trace as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawArtifact {
    id: String,
    title: String,
    severity: Option<String>,
    why: String,
    remedy: String,
    #[serde(default)]
    references: Vec<String>,
    paths: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    when: Option<Rule>,
    #[serde(default = "yes")]
    follow_links: bool,
    #[serde(default)]
    file: RawConditions,
    #[serde(default)]
    level: Vec<RawLevel>,
    ladder: Option<String>,
    example: Option<String>,
    group: Option<Group>,
    #[serde(default)]
    find: Vec<Fixtures>,
    #[serde(default)]
    silent: Vec<Fixtures>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawLevel {
    severity: String,
    because: String,
    #[serde(default)]
    file: RawConditions,
    #[serde(default)]
    find: Vec<Fixtures>,
}

/// Reads a file of traces: its folder says what they are about. Ladders are kept for later files.
///
/// # Errors
/// [`CheckError`], where something in it is not of the language.
pub(super) fn parse(
    path: &str,
    text: &str,
    ladders: &mut Ladders,
) -> Result<(Vec<Artifact>, Vec<RawCommand>), CheckError> {
    let error = |problem: String| CheckError { path: path.to_owned(), problem };
    let file: File = toml::from_str(text).map_err(|problem| error(problem.to_string()))?;
    ladders.extend(file.ladder.into_iter().map(|ladder| (ladder.id, ladder.level)));
    let category = if path.starts_with("persistence/") { Category::Persistence } else { Category::Leftover };
    let read = |written: RawArtifact| {
        let id = written.id.clone();
        read(written, category, ladders).map_err(|problem| error(format!("{id}: {problem}")))
    };
    let artifacts = file.artifact.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok((artifacts, file.command))
}

fn read(mut written: RawArtifact, category: Category, ladders: &Ladders) -> Result<Artifact, String> {
    if let Some(id) = &written.ladder {
        let ladder = ladders.get(id).ok_or_else(|| format!("there is no ladder {id}"))?;
        let example = written.example.as_deref().ok_or("a ladder needs an example")?;
        written.level.extend(ladder.iter().map(|level| at(example, level)));
    }
    let levels = written.level.into_iter().map(|level| {
        let severity = severity(&level.severity)?;
        Ok(Level { severity, because: level.because, file: Conditions::read(level.file)?, find: level.find })
    });
    let levels = levels.collect::<Result<Vec<Level>, String>>()?;
    let base = written.severity.as_deref().map(severity).transpose()?;
    let worst = levels.iter().map(|level| level.severity).chain(base).max();
    Ok(Artifact {
        advisory: Arc::new(Advisory {
            id: written.id,
            category,
            title: written.title,
            severity: worst.ok_or("needs a severity, or a level")?,
            why: written.why,
            remedy: written.remedy,
            references: written.references,
        }),
        paths: patterns(&written.paths)?,
        except: patterns(&written.except)?,
        when: written.when,
        follows_links: written.follow_links,
        file: Conditions::read(written.file)?,
        levels,
        severity: base,
        group: written.group,
        find: written.find,
        silent: written.silent,
    })
}

const fn yes() -> bool {
    true
}

/// A level of a ladder, its trees with the trace's example in the place of `@`.
fn at(example: &str, level: &RawLevel) -> RawLevel {
    let mut level = level.clone();
    for tree in &mut level.find {
        if let Some(plant) = tree.remove(PLACE) {
            tree.insert(example.to_owned(), plant);
        }
    }
    level
}

fn severity(name: &str) -> Result<Severity, String> {
    Severity::by_name(name).ok_or_else(|| format!("no such severity: {name}"))
}

fn patterns(paths: &[String]) -> Result<Vec<Pattern>, String> {
    paths.iter().map(|path| Pattern::parse(path)).collect()
}
