//! Which files hold secrets, and how they are read: the tables in `signatures/files/`.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::super::path_table::PathTable;
use super::formats::{Format, Line, Wanted};
use crate::finding::{Advisory, Category, Severity};

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kind: Vec<RawRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    id: String,
    title: String,
    severity: String,
    /// The last parts of the path; `*` is anything within a part.
    paths: Vec<String>,
    /// How it is read; more than one reader, where a file has more than one form.
    formats: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    ids: Vec<String>,
    /// For the format `patterns`: expressions with a group `secret`, and perhaps `user` and `host`.
    #[serde(default)]
    lines: Vec<String>,
    /// Values that the program is shipped with.
    #[serde(default)]
    stock: Vec<String>,
    #[serde(default)]
    must_find: Vec<Positive>,
    #[serde(default)]
    must_not_find: Vec<Negative>,
}

/// An example that must be found.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Positive {
    pub(super) path: String,
    /// A text, or for stores its bytes in hex.
    pub(super) text: String,
    /// The last value of each finding, in the order of the file.
    pub(super) secrets: Vec<String>,
}

/// An example that must be left alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Negative {
    pub(super) path: String,
    pub(super) text: String,
    pub(super) because: String,
}

/// One kind of credential file.
pub(super) struct Kind {
    pub(super) advisory: Arc<Advisory>,
    paths: Vec<String>,
    pub(super) formats: Vec<Format>,
    pub(super) wanted: Wanted,
    pub(super) must_find: Vec<Positive>,
    pub(super) must_not_find: Vec<Negative>,
}

macro_rules! files {
    ($($name:literal)*) => { [$((concat!("files/", $name), include_str!(concat!("../../../signatures/files/", $name))),)*] };
}

/// The files of the table: path below `signatures/`, text. The first kind that fits a path counts.
pub(in crate::detect) const FILES: [(&str, &str); 3] =
    files! { "credential-files.toml" "server-files.toml" "daemon-and-client-files.toml" };

impl Kind {
    /// What keeps it from being read.
    pub(super) fn problem(&self) -> Option<String> {
        let lines = &self.wanted.lines;
        let unpaired = (lines.is_empty() == self.formats.contains(&Format::Patterns))
            .then(|| "the format patterns needs lines, and lines need it".to_owned());
        let slash = self.paths.iter().find(|path| path.starts_with('/'));
        let slash =
            slash.map(|path| format!("{path}: begins with a slash; the last parts of a path are wanted"));
        let problem = lines.iter().find_map(Line::problem).or(unpaired).or(slash)?;
        Some(format!("{}: {problem}", self.advisory.id))
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("kinds", &self.kinds.len()).finish_non_exhaustive()
    }
}

/// All kinds, and the way from a path to its kind.
pub(in crate::detect) struct Table {
    pub(super) kinds: Vec<Kind>,
    paths: PathTable,
}

impl Table {
    /// The table that the program carries.
    #[expect(clippy::expect_used, reason = "the embedded table is held by a test, not by an image")]
    pub(in crate::detect) fn embedded() -> &'static Self {
        static TABLE: LazyLock<Table> =
            LazyLock::new(|| Table::parse(&FILES).expect("the embedded table is valid"));
        &TABLE
    }

    /// The same, and the kinds of `more`, which come first: (path below `signatures/`, text). A kind with the id of
    /// another one stands in its place.
    pub(in crate::detect) fn with(more: &[(String, String)]) -> Result<Self, String> {
        let more: Vec<_> = more.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let mut kinds = read(&more)?;
        if let Some(problem) = kinds.iter().find_map(Kind::problem) {
            return Err(problem);
        }
        let own: BTreeSet<String> = kinds.iter().map(|kind| kind.advisory.id.clone()).collect();
        let embedded = read(&FILES)?;
        kinds.extend(embedded.into_iter().filter(|kind| !own.contains(&kind.advisory.id)));
        Ok(Self::of(kinds))
    }

    /// Reads a table of files: path below `signatures/`, text.
    pub(super) fn parse(files: &[(&str, &str)]) -> Result<Self, String> {
        read(files).map(Self::of)
    }

    fn of(kinds: Vec<Kind>) -> Self {
        let patterns = (0..)
            .zip(&kinds)
            .flat_map(|(number, kind)| kind.paths.iter().map(move |path| (number, path.clone())));
        let paths = PathTable::new(patterns);
        Self { kinds, paths }
    }

    /// The kind of the file at `path`: the first in the table that fits.
    pub(super) fn kind_of(&self, path: &[u8]) -> Option<&Kind> {
        self.kinds.get(self.paths.find(path)?)
    }
}

fn read(files: &[(&str, &str)]) -> Result<Vec<Kind>, String> {
    let mut kinds = Vec::new();
    for (path, text) in files {
        let file: File = toml::from_str(text).map_err(|error| format!("{path}: {error}"))?;
        for written in file.kind {
            kinds.push(meant(written).map_err(|problem| format!("{path}: {problem}"))?);
        }
    }
    Ok(kinds)
}

fn meant(written: RawRow) -> Result<Kind, String> {
    let id = format!("credential-file-{}", written.id);
    let severity = Severity::by_name(&written.severity);
    let severity = severity.ok_or_else(|| format!("{id}: no severity is called {}", written.severity))?;
    let format =
        |name: &String| Format::by_name(name).ok_or_else(|| format!("{id}: no format is called {name}"));
    let formats: Vec<Format> = written.formats.iter().map(format).collect::<Result<_, _>>()?;
    if written.paths.is_empty() || written.formats.is_empty() {
        return Err(format!("{id}: needs paths and formats"));
    }
    let advisory = Advisory {
        id,
        category: Category::Credential,
        title: written.title,
        severity,
        why: "Anyone with the image can read the file and log in with what it holds.".into(),
        remedy:
            "Revoke the secret, remove the file before baking the image, and give it to the instance at boot."
                .into(),
        references: vec![
            "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/building-shared-amis.html".into(),
        ],
    };
    Ok(Kind {
        formats,
        advisory: Arc::new(advisory),
        paths: written.paths,
        wanted: Wanted {
            keys: written.keys,
            ids: written.ids,
            lines: written.lines.into_iter().map(Line::new).collect(),
            stock: written.stock,
        },
        must_find: written.must_find,
        must_not_find: written.must_not_find,
    })
}
