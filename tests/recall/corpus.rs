//! The examples of `corpus/`, read and filled in.

use std::path::PathBuf;

use serde::Deserialize;

use super::forms::{self, Form};
use super::values::{Formats, Group, Random};

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    case: Vec<Case>,
    lines: Vec<Case>,
    inside: Vec<Inside>,
    matrix: Vec<Matrix>,
}

/// One file; of `[[lines]]`: one file a line.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    category: String,
    path: String,
    #[serde(default)]
    form: Form,
    text: String,
}

/// Every text in every form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Inside {
    category: String,
    path: String,
    forms: Vec<Form>,
    texts: Vec<String>,
}

/// Every format of a group of tokens in `each` of the contexts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    category: String,
    #[serde(default)]
    of: Group,
    each: usize,
    contexts: Vec<Case>,
}

/// A file, and what must be found in it.
pub(crate) struct Example {
    pub(crate) category: String,
    pub(crate) form: Form,
    /// Where the text stands; the file that is made of it may have a further ending.
    pub(crate) place: String,
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) wanted: Vec<Wanted>,
    /// The text with its marks: safe to show.
    pub(crate) shown: String,
}

/// A value that must be found.
pub(crate) struct Wanted {
    /// How the text calls it.
    pub(crate) name: String,
    /// The value, and what it was encoded from.
    pub(crate) values: Vec<String>,
    /// Its line from 1; none where the bytes are no text.
    pub(crate) line: Option<u64>,
}

/// All examples, in the order of the files.
pub(crate) fn read() -> Vec<Example> {
    let formats = Formats::read();
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "toml") && !path.ends_with("formats.toml"));
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        cases.extend(file.case);
        cases.extend(file.lines.iter().flat_map(lines));
        cases.extend(file.inside.iter().flat_map(inside));
        cases.extend(file.matrix.iter().flat_map(|matrix| of_matrix(matrix, &formats)));
    }
    cases.iter().enumerate().map(|(number, case)| fill(case, number, &formats)).collect()
}

fn lines(case: &Case) -> Vec<Case> {
    let lines = case.text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| Case { text: format!("{line}\n"), ..case.clone() }).collect()
}

fn inside(inside: &Inside) -> Vec<Case> {
    let all = inside.texts.iter().flat_map(|text| inside.forms.iter().map(move |form| (text, form)));
    let case = |(text, form): (&String, &Form)| Case {
        category: inside.category.clone(),
        path: inside.path.clone(),
        form: *form,
        text: text.clone(),
    };
    all.map(case).collect()
}

fn of_matrix(matrix: &Matrix, formats: &Formats) -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, name) in formats.of(matrix.of).keys().enumerate() {
        for turn in 0..matrix.each {
            let context = &matrix.contexts[(number + turn * 7) % matrix.contexts.len()];
            let text = context.text.replace("«token»", &format!("«{name}»"));
            cases.push(Case { category: matrix.category.clone(), text, ..context.clone() });
        }
    }
    cases
}

/// Puts values where the text has marks: «wanted» and ‹filler›.
fn fill(case: &Case, number: usize, formats: &Formats) -> Example {
    let seed = std::env::var("ASSAY_SEED").unwrap_or_default();
    let mut random = Random::of(&format!("{seed}{number} {} {}", case.path, case.text));
    let (mut text, mut wanted) = (String::new(), Vec::new());
    let mut rest = case.text.as_str();
    while let Some(at) = rest.find(['«', '‹']) {
        text.push_str(&rest[..at]);
        let is_wanted = rest[at..].starts_with('«');
        let (mark, after) = rest[at..].split_once(if is_wanted { '»' } else { '›' }).unwrap();
        let name = mark.trim_start_matches(['«', '‹']);
        let (value, origin) = formats.value(name, &mut random);
        if is_wanted {
            let line = text.matches('\n').count() as u64 + 1;
            let values = std::iter::once(value.clone()).chain(origin).collect();
            wanted.push(Wanted {
                name: name.to_owned(),
                values,
                line: case.form.has_lines().then_some(line),
            });
        }
        text.push_str(&value);
        rest = after;
    }
    text.push_str(rest);
    let (path, bytes) = forms::put(case.form, &case.path, &text, &mut random);
    Example {
        category: case.category.clone(),
        form: case.form,
        place: case.path.clone(),
        path,
        bytes,
        wanted,
        shown: case.text.clone(),
    }
}
