//! `assay rules`: what is looked for, why, and what to do about it.

use std::fmt::Write as _;
use std::sync::Arc;

use super::arguments::{ListFormat, RulesCommand};
use super::{Exit, Failure, Terminal, engine};
use crate::detect::Signatures;
use crate::finding::Advisory;
use crate::report::terminal::wrap;

mod document;

/// Rule ids offered where one is not known.
const OFFERED: usize = 5;
/// Letters of an id, among which one may be wrong.
const LETTERS_A_SLIP: usize = 5;

/// Runs the command.
pub(super) fn run(
    command: &RulesCommand,
    signatures: &Arc<Signatures>,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    match command {
        RulesCommand::List { format } => {
            let all = engine::advisories(signatures);
            let text = match format {
                ListFormat::Lines => list(&all),
                ListFormat::Markdown => document::render(&all),
            };
            terminal.out.write_all(text.as_bytes())?;
            Ok(Exit::PASS)
        }
        RulesCommand::Show { id } => {
            let all = engine::advisories(signatures);
            match all.iter().find(|advisory| advisory.id == *id) {
                Some(advisory) => terminal.out.write_all(show(advisory, terminal.width).as_bytes())?,
                None => {
                    let known: Vec<&str> = all.iter().map(|advisory| advisory.id.as_str()).collect();
                    return Err(Failure::usage(unknown(id, &known)));
                }
            }
            Ok(Exit::PASS)
        }
        RulesCommand::Check => check(signatures, terminal),
    }
}

fn list(all: &[Arc<Advisory>]) -> String {
    let longest = all.iter().map(|advisory| advisory.id.len()).max().unwrap_or(0);
    let line = |a: &Advisory| {
        format!("{:longest$}  {:8}  {:15}  {}\n", a.id, a.severity.name(), a.category.name(), a.title)
    };
    all.iter().map(|advisory| line(advisory)).collect()
}

fn show(advisory: &Advisory, width: usize) -> String {
    let mut text = format!(
        "{}\n  {}\n  {}, {}\n",
        advisory.id,
        advisory.title,
        advisory.severity.name(),
        advisory.category.name()
    );
    for (name, prose) in [("Why", &advisory.why), ("Remedy", &advisory.remedy)] {
        if !prose.is_empty() {
            let _ = write!(text, "\n{name}\n{}", wrap(prose, "  ", "  ", width));
        }
    }
    if !advisory.references.is_empty() {
        text.push_str("\nReferences\n");
        text.extend(advisory.references.iter().map(|reference| format!("  {reference}\n")));
    }
    text
}

/// The message for an id that there is not, with what was probably meant.
fn unknown(id: &str, known: &[&str]) -> String {
    let words: Vec<&str> = id.split(['-', '_', ' ']).filter(|word| word.len() > 2).collect();
    let distance = |known: &str| strsim::damerau_levenshtein(id, known);
    // A slip of the fingers is surer than words that both have.
    let likeness = |known: &str| match distance(known) {
        slips if slips <= id.len() / LETTERS_A_SLIP => usize::MAX,
        _ => words.iter().filter(|word| known.contains(**word)).count(),
    };
    let mut near: Vec<&str> = known.iter().copied().filter(|known| likeness(known) > 0).collect();
    near.sort_by_key(|known| (std::cmp::Reverse(likeness(known)), distance(known)));
    near.truncate(OFFERED);
    let hint = if near.is_empty() { "assay rules list".to_owned() } else { near.join(", ") };
    format!("there is no rule {:?}; see: {hint}", assay_disk::text::Escaped(id.as_bytes()))
}

fn check(signatures: &Signatures, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let engine::Checked { kinds, providers, mut problems } = engine::check_rules(signatures);
    let rules: usize = kinds.iter().map(|(_, count)| count).sum();
    if rules == 0 {
        problems.push("there are no rules to check".to_owned());
    }
    for problem in &problems {
        writeln!(terminal.out, "{problem}")?;
    }
    for (kind, count) in &kinds {
        let of = if *kind == "token rules" { format!(", of {providers} providers") } else { String::new() };
        writeln!(terminal.out, "{count:5} {kind}{of}")?;
    }
    if problems.is_empty() {
        writeln!(terminal.out, "{rules} rules hold on all of their examples.")?;
        return Ok(Exit::PASS);
    }
    writeln!(terminal.out, "{} problems in {rules} rules.", problems.len())?;
    Ok(Exit::FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_rule_is_answered_with_the_nearest_ones() {
        let known = ["aws-access-key-id", "aws-secret-access-key", "shadow-root-hash"];
        assert_eq!(
            unknown("aws-key-id", &known),
            "there is no rule \"aws-key-id\"; see: aws-access-key-id, aws-secret-access-key"
        );
        for slip in ["shadow-root-hsah", "shadowroothash", "shdow-rot-hash"] {
            assert!(unknown(slip, &known).ends_with("see: shadow-root-hash"), "{}", unknown(slip, &known));
        }
        assert_eq!(unknown("x", &known), "there is no rule \"x\"; see: assay rules list");
    }
}
