//! Variables of a script: what is assigned to them before they are used.

use std::cell::Cell;
use std::sync::LazyLock;

use regex::Regex;

use super::words::{self, UNKNOWN};

/// Variables in values of variables, at most.
const MAX_DEPTH: usize = 8;

/// Variables that are looked up in one file, at most.
const MAX_LOOKUPS: usize = 10_000;

/// Assignments of scripts and Makefiles, and capital names of YAML (`env:`).
static ASSIGNMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xm)^[\t\ ]*
        (?:(?:export|local|readonly|typeset|declare|ENV|ARG|-)[\t\ ]+(?:-[A-Za-z]+[\t\ ]+)?)*
        (?:
          (?P<sh>[A-Za-z_]\w*)(?P<more>\+?)=
        | (?P<make>[A-Za-z_]\w*)[\t\ ]*[:?]?:?=[\t\ ]*
        | (?P<yaml>[A-Z_][A-Z0-9_]*):[\t\ ]+
        )
        (?P<value>\([^)\n]*(?:\n[^)]*)?\)|[^\n]*(?:\\\n[^\n]*)*)",
    )
    .ok()
});

#[derive(Debug)]
struct Assignment {
    name: String,
    value: String,
    at: usize,
    /// `+=`
    adds: bool,
}

/// What is assigned in a text.
#[derive(Debug)]
pub(super) struct Variables {
    assignments: Vec<Assignment>,
    depth: Cell<usize>,
    /// Variables that may still be looked up: values of values multiply.
    budget: Cell<usize>,
}

impl Variables {
    pub(super) fn of(text: &str) -> Self {
        let found = ASSIGNMENT.as_ref().map(|pattern| pattern.captures_iter(text)).into_iter().flatten();
        let assignment = |captures: regex::Captures<'_>| {
            let name =
                ["sh", "make", "yaml"].iter().find_map(|kind| captures.name(kind))?.as_str().to_owned();
            let value = captures.name("value")?;
            let adds = captures.name("more").is_some_and(|more| !more.is_empty());
            Some(Assignment { name, value: value.as_str().trim().to_owned(), at: value.start(), adds })
        };
        let assignments = found.filter_map(assignment).collect();
        Self { assignments, depth: Cell::new(0), budget: Cell::new(MAX_LOOKUPS) }
    }

    /// The words that `$name` or `${name}` stands for at a place of the text.
    pub(super) fn words(&self, name: &str, at: usize) -> Vec<String> {
        if name.contains("get-caller-identity") {
            return vec!["self".to_owned()];
        }
        if name.contains(char::is_whitespace) && !name.contains(":-") {
            return vec![unknown("$(…)")];
        }
        let (bare, default) = parts(name);
        match (self.assigned(bare, at), default) {
            (Some(words), _) => words,
            (None, Some(default)) if !default.is_empty() => self.read(default, at),
            (None, _) => vec![unknown(bare)],
        }
    }

    fn assigned(&self, name: &str, at: usize) -> Option<Vec<String>> {
        let own: Vec<&Assignment> = self.assignments.iter().filter(|one| one.name == name).collect();
        let before: Vec<&Assignment> = own.iter().copied().filter(|one| one.at < at).collect();
        // What is only assigned later is assigned by a function, or in a part of a Makefile.
        let candidates = if before.is_empty() { own } else { before };
        let first = candidates.iter().rposition(|one| !one.adds)?;
        let words: Vec<String> =
            candidates.get(first..)?.iter().flat_map(|one| self.read(&one.value, one.at)).collect();
        (!words.is_empty()).then_some(words)
    }

    fn read(&self, value: &str, at: usize) -> Vec<String> {
        let (depth, budget) = (self.depth.get(), self.budget.get());
        if depth >= MAX_DEPTH || budget == 0 {
            return vec![unknown("a variable of variables")];
        }
        self.depth.set(depth + 1);
        self.budget.set(budget - 1);
        let list = value.strip_prefix('(').and_then(|list| list.strip_suffix(')'));
        let words = words::split(&list.unwrap_or(value).replace('\n', " "), at, self);
        self.depth.set(depth);
        words
    }
}

fn unknown(name: &str) -> String {
    format!("{UNKNOWN}{name}{UNKNOWN}")
}

/// The name in `name[@]`, `name:-default` and the like, and the default.
fn parts(name: &str) -> (&str, Option<&str>) {
    let end = name
        .find([':', '[', '-', '%', '#', '/', '=', '?', ',', '^'])
        .filter(|&end| end > 0)
        .unwrap_or(name.len());
    let rest = name.get(end..).unwrap_or_default();
    let default =
        rest.strip_prefix(":-").or_else(|| rest.strip_prefix(":=")).or_else(|| rest.strip_prefix('-'));
    (name.get(..end).unwrap_or(name), default)
}
