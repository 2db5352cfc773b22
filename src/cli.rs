//! The command line: flags in, an exit code out. The only floor that prints, reads the environment or the
//! clock, and shows progress.
//!
//! The whole program is the function [`run`], so that a test needs no process.

mod arguments;
mod atomic_file;
mod baseline;
mod cache;
mod code;
mod completions;
mod delivery;
mod demo;
mod diff;
mod engine;
pub mod exit;
mod fix;
mod formats;
mod inert;
mod inspect;
mod knowledge;
mod manifest;
mod manual;
mod memory;
mod output;
mod packages;
mod policy;
mod progress;
mod published;
mod record;
mod rules;
mod scan;
mod signatures;
mod sourcing;
mod suggest;
mod terminal;
mod timeline;
mod undelete;
mod user_file;
mod user_rules;
mod verdict;
mod wrong_input;

use std::ffi::OsString;
use std::io::{self, Write as _};

use clap::{CommandFactory, FromArgMatches};

use arguments::{Arguments, Command};
pub use atomic_file::{end_when_memory_is_gone, remove_when_interrupted};
pub use exit::Exit;
use inert::Inert;
pub use terminal::{Terminal, color_of_environment, runs_in_ci, terminal_width};

/// Why a command ended before its time: what to tell, and the exit code.
struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// The user asked for something that cannot be: exit code 2.
    fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::USAGE, message: message.into() }
    }

    /// The image could not be audited: exit code 3.
    fn unreadable(message: impl std::fmt::Display) -> Self {
        Self { exit: Exit::UNREADABLE, message: message.to_string() }
    }
}

/// A reader that went away (`assay … | head`) wants no more; anything else is a failed audit.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { exit: Exit::PASS, message: String::new() };
        }
        Self::unreadable(format!("the output could not be written: {error}"))
    }
}

/// Runs the program with `args` (the first is its name) and returns what the process shall end with.
pub fn run(args: impl IntoIterator<Item = OsString>, terminal: &mut Terminal<'_>) -> Exit {
    let arguments = match parse(args) {
        Ok(arguments) => arguments,
        Err(error) => return not_parsed(&error, terminal),
    };
    terminal.decide(arguments.color);
    // What is no text for people: the bytes of a file, and scripts of the program's own.
    let is_raw =
        matches!(arguments.command, Command::Cat { .. } | Command::Completions { .. } | Command::Man { .. });
    let mut out = if is_raw { Inert::raw(terminal.out) } else { Inert::new(terminal.out) };
    let mut err = Inert::new(terminal.err);
    let terminal = &mut Terminal { out: &mut out, err: &mut err, ..*terminal };
    let done = command(&arguments, terminal);
    let flushed = terminal.out.flush();
    match done.and_then(|exit| flushed.map(|()| exit).map_err(|error| broken(error, exit))) {
        Ok(exit) => exit,
        Err(failure) => {
            if !failure.message.is_empty() {
                // Where standard error is gone, the exit code still tells.
                let _ = writeln!(terminal.err, "{} {}", terminal.error_word(), failure.message);
            }
            failure.exit
        }
    }
}

fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut command = Arguments::command();
    let matches = command.try_get_matches_from_mut(args).map_err(suggest::with_tips)?;
    let mut arguments = Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    arguments.record(record::command_line(&command, &matches));
    Ok(arguments)
}

/// The failure of a last write: a reader that went away does not change the verdict.
fn broken(error: io::Error, exit: Exit) -> Failure {
    match Failure::from(error) {
        failure if failure.message.is_empty() => Failure { exit, ..failure },
        failure => failure,
    }
}

fn command(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let outside = arguments.allow_outside_files;
    match &arguments.command {
        Command::Scan(scan) => {
            let signatures = signatures::read(arguments.signatures.as_deref())?;
            scan::run(scan, outside, signatures, terminal)
        }
        Command::Baseline(wanted) => {
            let signatures = signatures::read(arguments.signatures.as_deref())?;
            baseline::run(wanted, outside, signatures, terminal)
        }
        Command::Diff(diff) => {
            diff::run(diff, outside, signatures::read(arguments.signatures.as_deref())?, terminal)
        }
        Command::Fix(fix) => {
            fix::run(fix, outside, signatures::read(arguments.signatures.as_deref())?, terminal)
        }
        Command::Demo(display) => demo::run(display, terminal),
        Command::Code(wanted) => {
            code::run(wanted, &signatures::read(arguments.signatures.as_deref())?, terminal)
        }
        Command::Sourcing(wanted) => {
            sourcing::run(wanted, &signatures::read(arguments.signatures.as_deref())?, terminal)
        }
        Command::Undelete(wanted) => undelete::undelete(wanted, outside, terminal),
        Command::Extract(wanted) => undelete::extract(wanted, outside, terminal),
        Command::Packages(wanted) => {
            packages::run(wanted, outside, signatures::read(arguments.signatures.as_deref())?, terminal)
        }
        Command::Timeline(wanted) => {
            timeline::run(wanted, outside, signatures::read(arguments.signatures.as_deref())?, terminal)
        }
        Command::Layout { image } => inspect::layout(image, outside, terminal),
        Command::Ls { image, path } => inspect::ls(image, path, outside, terminal),
        Command::Cat { image, path } => inspect::cat(image, path, outside, terminal),
        Command::Published { dir, carried } => published::run(dir, *carried, terminal),
        Command::Manifest { image } => manifest::run(image, outside, terminal),
        Command::Completions { shell } => completions::run(*shell, terminal),
        Command::Man { dir } => manual::run(dir, terminal),
        Command::Rules { command } => {
            rules::run(command, &signatures::read(arguments.signatures.as_deref())?, terminal)
        }
    }
}

/// Help and version are answers, on standard output; everything else clap says is a usage error.
fn not_parsed(error: &clap::Error, terminal: &mut Terminal<'_>) -> Exit {
    let on_err = error.use_stderr();
    let text = error.render();
    let text = if terminal.colored(on_err) { text.ansi().to_string() } else { text.to_string() };
    let mut to = Inert::new(if on_err { &mut *terminal.err } else { &mut *terminal.out });
    // Where it cannot be written there is nobody to tell.
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
    if on_err { Exit::USAGE } else { Exit::PASS }
}
