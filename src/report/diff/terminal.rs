//! The comparison for a reviewer: the verdict first, then what is new, then what else differs.

use std::fmt::Write as _;

use super::{Options, changes, fields, gaps, heading, headline, section_line, side};
use crate::diff::files::{Tally, What};
use crate::diff::{Difference, Files, Section, Seen};
use crate::report::terminal::text::{Paint, counted, thousands};
use crate::report::terminal::wrap;
use crate::report::{Judgement, Outcome};
use assay_disk::text::Escaped;
use assay_disk::text::log::inert;

/// Lines of one list that are shown without `--verbose`.
const LINES: usize = 8;
/// Rules of one list that are shown without `--verbose`.
const RULES: usize = 24;
/// Directories that are shown without `--verbose`.
const FOLDERS: usize = 3;

/// The comparison as text.
pub fn render(difference: &Difference, judgement: &Judgement, options: &Options) -> String {
    let paint = Paint { on: options.color };
    let mut page = Page { options, paint, out: String::new() };
    page.head(difference, judgement);
    page.findings(difference);
    page.shared(difference);
    for section in difference.sections.iter().filter(|section| !section.is_empty()) {
        page.section(section);
    }
    if let Some(files) = &difference.files {
        page.files(files);
    }
    page.coverage(difference);
    inert(&page.out).into_owned()
}

struct Page<'o> {
    options: &'o Options,
    paint: Paint,
    out: String,
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}");
    }

    fn heading(&mut self, name: &str, rest: &str) {
        let name = self.paint.bold(name);
        let rest = self.paint.dim(rest);
        let _ = writeln!(self.out, "\n{name}  {rest}");
    }

    fn limit(&self, lines: usize) -> usize {
        if self.options.verbose { usize::MAX } else { lines }
    }

    fn more(&mut self, all: usize, shown: usize, indent: &str) {
        if let Some(left) = all.checked_sub(shown).filter(|left| *left > 0) {
            let text = format!("… and {} more (--verbose shows all)", thousands(left as u64));
            let _ = writeln!(self.out, "{indent}{}", self.paint.dim(&text));
        }
    }

    fn head(&mut self, difference: &Difference, judgement: &Judgement) {
        let is_good = judgement.outcome == Outcome::Pass;
        self.out.push_str(&self.paint.outcome(is_good, &judgement.sentence));
        self.out.push('\n');
        self.out.push_str(&wrap(&format!("{}.", headline(difference)), "", "", self.options.width));
        let name = |name: &str| Escaped(name.as_bytes()).to_string();
        for (word, head) in [("OLD", &difference.old), ("NEW", &difference.new)] {
            let system =
                head.system.as_deref().map_or_else(String::new, |system| format!(" · {}", name(system)));
            let report = if head.is_report { " · report" } else { "" };
            self.line(&format!("  {word}  {}{system}{report}", name(&head.name)));
        }
    }

    fn findings(&mut self, difference: &Difference) {
        let findings = &difference.findings;
        let news: Vec<(&Seen, Option<String>)> = findings
            .new
            .iter()
            .map(|new| (&new.seen, new.known.as_ref().map(|path| format!("OLD has it at {}", Escaped(path)))))
            .collect();
        self.list("New findings", &news);
        let worse =
            findings.changed.iter().map(|change| (&change.new, Some(format!("was {}", change.old.name()))));
        self.list("Findings judged otherwise", &worse.collect::<Vec<_>>());
        let moved = findings
            .moved
            .iter()
            .map(|moved| (&moved.seen, Some(format!("was at {}", Escaped(&moved.from)))));
        self.list("Findings that moved", &moved.collect::<Vec<_>>());
        self.gone(&findings.gone);
        let same = counted(findings.same as u64, "finding");
        if findings.same > 0 {
            let text = format!("{same} in both: assay scan shows them");
            let _ = writeln!(self.out, "\n{}", self.paint.dim(&text));
        }
    }

    /// Findings rule by rule: one line each, or every place.
    fn list(&mut self, name: &str, seen: &[(&Seen, Option<String>)]) {
        if seen.is_empty() {
            return;
        }
        self.heading(name, &thousands(seen.len() as u64));
        let alike = |a: &(&Seen, Option<String>), b: &(&Seen, Option<String>)| {
            (a.0.severity, &a.0.rule) == (b.0.severity, &b.0.rule)
        };
        let rules: Vec<&[(&Seen, Option<String>)]> = seen.chunk_by(alike).collect();
        let limit = self.limit(RULES);
        for of_rule in rules.iter().take(limit) {
            self.rule(of_rule);
        }
        let rest = rules.get(limit.min(rules.len())..).unwrap_or_default();
        if !rest.is_empty() {
            let findings = rest.iter().map(|of_rule| of_rule.len() as u64).sum();
            let worst =
                rest.first().and_then(|of_rule| of_rule.first()).map_or("", |(seen, _)| seen.severity.name());
            let text = format!(
                "… and {} of {}, {worst} at worst (--verbose shows all)",
                counted(findings, "finding"),
                counted(rest.len() as u64, "rule")
            );
            let text = self.paint.dim(&text);
            self.line(&format!("  {text}"));
        }
    }

    fn rule(&mut self, of_rule: &[(&Seen, Option<String>)]) {
        let Some((first, remark)) = of_rule.first() else { return };
        // Padded before it is painted.
        let word = format!("{:<8}", first.severity.name());
        let severity = self.paint.severity(first.severity, &word);
        let title = Escaped(first.title.as_bytes()).to_string();
        if self.options.verbose {
            let rule = self.paint.dim(&format!("[{}]", Escaped(first.rule.as_bytes())));
            self.line(&format!("  {severity} {title} {rule}"));
            for (seen, remark) in of_rule {
                let line =
                    format!("      {}{}", self.paint.cyan(&place(seen)), details(seen, remark.as_ref()));
                self.line(&line);
            }
            return;
        }
        let rest = match of_rule.len().saturating_sub(1) {
            0 => String::new(),
            rest => self.paint.dim(&format!("  +{} more", thousands(rest as u64))),
        };
        let place = self.paint.cyan(&place(first));
        self.line(&format!("  {severity} {title}: {place}{}{rest}", details(first, remark.as_ref())));
    }

    /// What is gone is good news.
    fn gone(&mut self, gone: &[Seen]) {
        let gone: Vec<(&Seen, Option<String>)> = gone.iter().map(|seen| (seen, None)).collect();
        self.list("Gone", &gone);
    }

    fn shared(&mut self, difference: &Difference) {
        if difference.shared.is_empty() {
            return;
        }
        self.heading("Both images carry the same identity", &thousands(difference.shared.len() as u64));
        let limit = self.limit(LINES);
        for shared in difference.shared.iter().take(limit) {
            let shown = shared
                .shown
                .as_deref()
                .map_or_else(String::new, |shown| format!(" {}", Escaped(shown.as_bytes())));
            let from = if shared.old == shared.new {
                String::new()
            } else {
                format!(" (OLD: {})", Escaped(&shared.old))
            };
            self.line(&format!("  {}{shown}  {}{from}", shared.what, Escaped(&shared.new)));
        }
        self.more(difference.shared.len(), limit, "  ");
    }

    fn section(&mut self, section: &Section) {
        let line = section_line(section).unwrap_or_else(|| "no difference seen".to_owned());
        self.heading(heading(section.kind), &format!("{line}; {} same", thousands(section.same)));
        for (of, gap) in &section.unknown {
            let text = format!("of {} not all is known: {gap}", side(*of));
            self.out.push_str(&wrap(&text, "  ! ", "    ", self.options.width));
        }
        let named = |name: &[u8], rest: String| match rest.as_str() {
            "" => Escaped(name).to_string(),
            _ => format!("{}  {rest}", Escaped(name)),
        };
        let added = section.added.iter().map(|item| ('+', named(&item.name, fields(&item.fields))));
        let changed = section.changed.iter().map(|item| {
            let way = item.direction.map_or_else(String::new, |way| format!(" ({})", way.name()));
            ('~', named(&item.name, changes(&item.fields)) + &way)
        });
        let removed = section.removed.iter().map(|item| ('-', named(&item.name, fields(&item.fields))));
        for (sign, lines) in
            [('+', added.collect::<Vec<_>>()), ('~', changed.collect()), ('-', removed.collect())]
        {
            let limit = self.limit(LINES);
            for (_, line) in lines.iter().take(limit) {
                self.signed(sign, line);
            }
            self.more(lines.len(), limit, "    ");
        }
    }

    fn signed(&mut self, sign: char, line: &str) {
        let line = format!("  {sign} {}", line.trim_end());
        let line = if sign == '-' { self.paint.dim(&line) } else { line };
        self.line(&line);
    }

    fn files(&mut self, files: &Files) {
        let tally = files.files;
        let folders = files.directories;
        let text = format!(
            "{} added, {} removed, {} changed; {} the same",
            thousands(tally.added),
            thousands(tally.removed),
            thousands(tally.changed),
            counted(files.same, "entry")
        );
        self.heading("Files", &text);
        if folders.sum() > 0 {
            let (added, removed, changed) =
                (thousands(folders.added), thousands(folders.removed), thousands(folders.changed));
            self.line(&format!("  directories: {added} added, {removed} removed, {changed} changed"));
            let limit = self.limit(FOLDERS);
            for (path, what, how) in files.folders.iter().take(limit) {
                self.signed(sign(*what), &format!("{}/  {}", Escaped(path), how.join(", ")));
            }
            let all = usize::try_from(folders.sum()).unwrap_or(usize::MAX);
            self.more(all, limit.min(files.folders.len()), "    ");
        }
        let directories: Vec<(String, Tally)> =
            files.by_directory.iter().map(|(path, tally)| (Escaped(path).to_string(), *tally)).collect();
        self.tallies("by directory", &directories);
        let owner = |name: &String| match name.as_str() {
            "" => "(no package)".to_owned(),
            name => Escaped(name.as_bytes()).to_string(),
        };
        let packages: Vec<(String, Tally)> =
            files.by_package.iter().map(|(name, tally)| (owner(name), *tally)).collect();
        if packages.len() > 1 || files.by_package.iter().any(|(name, _)| !name.is_empty()) {
            self.tallies("by package", &packages);
        }
        self.notable(files);
    }

    /// Rows of counts, the most first.
    fn tallies(&mut self, name: &str, rows: &[(String, Tally)]) {
        if rows.is_empty() {
            return;
        }
        let limit = self.limit(LINES);
        let width = rows.iter().take(limit).map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let width = width.max(name.chars().count()).min(48);
        let head = format!("  {name:width$}  {:>8} {:>8} {:>8}", "added", "removed", "changed");
        let head = self.paint.dim(&head);
        self.line(&head);
        for (name, tally) in rows.iter().take(limit) {
            let number = |number: u64| if number == 0 { "·".to_owned() } else { thousands(number) };
            let (added, removed, changed) =
                (number(tally.added), number(tally.removed), number(tally.changed));
            self.line(&format!("  {name:width$}  {added:>8} {removed:>8} {changed:>8}"));
        }
        self.more(rows.len(), limit, "  ");
    }

    fn notable(&mut self, files: &Files) {
        let all =
            files.notable.len().saturating_add(usize::try_from(files.notable_more).unwrap_or(usize::MAX));
        if all == 0 {
            return;
        }
        let head = format!("  to look at: {} that no package explains", counted(all as u64, "file"));
        let head = self.paint.dim(&head);
        self.line(&head);
        let limit = self.limit(LINES + 4);
        for change in files.notable.iter().take(limit) {
            let how = match change.what {
                What::Changed => format!("{}; ", change.how.join(", ")),
                What::Added | What::Removed => String::new(),
            };
            self.signed(
                sign(change.what),
                &format!("{}  {how}{}", Escaped(&change.path), change.because.name()),
            );
        }
        self.more(all, limit.min(files.notable.len()), "    ");
    }

    fn coverage(&mut self, difference: &Difference) {
        let (gaps, same) = gaps(difference);
        if gaps.is_empty() && same == 0 && difference.limits.is_empty() {
            return;
        }
        self.heading("Not compared", "");
        for limit in &difference.limits {
            self.out.push_str(&wrap(limit, "  ", "    ", self.options.width));
        }
        let limit = self.limit(LINES);
        for gap in gaps.iter().take(limit) {
            let (place, reason) = (Escaped(&gap.place), Escaped(gap.reason.as_bytes()).to_string());
            let text = format!("{} {place}: {}, {reason}", side(gap.side), gap.kind.name());
            self.line(&format!("  {text}"));
        }
        self.more(gaps.len(), limit, "  ");
        if same > 0 {
            let text = counted(same as u64, "gap");
            self.line(&format!(
                "  {text} of NEW in files that are the same on both sides: nothing new hides there"
            ));
        }
    }
}

const fn sign(what: What) -> char {
    match what {
        What::Added => '+',
        What::Removed => '-',
        What::Changed => '~',
    }
}

/// `/path:line`, or the volume.
fn place(seen: &Seen) -> String {
    let path = if seen.path.is_empty() { seen.volume.as_bytes() } else { &seen.path };
    let line = seen.line.map_or_else(String::new, |line| format!(":{line}"));
    format!("{}{line}", Escaped(path))
}

/// What is known of a finding beside its place, in brackets.
fn details(seen: &Seen, remark: Option<&String>) -> String {
    let shown = |text: &String| Escaped(text.as_bytes()).to_string();
    // A key is known by its fingerprint.
    let redacted = seen.redacted.iter().filter(|_| seen.fingerprint.is_none());
    let all = seen.subject.iter().chain(redacted).chain(&seen.fingerprint).map(shown);
    let all: Vec<String> = all.chain(remark.cloned()).collect();
    if all.is_empty() { String::new() } else { format!("  ({})", all.join(" · ")) }
}
