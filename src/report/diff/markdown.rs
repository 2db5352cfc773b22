//! The comparison for a pull request: the verdict and the counts in sight, the rest folded.
//!
//! Text from an image is written in entities, so that none of it is a link, a mention, a mark or a tag.

use std::fmt::Write as _;

use super::{Options, changes, fields, gaps, heading, headline, section_line, side};
use crate::diff::files::What;
use crate::diff::{Difference, Files, Section, Seen};
use crate::report::terminal::text::{counted, thousands};
use crate::report::{Judgement, Outcome};
use assay_disk::text::Escaped;

/// Rows of one list without `--verbose`: a comment on a pull request has its limit.
const ROWS: usize = 50;

/// The comparison as Markdown.
pub fn render(difference: &Difference, judgement: &Judgement, options: &Options) -> String {
    let rows = if options.verbose { usize::MAX } else { ROWS };
    let mark = match judgement.outcome {
        Outcome::Pass => "✅",
        Outcome::Fail => "❌",
        Outcome::Incomplete => "⚠️",
    };
    let mut out =
        format!("### {mark} {}\n\n{}.\n\n", plain(&judgement.sentence), plain(&headline(difference)));
    for (word, head) in [("OLD", &difference.old), ("NEW", &difference.new)] {
        let system = head
            .system
            .as_deref()
            .map_or_else(String::new, |system| format!(", {}", text(system.as_bytes())));
        let _ = writeln!(out, "- {word}: <code>{}</code>{system}", text(head.name.as_bytes()));
    }
    findings(difference, rows, &mut out);
    shared(difference, rows, &mut out);
    for of_kind in difference.sections.iter().filter(|section| !section.is_empty()) {
        section(of_kind, rows, &mut out);
    }
    if let Some(files) = &difference.files {
        notable(files, rows, &mut out);
    }
    coverage(difference, rows, &mut out);
    out
}

/// Our own words, of which Markdown makes nothing.
fn plain(words: &str) -> String {
    words.chars().map(entity).collect()
}

/// Bytes of the image.
fn text(bytes: &[u8]) -> String {
    plain(&Escaped(bytes).to_string())
}

/// A character that means nothing to Markdown or HTML, or its entity.
fn entity(c: char) -> String {
    if c.is_alphanumeric() || " /.,;:()-→·…+".contains(c) {
        c.to_string()
    } else {
        format!("&#{};", u32::from(c))
    }
}

fn folded(title: &str, rows: &[String], limit: usize, open: bool, out: &mut String) {
    let open = if open { " open" } else { "" };
    let _ = writeln!(out, "\n<details{open}><summary>{title}</summary>\n");
    for row in rows.iter().take(limit) {
        let _ = writeln!(out, "- {row}");
    }
    if let Some(left) = rows.len().checked_sub(limit).filter(|left| *left > 0) {
        let _ = writeln!(out, "- … and {} more", thousands(left as u64));
    }
    out.push_str("\n</details>\n");
}

fn row(seen: &Seen) -> String {
    let path = if seen.path.is_empty() { seen.volume.as_bytes() } else { &seen.path };
    let line = seen.line.map_or_else(String::new, |line| format!(":{line}"));
    let details = seen.subject.iter().chain(&seen.redacted).chain(&seen.fingerprint);
    let details: String = details.map(|detail| format!(" · {}", text(detail.as_bytes()))).collect();
    format!(
        "**{}** {} (<code>{}</code>): <code>{}{line}</code>{details}",
        seen.severity.name(),
        text(seen.title.as_bytes()),
        text(seen.rule.as_bytes()),
        text(path)
    )
}

fn findings(difference: &Difference, limit: usize, out: &mut String) {
    let findings = &difference.findings;
    let remark = |seen: &Seen, remark: String| format!("{}{remark}", row(seen));
    let news: Vec<String> = findings
        .new
        .iter()
        .map(|new| {
            let known =
                new.known.as_deref().map(|path| format!(" · OLD has it at <code>{}</code>", text(path)));
            remark(&new.seen, known.unwrap_or_default())
        })
        .collect();
    let changed =
        findings.changed.iter().map(|change| remark(&change.new, format!(" · was {}", change.old.name())));
    let moved = findings
        .moved
        .iter()
        .map(|moved| remark(&moved.seen, format!(" · was at <code>{}</code>", text(&moved.from))));
    let gone = findings.gone.iter().map(row);
    let lists = [
        ("new", news, true),
        ("judged otherwise", changed.collect(), true),
        ("moved", moved.collect(), false),
        ("gone", gone.collect(), false),
    ];
    for (word, rows, open) in lists.iter().filter(|(_, rows, _)| !rows.is_empty()) {
        folded(&format!("{} {word}", counted(rows.len() as u64, "finding")), rows, limit, *open, out);
    }
}

fn shared(difference: &Difference, limit: usize, out: &mut String) {
    let rows: Vec<String> = difference
        .shared
        .iter()
        .map(|shared| {
            let shown = shared
                .shown
                .as_deref()
                .map_or_else(String::new, |shown| format!(" {}", text(shown.as_bytes())));
            format!("{}{shown}: <code>{}</code>", plain(shared.what), text(&shared.new))
        })
        .collect();
    if !rows.is_empty() {
        folded("Both images carry the same identity", &rows, limit, true, out);
    }
}

fn section(section: &Section, limit: usize, out: &mut String) {
    let named =
        |sign: &str, name: &[u8], rest: &str| format!("{sign} <code>{}</code> {}", text(name), plain(rest));
    let unknown = section
        .unknown
        .iter()
        .map(|(of, gap)| format!("not all of {} is known: {}", side(*of), text(gap.as_bytes())));
    let added = section.added.iter().map(|item| named("new", &item.name, &fields(&item.fields)));
    let changed = section.changed.iter().map(|item| {
        let word = item.direction.map_or("changed", crate::diff::Direction::name);
        named(word, &item.name, &changes(&item.fields))
    });
    let removed = section.removed.iter().map(|item| named("gone", &item.name, &fields(&item.fields)));
    let rows: Vec<String> = unknown.chain(added).chain(changed).chain(removed).collect();
    let line = section_line(section).unwrap_or_else(|| "no difference seen".to_owned());
    folded(&format!("{}: {line}", heading(section.kind)), &rows, limit, false, out);
}

fn notable(files: &Files, limit: usize, out: &mut String) {
    let tally = files.files;
    let title = format!(
        "Files: {} added, {} removed, {} changed",
        thousands(tally.added),
        thousands(tally.removed),
        thousands(tally.changed)
    );
    let number = |word: &str, number: u64| (number > 0).then(|| format!("{} {word}", thousands(number)));
    let directories = files.by_directory.iter().take(12).map(|(path, tally)| {
        let numbers = [
            number("added", tally.added),
            number("removed", tally.removed),
            number("changed", tally.changed),
        ];
        format!(
            "<code>{}</code>: {}",
            text(path),
            numbers.into_iter().flatten().collect::<Vec<_>>().join(", ")
        )
    });
    let changes = files.notable.iter().map(|change| {
        let how = if change.what == What::Changed {
            format!(" ({})", change.how.join(", "))
        } else {
            String::new()
        };
        format!("{} <code>{}</code>{how}: {}", change.what.name(), text(&change.path), change.because.name())
    });
    let more =
        (files.notable_more > 0).then(|| format!("{} more files to look at", thousands(files.notable_more)));
    let rows: Vec<String> = directories.chain(changes).chain(more).collect();
    if !rows.is_empty() {
        folded(&title, &rows, limit, false, out);
    }
}

fn coverage(difference: &Difference, limit: usize, out: &mut String) {
    let (gaps, same) = gaps(difference);
    let limits = difference.limits.iter().map(|limit| plain(limit));
    let gaps = gaps.iter().map(|gap| {
        let place = text(&gap.place);
        format!(
            "{} <code>{place}</code>: {}, {}",
            side(gap.side),
            gap.kind.name(),
            text(gap.reason.as_bytes())
        )
    });
    let same = (same > 0)
        .then(|| format!("{} of NEW in files that are the same on both sides", counted(same as u64, "gap")));
    let rows: Vec<String> = limits.chain(gaps).chain(same).collect();
    if !rows.is_empty() {
        folded("Not compared", &rows, limit, false, out);
    }
}
