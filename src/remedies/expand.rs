//! Templates of commands, with what comes from the finding.

use super::quote::{self, Word};
use crate::finding::Finding;

/// What a template may name.
#[derive(Clone, Debug)]
pub(super) struct Values<'a> {
    path: &'a [u8],
    subject: &'a str,
    package: &'a str,
    line: u64,
    offset: u64,
    length: usize,
    remedy: &'a str,
}

impl<'a> Values<'a> {
    pub(super) fn of(finding: &'a Finding) -> Self {
        let length = finding.evidence.secrets.first().map_or(0, |secret| secret.reveal().len());
        Self {
            path: &finding.location.path,
            subject: finding.subject.as_deref().unwrap_or("NAME"),
            package: finding.package.as_deref().unwrap_or("PACKAGE"),
            line: finding.location.line.unwrap_or(1),
            offset: finding.location.offset.unwrap_or(0),
            length,
            remedy: &finding.advisory.remedy,
        }
    }

    /// The same at another path.
    pub(super) fn at(self, path: &'a [u8]) -> Self {
        Self { path, ..self }
    }

    /// The value called `name`.
    fn word(&self, name: &str) -> Option<Word> {
        let plain = |word: String| Some(Word { before: String::new(), word });
        let name_of_path = || self.path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        match name {
            "path" => Some(quote::word(self.path, "path")),
            "name" => Some(quote::word(name_of_path(), "name")),
            "subject" => Some(quote::word(self.subject.as_bytes(), "subject")),
            "package" => Some(quote::word(self.package.as_bytes(), "package")),
            "line" => plain(self.line.to_string()),
            "offset" => plain(self.offset.to_string()),
            "length" => plain(self.length.to_string()),
            _ => None,
        }
    }
}

/// The remedy of an advisory that is a command, without the words in brackets after it, and of two the second ("or: ").
fn written(remedy: &str) -> &str {
    let command = remedy.split_once(", or: ").map_or(remedy, |(_, second)| second);
    match command.rsplit_once(" (") {
        Some((command, words)) if words.ends_with(')') => command,
        _ => command,
    }
}

/// Every template with its values; what it names and there is not stays as it is.
pub(super) fn all(templates: &[String], values: &Values<'_>) -> Vec<String> {
    let written = written(values.remedy).replace("FILE", "{path}").replace("NAME", "{subject}");
    templates.iter().map(|template| one(&template.replace("{remedy}", &written), values)).collect()
}

/// The template of an installer's command for the package `name`, which a shell takes as one word.
pub(super) fn package(template: &str, name: &str) -> String {
    template.replace("{package}", name)
}

fn one(template: &str, values: &Values<'_>) -> String {
    let (mut before, mut line) = (String::new(), String::new());
    let mut rest = template;
    while let Some((text, after)) = rest.split_once('{') {
        line.push_str(text);
        match after.split_once('}').and_then(|(name, after)| Some((values.word(name)?, after))) {
            Some((word, after)) => {
                if !before.contains(&word.before) {
                    before.push_str(&word.before);
                }
                line.push_str(&word.word);
                rest = after;
            }
            None => {
                line.push('{');
                rest = after;
            }
        }
    }
    line.push_str(rest);
    before + &line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_command_is_taken_without_the_words_around_it() {
        assert_eq!(written("printf 'A no\\n' > /etc/x (before other files)"), "printf 'A no\\n' > /etc/x");
        assert_eq!(written("Remove snmpd, or: systemctl mask snmpd.service"), "systemctl mask snmpd.service");
    }
}
