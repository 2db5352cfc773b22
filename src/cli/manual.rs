//! `assay man`: the manual pages, made of the help of every command, for whoever packages the program.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::arguments::Arguments;
use super::{Exit, Failure, Terminal};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Writes the pages of all commands into `dir`, which is made where it is missing.
pub(super) fn run(dir: &Path, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let mut root = Arguments::command().disable_help_subcommand(true);
    root.build();
    let commands = pages(&root);
    let names: Vec<&str> = commands.iter().map(name).collect();
    let failed = |path: &Path, error: io::Error| {
        Failure::unreadable(format!("{}: could not be written: {error}", path.display()))
    };
    fs::create_dir_all(dir).map_err(|error| failed(dir, error))?;
    for command in &commands {
        let path = dir.join(format!("{}.1", name(command)));
        let page = page(command, &names).map_err(|error| failed(&path, error))?;
        fs::write(&path, page).map_err(|error| failed(&path, error))?;
    }
    writeln!(terminal.err, "{} pages in {}", commands.len(), dir.display())?;
    Ok(Exit::PASS)
}

/// The command and those beneath it, without the hidden ones.
fn pages(command: &Command) -> Vec<Command> {
    let beneath = command.get_subcommands().filter(|command| !command.is_hide_set()).flat_map(pages);
    std::iter::once(command.clone()).chain(beneath).collect()
}

/// "assay-rules-list".
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// A page, as roff.
fn page(command: &Command, all: &[&str]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    // Written here, as an empty day (the same bytes every day) would be left out, and the version taken for it.
    let name_of = name(command);
    writeln!(text, ".TH {name_of} 1 \"\" \"assay {VERSION}\" \"Audits of machine images\"")?;
    let man = Man::new(command.clone());
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.get_subcommands().any(|command| !command.is_hide_set()) {
        man.render_subcommands_section(&mut text)?;
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut more = Roff::new();
    sections(&after, &mut more);
    see_also(name_of, all, &mut more);
    more.to_writer(&mut text)?;
    Ok(without_doubled_breaks(&text))
}

/// A break of the line beside an empty line is one too many, as mandoc says.
fn without_doubled_breaks(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    text.replace(".br\n\n.br\n", ".sp\n").into_bytes()
}

/// What follows the help, in its own lines: "Examples:" becomes a heading.
fn sections(help: &str, roff: &mut Roff) {
    let mut is_open = false;
    for line in help.lines().filter(|line| !line.is_empty()) {
        let heading = line.strip_suffix(':').filter(|heading| !heading.starts_with(' '));
        if let Some(heading) = heading {
            if is_open {
                roff.control("fi", []);
            }
            roff.control("SH", [heading.to_uppercase().as_str()]);
            roff.control("nf", []);
            is_open = true;
        } else {
            roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
        }
    }
    if is_open {
        roff.control("fi", []);
    }
}

/// The other pages.
fn see_also(name: &str, all: &[&str], roff: &mut Roff) {
    roff.control("SH", ["SEE ALSO"]);
    let others: Vec<&&str> = all.iter().filter(|other| **other != name).collect();
    for (at, other) in others.iter().enumerate() {
        let end = if at.saturating_add(1) == others.len() { "(1)" } else { "(1)," };
        roff.text([bold(**other), roman(end)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_keep_their_lines_under_a_heading_of_their_own() {
        let mut roff = Roff::new();
        sections("Examples:\n  assay a   b\n  assay c\n\nExit codes:\n  0  ok\n", &mut roff);
        let text = roff.render();
        let wanted = ".SH EXAMPLES\n.nf\nassay a   b\nassay c\n.fi\n.SH \"EXIT CODES\"\n.nf\n0  ok\n.fi\n";
        assert!(text.ends_with(wanted), "{text}");
    }
}
