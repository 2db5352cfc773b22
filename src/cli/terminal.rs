//! Where output goes: two writers, and what is known of who reads them.

use std::ffi::OsString;
use std::io::Write;

use super::arguments::ColorWhen;

/// Columns where nothing is known of the reader.
const DEFAULT_WIDTH: usize = 100;
/// Columns beyond which lines of prose are hard to read.
const WIDEST: usize = 110;

/// The terminal of the program, or what a test puts in its place.
pub struct Terminal<'a> {
    /// Standard output: reports and answers.
    pub out: &'a mut dyn Write,
    /// Standard error: messages and progress.
    pub err: &'a mut dyn Write,
    /// Whether a person reads standard output.
    pub out_is_terminal: bool,
    /// Whether a CI server reads standard output, and takes commands out of it.
    pub out_is_log: bool,
    /// Whether a person reads standard error.
    pub err_is_terminal: bool,
    /// Columns of a line.
    pub width: usize,
    /// Colours: as decided, or `None` for "on a terminal".
    pub color: Option<bool>,
}

impl Terminal<'_> {
    /// Takes the flag `--color` into account, which is stronger than the environment.
    pub(super) fn decide(&mut self, when: ColorWhen) {
        match when {
            ColorWhen::Auto => {}
            ColorWhen::Always => self.color = Some(true),
            ColorWhen::Never => self.color = Some(false),
        }
    }

    /// Whether to colour standard error, or standard output.
    pub(super) fn colored(&self, on_err: bool) -> bool {
        self.color.unwrap_or(if on_err { self.err_is_terminal } else { self.out_is_terminal })
    }

    /// What an error message begins with.
    pub(super) fn error_word(&self) -> &'static str {
        if self.colored(true) { "\x1b[1;31merror:\x1b[0m" } else { "error:" }
    }
}

/// What `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR` and `TERM` ask for, in this order of strength; `None` if
/// nothing.
pub fn color_of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Option<bool> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let on = |name| set(name).map(|value| value != "0");
    if set("NO_COLOR").is_some() {
        return Some(false);
    }
    if on("CLICOLOR_FORCE") == Some(true) {
        return Some(true);
    }
    let refused = on("CLICOLOR") == Some(false) || set("TERM").is_some_and(|term| term == "dumb");
    refused.then_some(false)
}

/// Whether a variable of the environment says that a CI server runs the program.
pub fn runs_in_ci(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    const SERVERS: [&str; 11] = [
        "CI",
        "GITHUB_ACTIONS",
        "GITEA_ACTIONS",
        "FORGEJO_ACTIONS",
        "TF_BUILD",
        "GITLAB_CI",
        "TEAMCITY_VERSION",
        "BUILDKITE",
        "TRAVIS",
        "JENKINS_URL",
        "APPVEYOR",
    ];
    let is_set = |value: OsString| !value.is_empty() && !value.eq_ignore_ascii_case("false") && value != "0";
    SERVERS.iter().any(|name| variable(name).is_some_and(is_set))
}

/// Columns to write for: those of the process's terminal, within what reads well.
pub fn terminal_width() -> usize {
    let columns = rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let columns = columns.filter(|&columns| columns > 0);
    columns.unwrap_or(DEFAULT_WIDTH).clamp(40, WIDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(variables: &[(&str, &str)]) -> Option<bool> {
        color_of_environment(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_environment_may_refuse_or_force_colours() {
        assert_eq!(asked(&[]), None);
        assert_eq!(asked(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), Some(false));
        assert_eq!(asked(&[("NO_COLOR", ""), ("CLICOLOR_FORCE", "1")]), Some(true));
        assert_eq!(asked(&[("CLICOLOR", "0")]), Some(false));
        assert_eq!(asked(&[("TERM", "dumb")]), Some(false));
        assert_eq!(asked(&[("CLICOLOR", "1"), ("CLICOLOR_FORCE", "0")]), None);
    }
}
