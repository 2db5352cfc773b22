//! Which files are histories: `signatures/files/histories.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::super::path_table::PathTable;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    history: Vec<History>,
}

/// The histories of one program.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct History {
    pub(super) program: String,
    /// The last parts of the path; `*` is anything within a part.
    paths: Vec<String>,
    must_match: Vec<String>,
    must_not_match: Vec<String>,
}

/// The file of the table.
pub(in crate::detect) const TEXT: &str = include_str!("../../../signatures/files/histories.toml");

/// All histories.
pub(super) struct Histories {
    pub(super) all: Vec<History>,
    table: PathTable,
}

impl Histories {
    /// The table that the program carries.
    #[expect(clippy::expect_used, reason = "the embedded table is held by a test, not by an image")]
    pub(super) fn embedded() -> &'static Self {
        static TABLE: LazyLock<Histories> =
            LazyLock::new(|| Histories::parse(TEXT).expect("the embedded table is valid"));
        &TABLE
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let all = toml::from_str::<File>(text)?.history;
        let patterns = (0..)
            .zip(&all)
            .flat_map(|(number, history)| history.paths.iter().map(move |path| (number, path.clone())));
        let table = PathTable::new(patterns);
        Ok(Self { all, table })
    }

    /// Whose history the file at `path` is.
    pub(super) fn of(&self, path: &[u8]) -> Option<&History> {
        self.all.get(self.table.find(path)?)
    }
}

/// How many histories there are, and what is wrong with their examples, one line each.
pub fn check() -> (usize, Vec<String>) {
    let histories = Histories::embedded();
    let mut problems = Vec::new();
    for history in &histories.all {
        let program = &history.program;
        if history.must_match.is_empty() || history.must_not_match.is_empty() {
            problems.push(format!("history of {program}: needs examples each way"));
        }
        let is_one = |path: &&String| histories.of(path.as_bytes()).is_some();
        for path in history.must_match.iter().filter(|path| !is_one(path)) {
            problems.push(format!("history of {program}: {path} is not taken for one"));
        }
        for path in history.must_not_match.iter().filter(is_one) {
            problems.push(format!("history of {program}: {path} is taken for one"));
        }
    }
    (histories.all.len(), problems)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_history_proves_itself() {
        let (histories, problems) = super::check();
        assert!(histories > 0 && problems.is_empty(), "{}", problems.join("\n"));
    }
}
