//! `--format NAME` and `--format NAME=FILE`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use crate::report::{FORMATS, Format};

/// The names of the formats, with their help.
fn names() -> impl Iterator<Item = PossibleValue> {
    FORMATS.into_iter().map(|format| PossibleValue::new(format.name).help(format.about))
}

/// `NAME` or `NAME=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) format: &'static Format,
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
        let by_name = |name: String| Format::by_name(&name).ok_or("no such format");
        let format = PossibleValuesParser::new(names()).try_map(by_name).parse_ref(cmd, arg, name)?;
        let file = match file {
            Some(b"") => return Err(no_file(cmd, arg, value)),
            Some(b"-") | None => None,
            Some(file) => Some(PathBuf::from(OsStr::from_bytes(file))),
        };
        Ok(Wanted { format, file })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(names()))
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
    use crate::report::{json, sarif};

    fn parse(text: &str) -> Result<Wanted, String> {
        let command = Command::new("assay");
        let parsed = WantedParser.parse_ref(&command, None, OsStr::new(text));
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_goes_to_standard_output_and_a_name_with_a_file_to_it() {
        let wanted = |format, file: Option<&str>| Wanted { format, file: file.map(PathBuf::from) };
        assert_eq!(parse("json").unwrap(), wanted(&json::FORMAT, None));
        assert_eq!(parse("json=-").unwrap(), wanted(&json::FORMAT, None));
        assert_eq!(parse("sarif=a=b.sarif").unwrap(), wanted(&sarif::FORMAT, Some("a=b.sarif")));
        assert!(parse("json=").unwrap_err().contains("json="));
        assert!(parse("jsn").unwrap_err().contains("ndjson"));
    }
}
