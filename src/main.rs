//! The program: hands the process's arguments and terminal to [`assay::cli::run`].

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use assay::cli::{self, Terminal};

fn main() -> ExitCode {
    // Where the system refuses, a killed program leaves a temporary file, and nothing worse.
    let _ = cli::remove_when_interrupted();
    let _ = cli::end_when_memory_is_gone(cli::Exit::UNREADABLE.0);
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let (out_is_terminal, err_is_terminal) = (stdout.is_terminal(), stderr.is_terminal());
    // A file is no log, even there.
    let out_is_file = std::fs::metadata("/dev/stdout").is_ok_and(|out| out.is_file());
    let out_is_log = !out_is_terminal && !out_is_file && cli::runs_in_ci(|name| std::env::var_os(name));
    let (mut out, mut err) = (stdout.lock(), stderr);
    let mut terminal = Terminal {
        out: &mut out,
        err: &mut err,
        out_is_terminal,
        out_is_log,
        err_is_terminal,
        width: cli::terminal_width(),
        color: cli::color_of_environment(|name| std::env::var_os(name)),
    };
    ExitCode::from(cli::run(std::env::args_os(), &mut terminal).0)
}
