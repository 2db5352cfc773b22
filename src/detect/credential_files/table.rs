//! Which files hold secrets, and how they are read: the tables in `signatures/files/`.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::super::path_table::PathTable;
use super::formats::{Format, Line, Wanted};
use crate::finding::{Advisory, Category, Severity};

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kind: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
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
pub(in crate::detect) const FILES: [(&str, &str); 2] =
    files! { "credential-files.toml" "further-files.toml" };

/// All kinds, and the way from a path to its kind.
pub(super) struct Table {
    pub(super) kinds: Vec<Kind>,
    paths: PathTable,
}

impl Table {
    /// The table that the program carries.
    #[expect(clippy::expect_used, reason = "the embedded table is held by a test, not by an image")]
    pub(super) fn embedded() -> &'static Self {
        static TABLE: LazyLock<Table> =
            LazyLock::new(|| Table::parse(&FILES).expect("the embedded table is valid"));
        &TABLE
    }

    /// Reads a table of files: path below `signatures/`, text.
    pub(super) fn parse(files: &[(&str, &str)]) -> Result<Self, String> {
        let mut kinds = Vec::new();
        for (path, text) in files {
            let file: File = toml::from_str(text).map_err(|error| format!("{path}: {error}"))?;
            for written in file.kind {
                kinds.push(meant(written).map_err(|problem| format!("{path}: {problem}"))?);
            }
        }
        let patterns = (0..)
            .zip(&kinds)
            .flat_map(|(number, kind)| kind.paths.iter().map(move |path| (number, path.clone())));
        let paths = PathTable::new(patterns);
        Ok(Self { kinds, paths })
    }

    /// The kind of the file at `path`: the first in the table that fits.
    pub(super) fn kind_of(&self, path: &[u8]) -> Option<&Kind> {
        self.kinds.get(self.paths.find(path)?)
    }
}

fn meant(written: Written) -> Result<Kind, String> {
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
        why: "Who has the image can read the file and log in with what it holds.".into(),
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
