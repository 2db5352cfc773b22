//! `docs/checks.md`: every rule and check with severity, why and remedy, by category.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::finding::{Advisory, Category};

/// The file that says how it is made anew; a test holds it against the program.
const HEAD: &str = "\
# What is looked for

Every rule and check that can be in a report, by category and then by name. This page is written by
`assay rules list --format markdown`; `assay rules show ID` prints one of them. The severity is that of a plain
case: a finding may be less (a key with a passphrase) or more (a password that was guessed).
";

/// All of `advisories`, which are in the order of their ids.
pub(super) fn render(advisories: &[Arc<Advisory>]) -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n| category | rules | what |\n| --- | ---: | --- |\n");
    let of = |category: Category| advisories.iter().filter(move |one| one.category == category);
    let used: Vec<Category> =
        Category::ALL.into_iter().filter(|&category| of(category).next().is_some()).collect();
    for &category in &used {
        let (name, count, what) = (category.name(), of(category).count(), category.about());
        let _ = writeln!(text, "| [{name}](#{name}) | {count} | {what} |");
    }
    for category in used {
        let _ = writeln!(text, "\n## {}", category.name());
        of(category).for_each(|advisory| entry(advisory, &mut text));
    }
    text
}

fn entry(advisory: &Advisory, text: &mut String) {
    let Advisory { id, title, severity, why, remedy, references, .. } = advisory;
    let _ = writeln!(text, "\n### {id}\n\n{} ({}).", escaped(title), severity.name());
    for prose in [why, remedy].into_iter().filter(|prose| !prose.is_empty()) {
        let _ = writeln!(text, "\n{}", escaped(prose));
    }
    if !references.is_empty() {
        let links: Vec<String> = references.iter().map(|reference| link(reference)).collect();
        let _ = writeln!(text, "\nSee {}.", links.join(", "));
    }
}

fn link(reference: &str) -> String {
    if reference.starts_with("https://") { format!("<{reference}>") } else { escaped(reference) }
}

/// Text in which nothing is taken for markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | '`' | '*' | '_' | '<' | '[' | ']' | '|' | '#') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::engine;
    use crate::detect::Signatures;

    #[test]
    fn the_page_of_all_checks_is_what_the_program_knows() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/checks.md");
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        let made = render(&engine::advisories(&Arc::new(Signatures::embedded().unwrap())));
        let same = kept == made;
        assert!(same, "write it anew: cargo run -- rules list --format markdown > docs/checks.md");
    }

    #[test]
    fn every_rule_says_why_and_what_to_do() {
        for advisory in engine::advisories(&Arc::new(Signatures::embedded().unwrap())) {
            assert!(!advisory.why.is_empty() && !advisory.remedy.is_empty(), "{}", advisory.id);
        }
    }

    #[test]
    fn words_of_a_rule_are_no_markup() {
        assert_eq!(escaped("*.conf with <b> and a|b"), r"\*.conf with \<b> and a\|b");
    }
}
