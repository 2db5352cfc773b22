//! The report as the result of tests, for CI servers: one suite an image, one test a requirement.
//!
//! A requirement that nothing stands against is one test that passed. Where there are findings, each rule is a test:
//! it failed where the gate fails for it, and passed, with its findings as output, where it does not. What could not
//! be looked at is one test a kind: an error, where the gate does not accept it.

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::format::Format;
use super::requirements::{OfRule, Requirement, Unread, requirements, unread, words};
use super::terminal::shown_place;
use super::words::{cut, details, values};
use super::{Judgement, Options};
use crate::audit::Report;
use crate::checks::Verdict;
use crate::checks::benchmark::Judged;
use crate::finding::{Category, Finding};
use assay_disk::system::ledger::Use;
use assay_disk::text::Escaped;

/// Places that a test names; the others are counted.
const LINES: usize = 200;
/// Characters of one of them.
const LINE: usize = 500;
/// The class of the tests of what was not looked at.
const COVERAGE: &str = "coverage";

/// `--format junit`.
pub static FORMAT: Format = Format {
    name: "junit",
    about: "JUnit XML, for CI servers",
    extensions: &["xml"],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| text.starts_with("<?xml") && text.contains("<testsuites name=\"assay\""),
    render: |told| render(told.report, told.judgement, told.options),
};

/// The document, ending with a newline.
pub fn render(report: &Report, judgement: &Judgement, options: &Options) -> String {
    let mut suite = TestSuite::new(Escaped(report.subject.name.as_bytes()).to_string());
    suite.add_property(("verdict", judgement.outcome.name()));
    suite.add_property(("sentence", judgement.sentence.as_str()));
    suite.add_property(("exit_code", judgement.exit_code.to_string().as_str()));
    for requirement in requirements(report) {
        suite.add_test_cases(of_requirement(&requirement, options));
    }
    if let Some(benchmark) = &report.benchmark {
        suite.add_test_cases(
            benchmark.results.iter().filter_map(|judged| of_section(&benchmark.name, judged)),
        );
    }
    let unread = unread(report, judgement);
    if unread.is_empty() {
        let is_free = report.ledger.unsearched().contains(&Use::Free);
        let name =
            if is_free { "Everything but free space was looked at" } else { "Everything was looked at" };
        suite.add_test_case(case(COVERAGE, name, TestCaseStatus::success()));
    }
    suite.add_test_cases(unread.iter().map(of_gaps));
    let mut document = Document::new("assay");
    document.add_test_suite(suite);
    // Written to memory, and no text in it is refused.
    let text = document.to_string().unwrap_or_else(|error| format!("<!-- {error} -->\n"));
    // The root has no such attribute in the schemas of Jenkins; it is before all text of the image.
    let (root, rest) = text.split_once("<testsuite ").unwrap_or((&text, ""));
    let end = root.find(" skipped=").unwrap_or(root.len());
    let (before, after) = root.split_at_checked(end).unwrap_or((root, ""));
    let after = after.split_once("\" ").map_or("", |(_, after)| after);
    format!("{before} {after}<testsuite {rest}")
}

fn case(class: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    case
}

fn of_requirement(requirement: &Requirement<'_>, options: &Options) -> Vec<TestCase> {
    let class = requirement.category.name();
    // A benchmark's sections are its tests.
    if requirement.category == Category::Hardening {
        return Vec::new();
    }
    if requirement.rules.is_empty() {
        return vec![case(class, words(requirement.category), TestCaseStatus::success())];
    }
    requirement.rules.iter().map(|(id, rule)| of_rule(class, id, rule, options)).collect()
}

fn of_rule(class: &str, id: &str, rule: &OfRule<'_>, options: &Options) -> TestCase {
    let advisory = rule.findings.first().map(|finding| &finding.advisory);
    let title = advisory.map_or(id, |advisory| &advisory.title);
    let remedy = advisory.map_or("", |advisory| &advisory.remedy);
    let name = format!("{title} [{id}]");
    let noun = if rule.findings.len() == 1 { "finding" } else { "findings" };
    let message = format!("{} {noun}: {title}", rule.findings.len());
    let shown = rule.findings.iter().filter(|finding| finding.severity >= options.min_severity);
    let text = format!("{}\nWhat to do: {remedy}\n", lines(shown.map(|finding| line(finding, options))));
    if rule.fails {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(message).set_type(class).set_description(text);
        return case(class, &name, status);
    }
    let mut passed = case(class, &name, TestCaseStatus::success());
    passed.set_system_out(format!("{message}, which do not fail the gate\n{text}"));
    passed
}

fn line(finding: &Finding, options: &Options) -> String {
    let details = details(finding, options).into_iter().chain(values(finding, options));
    let more = match finding.related_locations.len() {
        0 => String::new(),
        more => format!(" (and in {more} more)"),
    };
    let details: Vec<String> = details.map(|detail| cut(&detail, LINE)).collect();
    let place = cut(&shown_place(&finding.location), LINE);
    format!("{} {place}{more}: {}", finding.severity.name(), details.join(" · "))
}

/// A section of a benchmark; none where it does not apply.
fn of_section(benchmark: &str, judged: &Judged) -> Option<TestCase> {
    let name = format!("{} {} [{}]", judged.section, judged.title, judged.check);
    let evidence = judged.evidence.iter().map(|evidence| {
        let line = evidence.line.map_or_else(String::new, |line| format!(":{line}"));
        format!("{}{line}: {}", Escaped(&evidence.path), Escaped(evidence.value.as_bytes()))
    });
    let status = match judged.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail => {
            let mut failed = TestCaseStatus::non_success(NonSuccessKind::Failure);
            failed.set_message(judged.title.as_str()).set_type("benchmark").set_description(lines(evidence));
            failed
        }
        Verdict::Undecided => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message("not decided by what could be read");
            skipped
        }
        Verdict::NotApplicable => return None,
    };
    Some(case(benchmark, &name, status))
}

fn of_gaps(unread: &Unread<'_>) -> TestCase {
    let name = format!("Everything was looked at [{}]", unread.kind.name());
    let gaps = unread.gaps.iter();
    let text = lines(gaps.map(|gap| {
        let reason = cut(&Escaped(gap.reason.as_bytes()).to_string(), LINE);
        format!("{}: {reason}", cut(&shown_place(&gap.location), LINE))
    }));
    let message = format!("{} not looked at: {}", unread.gaps.len(), unread.kind.name());
    if unread.is_accepted {
        let mut passed = case(COVERAGE, &name, TestCaseStatus::success());
        passed.set_system_out(format!("{message}, which is accepted\n{text}"));
        return passed;
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(message).set_type("gap").set_description(text);
    case(COVERAGE, &name, status)
}

/// Lines, the last of which counts those that are left out.
fn lines(all: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    let mut left = 0_usize;
    for (index, line) in all.enumerate() {
        if index < LINES {
            text.push_str(&line);
            text.push('\n');
        } else {
            left = left.saturating_add(1);
        }
    }
    if left > 0 {
        text.push_str(&format!("… and {left} more\n"));
    }
    text
}

#[cfg(test)]
mod tests;
