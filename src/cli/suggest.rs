//! Tips for command lines that cannot be understood: what was probably meant.

use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Words that others use, and what is said here.
const WORDS: [(&[&str], &str); 4] = [
    (&["audit", "analyze", "analyse", "check", "inspect", "test", "run"], "assay scan IMAGE"),
    (&["explain", "why", "show"], "assay rules show RULE"),
    (&["report", "html"], "assay scan IMAGE --format html -o report.html"),
    (&["compare"], "assay diff OLD NEW"),
];

/// The same error, with a tip where there is one.
pub(super) fn with_tips(mut error: clap::Error) -> clap::Error {
    if let Some(tip) = tip(&error) {
        // In the place of names that only look alike.
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    error
}

fn tip(error: &clap::Error) -> Option<String> {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = word(ContextKind::InvalidSubcommand)?;
            let meant = WORDS.iter().find(|(words, _)| words.contains(&word)).map(|(_, meant)| *meant);
            let path = || Path::new(word).exists().then(|| format!("to audit it: assay scan {word}"));
            meant.map(|meant| format!("what does that here: {meant}")).or_else(path)
        }
        ErrorKind::UnknownArgument => {
            let word = word(ContextKind::InvalidArg)?;
            let is_second = !word.starts_with('-') && Path::new(word).exists();
            is_second.then(|| "one image at a time; to compare two: assay diff OLD NEW".to_owned())
        }
        ErrorKind::InvalidValue => {
            let is_profile = word(ContextKind::InvalidArg)?.starts_with("--profile");
            let file = word(ContextKind::InvalidValue).filter(|value| Path::new(value).is_file())?;
            is_profile.then(|| format!("a policy of your own: --policy {file}"))
        }
        _ => None,
    }
}
