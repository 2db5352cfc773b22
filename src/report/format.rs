//! What a form of the report is. Each is a `FORMAT` in the file that renders it.

use super::{Judgement, Options, Run};
use crate::audit::Report;

/// A form of the report.
#[derive(Debug)]
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is for, in the words of the help.
    pub about: &'static str,
    /// How files of it are named: what follows the last dot.
    pub extensions: &'static [&'static str],
    /// Whether the image's own file must be hashed for it.
    pub needs_digest: bool,
    /// Whether it speaks of the image's file, and says nothing of a mounted tree.
    pub needs_file: bool,
    /// Whether a text begins as its reports do.
    pub is_begun_by: fn(&str) -> bool,
    /// The report in this form.
    pub render: fn(&Told<'_>) -> String,
}

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Told<'r> {
    /// What the audit saw.
    pub report: &'r Report,
    /// How the gate decided.
    pub judgement: &'r Judgement,
    /// What the user wants to see.
    pub options: &'r Options,
    /// How and when it was audited.
    pub run: &'r Run,
}

impl Format {
    /// The format that is called `name`.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        super::FORMATS.into_iter().find(|format| format.name == name)
    }

    /// The format of files with this extension.
    pub fn by_extension(extension: &str) -> Option<&'static Self> {
        super::FORMATS.into_iter().find(|format| format.extensions.contains(&extension))
    }
}

/// Formats have names of their own.
impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

/// Whether a JSON text says that it is of this format.
pub fn names(text: &str, format: &str) -> bool {
    text.starts_with('{')
        && [format!("\"format\": \"{format}\""), format!("\"format\":\"{format}\"")]
            .iter()
            .any(|pair| text.contains(pair))
}
