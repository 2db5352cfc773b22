//! Reads exports of accounts: answers of AWS as JSON, in files of any name, from any client.
//!
//! Every call is known by its members. The account and the region of a file come from the manifest of the export script,
//! else from what the folder says of itself, and what was inferred is told. Files may be packed with gzip or zstd, may hold
//! several answers, one after another or a line each, and may be in UTF-16, as PowerShell writes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

mod collect;
mod document;
mod file;
mod part;
mod scope;
pub mod shapes;

use super::estate::{Estate, Scope};
use super::trail::Event;
use document::Document;
use file::{Content, FileError};
use part::Part;
use scope::{Origin, Place, Places};

/// Most bytes of one file, unpacked.
const MAX_FILE: u64 = 4 << 30;

/// What was read.
#[derive(Debug, Default)]
pub struct Export {
    /// What the files say together.
    pub estate: Estate,
    /// Events of trails.
    pub events: Vec<Event>,
    /// Files that could not be read, pages that are missing, calls that failed.
    pub problems: Vec<Problem>,
    /// What was inferred, and what was passed over on purpose.
    pub notes: Vec<(String, String)>,
    /// Files that were read.
    pub files: u64,
    /// Bytes of them, unpacked.
    pub bytes: u64,
}

/// Something that was not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, or the place in the account.
    pub path: String,
    /// The line in the file, from 1.
    pub line: Option<u64>,
    /// Why, in a sentence.
    pub reason: String,
    /// Whether a whole file is lost, not only a part of the picture.
    pub is_file: bool,
}

/// Reads files and folders.
///
/// # Errors
/// A path that is not there, or that holds no export at all: in a sentence.
pub fn read(paths: &[PathBuf]) -> Result<Export, String> {
    let mut reader = Reader::default();
    for path in paths {
        let files = file::list(path)?;
        reader.places.learn(&files);
        for one in &files {
            reader.read(one, path.is_file());
        }
    }
    reader.end()
}

#[derive(Default)]
struct Reader {
    export: Export,
    places: Places,
    /// Of each call at a place: pages, and those that say that another follows.
    pages: BTreeMap<(Scope, &'static str), (u64, u64)>,
    inferred: BTreeMap<Origin, BTreeSet<Scope>>,
    /// Files of which account or region are not known until the others of their folder were read.
    waiting: Vec<Answers>,
    passed: u64,
}

/// What one file holds.
struct Answers {
    path: PathBuf,
    place: Place,
    parts: Vec<Part>,
    /// The calls, and whether each says that more pages follow.
    calls: Vec<(&'static str, bool)>,
}

impl Reader {
    fn read(&mut self, path: &Path, is_named: bool) {
        let shown = path.display().to_string();
        let content = match file::read(path, MAX_FILE) {
            Ok(Content::Json(bytes)) => bytes,
            Ok(Content::Other) if !is_named => {
                self.passed += 1;
                return;
            }
            Ok(Content::Other) => {
                return self.problem(&shown, None, "holds no JSON".to_owned());
            }
            Err(FileError { reason }) => return self.problem(&shown, None, reason),
        };
        self.export.files += 1;
        self.export.bytes = self.export.bytes.saturating_add(content.len() as u64);
        let mut documents = serde_json::Deserializer::from_slice(&content).into_iter::<Document>();
        let place = self.places.of(path);
        let mut answers = Answers { path: path.to_owned(), place, parts: Vec::new(), calls: Vec::new() };
        loop {
            let before = documents.byte_offset();
            match documents.next() {
                None => break,
                Some(Ok(document)) => {
                    self.unknown(&shown, &document);
                    answers.calls.extend(document.parts.iter().map(|part| (part.name(), document.has_next)));
                    answers.parts.extend(document.parts);
                }
                Some(Err(error)) => {
                    let line = line(&content, before, &error);
                    self.problem(&shown, Some(line), reason(&error));
                    break;
                }
            }
        }
        // As large as all that was read of it.
        drop(content);
        for part in &answers.parts {
            scope::refine(&mut answers.place, part);
        }
        if answers.place.is_known() {
            self.take(answers);
        } else {
            self.waiting.push(answers);
        }
    }

    fn take(&mut self, answers: Answers) {
        let Answers { path, place, parts, calls } = answers;
        self.places.remember(&path, &place.scope);
        for (name, has_next) in calls {
            let (pages, open) = self.pages.entry((place.scope.clone(), name)).or_default();
            *pages += 1;
            *open += u64::from(has_next);
        }
        for part in parts {
            if let Part::Manifest(manifest) = &part {
                self.export.problems.extend(scope::failed_calls(manifest, &path));
            }
            collect::part(&mut self.export, part, &place.scope);
        }
        self.inferred.entry(place.origin).or_default().insert(place.scope);
    }

    fn unknown(&mut self, path: &str, document: &Document) {
        if document.unknown.is_empty() && !document.parts.is_empty() {
            return;
        }
        let members: BTreeSet<&str> = document.unknown.iter().map(String::as_str).collect();
        let members: Vec<&str> = members.into_iter().take(5).collect();
        let text = if members.is_empty() {
            "holds nothing that is known".to_owned()
        } else {
            format!("holds {}, which no call is known by", members.join(", "))
        };
        self.export.notes.push((path.to_owned(), text));
    }

    fn problem(&mut self, path: &str, line: Option<u64>, reason: String) {
        self.export.problems.push(Problem { path: path.to_owned(), line, reason, is_file: true });
    }

    fn end(mut self) -> Result<Export, String> {
        for mut answers in std::mem::take(&mut self.waiting) {
            self.places.complete(&answers.path, &mut answers.place);
            self.take(answers);
        }
        for ((scope, call), (pages, open)) in std::mem::take(&mut self.pages) {
            if open > 0 && open >= pages {
                self.export.problems.push(Problem {
                    path: format!("{scope} {call}"),
                    line: None,
                    reason: "the last page says that another follows: the export was cut".to_owned(),
                    is_file: false,
                });
            }
        }
        for (origin, scopes) in &self.inferred {
            if let Some(how) = origin.told() {
                let scopes: Vec<String> = scopes.iter().take(6).map(Scope::to_string).collect();
                self.export.notes.push((scopes.join(", "), how.to_owned()));
            }
        }
        if self.passed > 0 {
            let text = format!("{} files were passed over: they hold no JSON", self.passed);
            self.export.notes.push((String::new(), text));
        }
        if self.export.files == 0 && self.export.problems.is_empty() {
            return Err("there is no export: no file holds JSON".to_owned());
        }
        self.export.problems.sort();
        Ok(self.export)
    }
}

/// The line of an error in a file that holds several values: errors count from the start of the bytes.
fn line(content: &[u8], before: usize, error: &serde_json::Error) -> u64 {
    if error.line() > 0 {
        return error.line() as u64;
    }
    let start = content.get(..before).unwrap_or_default();
    start.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1
}

/// What the library says, without the place, which is told by itself.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    format!("is not valid JSON: {text}")
}
