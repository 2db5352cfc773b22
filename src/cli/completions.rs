//! `assay completions`: what a shell needs to complete the command line.

use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::{Shell as Known, generate};

use super::arguments::Arguments;
use super::{Exit, Failure, Terminal};

/// The shells whose completions are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    /// ~/.local/share/bash-completion/completions/assay
    Bash,
    /// _assay, in a folder of $fpath
    Zsh,
    /// ~/.config/fish/completions/assay.fish
    Fish,
}

/// Runs the command.
pub(super) fn run(shell: Shell, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let known = match shell {
        Shell::Bash => Known::Bash,
        Shell::Zsh => Known::Zsh,
        Shell::Fish => Known::Fish,
    };
    // Into memory, as the generator panics where it cannot write.
    let mut script = Vec::new();
    generate(known, &mut shown(&Arguments::command()), "assay", &mut script);
    terminal.out.write_all(&script)?;
    Ok(Exit::PASS)
}

/// The program without its hidden commands, which the generator for bash would offer.
fn shown(program: &Command) -> Command {
    let commands = program.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    let shown = Command::new("assay").version(env!("CARGO_PKG_VERSION"));
    shown.args(program.get_arguments().cloned()).subcommands(commands)
}
