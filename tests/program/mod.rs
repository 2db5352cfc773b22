//! The whole program, run in the process of a test.

use std::ffi::{OsStr, OsString};

use assay::cli::{self, Exit, Terminal};

/// Runs `assay ARGS` where nothing is a terminal: exit code, standard output, standard error.
pub(crate) fn assay<I: AsRef<OsStr>>(args: &[I]) -> (Exit, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal {
        out: &mut out,
        err: &mut err,
        out_is_terminal: false,
        out_is_log: false,
        err_is_terminal: false,
        width: 100,
        color: None,
    };
    let args = std::iter::once(OsString::from("assay")).chain(args.iter().map(|arg| arg.as_ref().to_owned()));
    let exit = cli::run(args, &mut terminal);
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}
