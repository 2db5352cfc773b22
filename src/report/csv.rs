//! The findings as a table (RFC 4180): one row a place of a finding, with a row of names first.
//!
//! A cell that a spreadsheet would take for a formula begins with an apostrophe. Text of the image is escaped as for
//! terminals, so that a cell is one line.

use super::Options;
use super::fingerprints::Marks;
use super::format::Format;
use super::json::visible::plain;
use super::words::values;
use crate::audit::Report;
use crate::finding::{Finding, Location, Secret, Verification};

/// The columns.
const COLUMNS: [&str; 19] = [
    "image",
    "id",
    "category",
    "severity",
    "confidence",
    "proof",
    "fails",
    "title",
    "partition",
    "path",
    "line",
    "offset",
    "subject",
    "package",
    "group",
    "evidence",
    "facts",
    "fingerprint",
    "remedy",
];

/// `--format csv`.
pub static FORMAT: Format = Format {
    name: "csv",
    about: "A table of findings",
    extensions: &["csv"],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| text.starts_with("image,id,category,severity,"),
    render: |told| render(told.report, told.options),
};

/// The table; lines end with CR LF.
pub fn render(report: &Report, options: &Options) -> String {
    let mut out = String::new();
    row(&COLUMNS.map(str::to_owned), &mut out);
    let mut marks = Marks::new();
    let image = plain(report.subject.name.as_bytes());
    for finding in &report.findings {
        let mark = marks.mark(finding);
        if finding.severity < options.min_severity {
            continue;
        }
        for place in std::iter::once(&finding.location).chain(&finding.related_locations) {
            row(&cells(finding, place, (&image, mark.fails, &mark.fingerprint), options), &mut out);
        }
    }
    out
}

fn cells(
    finding: &Finding,
    place: &Location,
    (image, fails, fingerprint): (&str, bool, &str),
    options: &Options,
) -> [String; 19] {
    let shown = |text: &Option<String>| text.as_ref().map_or_else(String::new, |text| plain(text.as_bytes()));
    let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let advisory = &*finding.advisory;
    [
        image.to_owned(),
        advisory.id.clone(),
        advisory.category.name().to_owned(),
        finding.severity.name().to_owned(),
        finding.confidence.name().to_owned(),
        finding.proof.map_or("", Verification::name).to_owned(),
        if fails { "yes" } else { "no" }.to_owned(),
        advisory.title.clone(),
        number(place.partition.map(u64::from)),
        if place.path.is_empty() { shown(&place.volume) } else { plain(&place.path) },
        number(place.line),
        number(place.offset),
        shown(&finding.subject),
        shown(&finding.package),
        number(finding.group.map(u64::from)),
        evidence(finding, options),
        facts(finding),
        fingerprint.to_owned(),
        advisory.remedy.clone(),
    ]
}

fn evidence(finding: &Finding, options: &Options) -> String {
    let secrets = &finding.evidence.secrets;
    let mut parts: Vec<String> = match options.secrets {
        true => values(finding, options),
        false => secrets.iter().map(Secret::redacted).collect(),
    };
    if options.hashes {
        parts.extend(secrets.iter().map(|secret| format!("sha256:{}", secret.sha256())));
    }
    parts.extend(finding.evidence.key_fingerprint.as_ref().map(|print| plain(print.as_bytes())));
    parts.join("; ")
}

fn facts(finding: &Finding) -> String {
    let facts = finding.evidence.facts.iter();
    facts.map(|(name, value)| format!("{name}={}", plain(value.as_bytes()))).collect::<Vec<_>>().join("; ")
}

pub(super) fn row(cells: &[String], out: &mut String) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(cell, out);
    }
    out.push_str("\r\n");
}

/// Appends a cell: always quoted where it is more than a word.
fn push(cell: &str, out: &mut String) {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !is_formula && cell.chars().all(is_word) {
        out.push_str(cell);
        return;
    }
    out.push('"');
    if is_formula {
        out.push('\'');
    }
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn read(text: &str) -> Vec<Vec<String>> {
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn every_place_is_a_row_of_all_columns() {
        let rows = read(&render(&sample::report(), &Options::default()));
        // A reader that wants all rows as long as the first read them.
        assert_eq!(rows[0], COLUMNS);
        assert_eq!(rows.len(), 1 + 11 + 1);
        assert_eq!(rows[2][9], "/srv/\\u{1b}[2J\\xff.env");
        assert_eq!((rows[3][9].as_str(), rows[3][10].as_str()), ("/srv/copy.env", "9"));
        assert_eq!(rows[2][15], "not-… (40 bytes)");
        assert_eq!(rows[2][17], rows[3][17]);
    }

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_its_row() {
        let hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "a\"b,c\r\nd", "\t=1", "\"=1", "＝1"];
        for text in hostile {
            let mut report = sample::report();
            report.subject.name = text.to_owned();
            report.findings[0].location.path = text.as_bytes().to_vec();
            report.findings[0].subject = Some(text.to_owned());
            let rows = read(&render(&report, &Options::default()));
            assert_eq!(rows.len(), 13, "{text}");
            for cell in rows.iter().flatten() {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{cell}");
            }
            assert!(rows[1][9].trim_start_matches('\'').starts_with(plain(text.as_bytes()).as_str()));
        }
    }
}
