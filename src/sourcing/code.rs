//! Reads source code, and finds where it chooses an image.
//!
//! A search by name without an owner takes whatever image is newest, and anyone can publish an image under any name
//! ("whoAMI", CVE-2018-15869). Each language and tool writes this search in its own way. A front end for each of them
//! makes a [`Search`] of it, whose parts are known, absent or unknown, and one function, [`judge()`], gives the verdict.
//!
//! The files are hostile, as images are: nothing is executed, links are not followed, and a file that cannot be read,
//! is too large or is nested too deeply is reported as a [`Problem`].

mod ansible;
mod arguments;
mod cdk_context;
mod cloudformation;
mod cluster;
mod dispatch;
mod hit;
mod image_builder;
mod json;
mod judge;
mod language;
mod markdown;
mod packer;
mod program;
mod pulumi_yaml;
mod reference;
mod search;
mod shell;
mod suppression;
mod terraform;
mod value;
mod walk;
mod yaml;

pub use hit::{Fix, Form, Lookup, Problem, Publication};
pub use judge::{Judgement, Verdict, judge};
pub use search::{Constant, Filter, Search};

use std::path::PathBuf;

use super::publishers::Publishers;

/// What to look at, and what is known beforehand.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose accounts and names are known.
    pub publishers: Publishers,
    /// Longer files are not read, but reported as problems.
    pub max_file_bytes: u64,
    /// Whether `.gitignore` and the like are followed.
    pub follow_ignore_files: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { publishers: Publishers::default(), max_file_bytes: 32 << 20, follow_ignore_files: true }
    }
}

/// What was found in the code.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// The places that choose an image, by path and line.
    pub lookups: Vec<Lookup>,
    /// The places that make an image public.
    pub publications: Vec<Publication>,
    /// What could not be looked at.
    pub problems: Vec<Problem>,
    /// The files that were read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Scan {
    /// How many lookups a comment suppresses.
    pub fn suppressed(&self) -> usize {
        self.lookups.iter().filter(|lookup| lookup.suppressed.is_some()).count()
    }

    fn sort(&mut self) {
        self.lookups.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
        self.publications.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        self.problems.sort_by(|a, b| (&a.path, a.line, &a.reason).cmp(&(&b.path, b.line, &b.reason)));
    }
}

/// Looks at every file under the roots.
pub fn scan(roots: &[PathBuf], options: &Options) -> Scan {
    let mut scan = Scan::default();
    let mut terraform = terraform::Project::default();
    for file in walk::files(roots, options, &mut scan) {
        dispatch::file(&file, options, &mut terraform, &mut scan);
    }
    terraform.look(options, &mut scan);
    scan.sort();
    scan
}

#[cfg(test)]
mod tests;
