//! The plan as a script for a POSIX shell: comments tell why, calls of a few functions do it.
//!
//! Everything that comes from the image is quoted for the shell, or escaped in comments; no value of a secret is in it.

use std::fmt::Write as _;

use super::edits::Fill;
use super::{Act, Edit, Part, Step};
use crate::remedies::quote;
use assay_disk::text::Escaped;

/// The functions, which stand in every script.
const FUNCTIONS: &str = include_str!("functions.sh");
/// What is in front of a line that a person must decide about.
const OFF: &str = "#! ";

/// The script for `steps`; `subject` is what was audited, `version` the program's own.
pub fn render(steps: &[Step<'_>], marks: &[(&str, u64)], subject: &str, version: &str) -> String {
    let mut out = String::from("#!/bin/sh\n");
    let subject = Escaped(subject.as_bytes());
    let _ = writeln!(
        out,
        "# Cleans a machine of what assay {version} found in {subject}, before an image is taken of it."
    );
    out.push_str(FUNCTIONS);
    out.push('\n');
    for (path, size) in marks {
        let _ = writeln!(out, "same_machine {path} {size}");
    }
    let mut number = 0_usize;
    for part in [Part::Automatic, Part::Decide, Part::Last, Part::DecideLast, Part::Told] {
        let of_part: Vec<_> = steps.iter().filter(|step| step.part == part).collect();
        if of_part.is_empty() {
            continue;
        }
        let _ = write!(out, "\n# {}\n# {}\n# {0}\n", "-".repeat(100), heading(part));
        for step in of_part {
            number = number.saturating_add(1);
            reasons(step, number, &mut out);
            let off = if matches!(part, Part::Automatic | Part::Last) { "" } else { OFF };
            for line in calls(step, off.is_empty()) {
                let _ = writeln!(out, "{off}{line}");
            }
        }
    }
    out.push_str("\nfinish\n");
    out
}

fn heading(part: Part) -> &'static str {
    match part {
        Part::Automatic => "What needs no decision.",
        Part::Decide => "For a person to decide: take the \"#! \" away in front of what shall be done.",
        Part::Last => "Last: what the running machine lives on: its identity, its doors, its logs.",
        Part::DecideLast => "Last, and for a person to decide (\"#! \").",
        Part::Told => "What no script reaches by itself.",
    }
}

/// Why, as comments.
fn reasons(step: &Step<'_>, number: usize, out: &mut String) {
    let shown = |text: &str| Escaped(text.as_bytes()).to_string();
    let path = if step.path.is_empty() { String::new() } else { format!(" {}", Escaped(&step.path)) };
    let _ = writeln!(out, "\n# {number}.{path}");
    let mut told = (String::new(), String::new(), String::new());
    for (finding, remedy) in &step.findings {
        let advisory = &finding.advisory;
        let line = finding.location.line.map(|line| format!(", line {line}")).unwrap_or_default();
        let subject =
            finding.subject.as_deref().map(|subject| format!(", {}", shown(subject))).unwrap_or_default();
        let place = if step.path.is_empty() && !finding.location.path.is_empty() {
            format!(", {}", Escaped(&finding.location.path))
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "#    {}: {} [{}]{place}{line}{subject}",
            finding.severity.name(),
            shown(&advisory.title),
            advisory.id
        );
        for (label, text, last) in [
            ("Why", advisory.why.as_str(), &mut told.0),
            ("Likely from", remedy.origin, &mut told.1),
            ("Note", remedy.note.as_str(), &mut told.2),
        ] {
            if !text.is_empty() && last != text {
                let _ = writeln!(out, "#      {label}: {}", shown(text));
                text.clone_into(last);
            }
        }
    }
}

/// The lines that do it.
fn calls(step: &Step<'_>, automatic: bool) -> Vec<String> {
    let path = quote::word(&step.path, "path");
    let call = |function: &str, arguments: String| {
        let space = if arguments.is_empty() { "" } else { " " };
        vec![format!("{}{function} {}{space}{arguments}", path.before, path.word)]
    };
    let size = |size: &Option<u64>| size.map_or_else(|| "any".to_owned(), |size| size.to_string());
    match &step.act {
        Act::Drop { size: known } => call("drop", size(known)),
        Act::Empty => call("cut", String::new()),
        Act::Overwrite { size, edits } => {
            let edits: Vec<String> = edits.iter().map(edit).collect();
            call("overwrite", format!("{size} {}", edits.join(" ")))
        }
        Act::Lock(names) => {
            let one = |name: &String| {
                let name = quote::word(name.as_bytes(), "name");
                format!("{}{}lock {} {}", path.before, name.before, path.word, name.word)
            };
            names.iter().map(one).collect()
        }
        Act::Mode => call("no_setuid", String::new()),
        Act::Unit { size: known } => call("unit", size(known)),
        Act::Sweep(trees) => trees.iter().map(|tree| sweep(tree)).collect(),
        Act::Run(commands) if automatic => commands.iter().map(|command| run(command)).collect(),
        Act::Run(commands) => commands.clone(),
        Act::Nothing => step.findings.iter().flat_map(|(_, remedy)| remedy.commands.clone()).collect(),
    }
}

fn edit(edit: &Edit) -> String {
    let fill = match edit.fill {
        Fill::Value => "value",
        Fill::Comment => "comment",
        Fill::Blank => "blank",
        Fill::No => "no",
    };
    format!("{fill}:{}:{}", edit.offset, edit.length)
}

fn sweep(tree: &str) -> String {
    match tree.rsplit_once('/') {
        Some((directory, pattern)) if pattern.contains('*') => format!("sweep {directory} '{pattern}'"),
        _ => format!("sweep {tree}"),
    }
}

/// A command of the running system, which a dry run shows.
fn run(command: &str) -> String {
    format!("if runs {}; then {command}; fi", quote::word(command.as_bytes(), "command").word)
}
