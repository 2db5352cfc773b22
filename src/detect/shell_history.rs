//! Histories of shells and other programs.
//!
//! Finds files that keep what people typed, where they hold anything: names of hosts, paths, and often
//! passwords. Does not judge the lines. A link to /dev/null or a blank file is nothing. See bash(1), HISTFILE.

use std::sync::Arc;

use super::{FileDetector, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Finding, Severity};
use crate::fs::FileType;
use crate::tree::Entry;

/// Unmistakable file names.
const NAMES: [&[u8]; 38] = [
    b".bash_history",
    b".bash_history~",
    b".zsh_history",
    b".zhistory",
    b".sh_history",
    b".ksh_history",
    b".ash_history",
    b".dash_history",
    b".history",
    b".tcsh_history",
    b"fish_history",
    b"ConsoleHost_history.txt",
    b".python_history",
    b".node_repl_history",
    b".irb_history",
    b".rdbg_history",
    b".pry_history",
    b".php_history",
    b".psql_history",
    b".mysql_history",
    b".mariadb_history",
    b".sqlite_history",
    b".dbshell",
    b".mongo_history",
    b"mongosh_repl_history",
    b".rediscli_history",
    b".influx_history",
    b".lesshst",
    b".viminfo",
    b".nano_history",
    b".wget-hsts",
    b".gnuplot_history",
    b".scala_history",
    b"repl_history.jl",
    b".Rhistory",
    b".octave_hist",
    b"ghci_history",
    b".erlang_history",
];

/// The detector.
pub struct ShellHistory {
    advisory: Arc<Advisory>,
}

impl Default for ShellHistory {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "shell-history".into(),
                category: Category::ShellHistory,
                title: "History of typed commands".into(),
                severity: Severity::Low,
                why: "It tells what the builder did, and often the passwords that were typed.".into(),
                remedy: "Delete the file as the last step of the build, with `unset HISTFILE` before.".into(),
                references: vec!["https://www.gnu.org/software/bash/manual/".into()],
            }),
        }
    }
}

impl FileDetector for ShellHistory {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory)]
    }

    fn interest(&self, entry: &Entry<'_>, _: &Facts) -> Interest {
        let filled = entry.metadata.file_type == FileType::Regular && entry.metadata.size > 0;
        let named = NAMES.contains(&entry.name()) || entry.name().starts_with(b".bash_history.");
        if filled && named { Interest::Content } else { Interest::Skip }
    }

    fn inspect(&self, _: &Entry<'_>, content: &[u8], _: &Facts, sink: &mut dyn Sink) {
        let lines = content.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        if lines > 0 {
            sink.finding(Finding::new(&self.advisory).fact("lines", lines.to_string()));
        }
    }
}
