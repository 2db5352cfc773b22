//! What one audit looks for: the signatures that the program carries, and the user's own.

use std::sync::Arc;

use super::credential_files::table::Table;
use crate::checks::{self, Artifacts};
use crate::rules::{Engine, Family};

/// All signatures of an audit. A signature of the user with the id of another one stands in its place.
#[derive(Debug)]
pub struct Signatures {
    /// What files should not be there.
    pub artifacts: Arc<Artifacts>,
    /// The user's files of checks: path, text. They were read once, so they hold no error.
    pub checks: Vec<(String, String)>,
    /// None: those of the program, which are made when they are asked for.
    engine: Option<Engine>,
    /// The same.
    kinds: Option<Table>,
    /// The texts of the user, for telling one set from another.
    own: String,
}

impl Signatures {
    /// The folders of signatures that a user can add to, beside those of [`Family::FOLDERS`].
    const FOLDERS: [&'static str; 4] = ["checks", "files", "leftovers", "persistence"];

    /// Those that the program carries.
    ///
    /// # Errors
    /// Never in a tested build.
    pub fn embedded() -> Result<Self, String> {
        Self::with(&[])
    }

    /// The names of the folders that a user can add to.
    pub fn folders() -> impl Iterator<Item = &'static str> {
        Family::FOLDERS.iter().map(|(_, folder)| *folder).chain(Self::FOLDERS)
    }

    /// Those that the program carries, and those of files of the user: (path below the folder of signatures, text).
    ///
    /// # Errors
    /// What is wrong with a file, with its path; also, that it is in no folder which can be added to.
    pub fn with(files: &[(String, String)]) -> Result<Self, String> {
        let of = |folders: &[&str]| -> Vec<(String, String)> {
            let is_in =
                |path: &str| path.split_once('/').is_some_and(|(folder, _)| folders.contains(&folder));
            files.iter().filter(|(path, _)| is_in(path)).cloned().collect()
        };
        let folders: Vec<&str> = Self::folders().collect();
        let lost = |(path, _): &&(String, String)| {
            !path.split_once('/').is_some_and(|(folder, _)| folders.contains(&folder))
        };
        if let Some((path, _)) = files.iter().find(lost) {
            return Err(format!("{path}: only {}/ can be added to", folders.join("/, ")));
        }
        let rules = of(&Family::FOLDERS.map(|(_, folder)| folder));
        let (kinds, checks) = (of(&["files"]), of(&["checks"]));
        // What the program carries is not asked for before the files are read, and takes as long as the rest here.
        if rules.is_empty() {
            meanwhile(|| _ = Engine::embedded());
        }
        if kinds.is_empty() {
            meanwhile(|| _ = Table::embedded());
        }
        if !checks.is_empty() {
            checks::all(&checks).map_err(|error| error.to_string())?;
        }
        Ok(Self {
            artifacts: Arc::new(
                Artifacts::with(&of(&["leftovers", "persistence"])).map_err(|error| error.to_string())?,
            ),
            checks,
            engine: (!rules.is_empty()).then(|| Engine::with(&rules)).transpose()?,
            kinds: (!kinds.is_empty()).then(|| Table::with(&kinds)).transpose()?,
            own: files.iter().flat_map(|(path, text)| [path.as_str(), "\n", text, "\n"]).collect(),
        })
    }

    /// The search for what bytes of files may hold.
    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap_or_else(|| Engine::embedded())
    }

    /// The kinds of files that hold logins.
    pub(super) fn kinds(&self) -> &Table {
        self.kinds.as_ref().unwrap_or_else(|| Table::embedded())
    }

    /// Their texts, for telling one set from another.
    pub fn text(&self) -> String {
        [crate::rules::text(), checks::text(), super::text(), self.artifacts.text.clone(), self.own.clone()]
            .concat()
    }
}

/// Makes something ready on a thread of its own; where none is to be had, it is made when it is asked for.
fn meanwhile(make: fn()) {
    let _ = std::thread::Builder::new().spawn(make);
}
