//! `--format`: the formats, their names, and what renders them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, ValueEnum};

use crate::audit::Report;
use crate::report::{self, Judgement, Options, Run};

/// A form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Terminal,
    /// For programs: docs/report.md
    Json,
    /// For people, in a browser: one file that needs no network
    Html,
    /// As JSON, one object a line
    Ndjson,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for CI servers
    Junit,
    /// For the summary of a pipeline
    Markdown,
    /// A table of findings
    Csv,
    /// An unsigned in-toto statement, with the image's SHA-256
    Intoto,
    /// What was audited, how and when, with the image's SHA-256
    Evidence,
}

impl Format {
    /// Whether the image's own file must be hashed for it.
    pub(super) const fn needs_digest(self) -> bool {
        matches!(self, Self::Intoto | Self::Evidence)
    }

    /// Its name on the command line.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// The report in this form.
    pub(super) fn render(
        self,
        report: &Report,
        judgement: &Judgement,
        options: &Options,
        run: &Run,
    ) -> String {
        match self {
            Self::Terminal => report::terminal::render(report, judgement, options),
            Self::Json => report::json::render(report, judgement, options),
            Self::Html => report::html::render(report, judgement, options, run),
            Self::Ndjson => report::ndjson::render(report, judgement, options),
            Self::Sarif => report::sarif::render(report, judgement, options),
            Self::Junit => report::junit::render(report, judgement, options),
            Self::Markdown => report::markdown::render(report, judgement, options),
            Self::Csv => report::csv::render(report, options),
            // Without a file there is no subject: that is refused before the audit.
            Self::Intoto => run
                .image
                .as_ref()
                .map_or_else(String::new, |image| report::intoto::render(report, judgement, run, image)),
            Self::Evidence => report::evidence::render(report, judgement, options, run),
        }
    }
}

/// `NAME` or `NAME=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) format: Format,
    /// `None` for standard output.
    pub(super) file: Option<PathBuf>,
}

/// Reads [`Wanted`]; a wrong name is answered with those that there are.
#[derive(Clone)]
pub(super) struct WantedParser;

impl TypedValueParser for WantedParser {
    type Value = Wanted;

    fn parse_ref(&self, cmd: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Wanted, clap::Error> {
        let bytes = value.as_bytes();
        let (name, file) = match bytes.iter().position(|&byte| byte == b'=') {
            Some(at) => (bytes.get(..at), bytes.get(at.saturating_add(1)..)),
            None => (Some(bytes), None),
        };
        let name = OsStr::from_bytes(name.unwrap_or_default());
        let format = EnumValueParser::<Format>::new().parse_ref(cmd, arg, name)?;
        let file = match file {
            Some(b"") => return Err(no_file(cmd, arg, value)),
            Some(b"-") | None => None,
            Some(file) => Some(PathBuf::from(OsStr::from_bytes(file))),
        };
        Ok(Wanted { format, file })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Format::value_variants().iter().filter_map(ValueEnum::to_possible_value)))
    }
}

/// `json=`: the name of the file is missing.
fn no_file(cmd: &Command, arg: Option<&Arg>, value: &OsStr) -> clap::Error {
    let mut error = clap::Error::new(ErrorKind::ValueValidation).with_cmd(cmd);
    let arg = arg.map_or_else(|| "--format".to_owned(), ToString::to_string);
    error.insert(ContextKind::InvalidArg, ContextValue::String(arg));
    error.insert(ContextKind::InvalidValue, ContextValue::String(value.to_string_lossy().into_owned()));
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Wanted, String> {
        let command = Command::new("assay");
        let parsed = WantedParser.parse_ref(&command, None, OsStr::new(text));
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_goes_to_standard_output_and_a_name_with_a_file_to_it() {
        let wanted = |format, file: Option<&str>| Wanted { format, file: file.map(PathBuf::from) };
        assert_eq!(parse("json").unwrap(), wanted(Format::Json, None));
        assert_eq!(parse("json=-").unwrap(), wanted(Format::Json, None));
        assert_eq!(parse("sarif=a=b.sarif").unwrap(), wanted(Format::Sarif, Some("a=b.sarif")));
        assert!(parse("json=").unwrap_err().contains("json="));
        assert!(parse("jsn").unwrap_err().contains("ndjson"));
    }
}
