//! The catalog as a table. Source: CISA's `known_exploited_vulnerabilities.csv`; RFC 4180 for the form.

use crate::date::Date;
use crate::vulnerabilities::collector::Collector;
use crate::vulnerabilities::knowledge::Knowledge;
use crate::vulnerabilities::matches::Exploited;

/// Cells of a row; the catalog has 11.
const CELLS: usize = 64;

/// Reads the rows by the names of the first one. The table has no day of its own: that of its newest entry counts.
pub(super) fn read(text: &[u8], name: &str, knowledge: &mut Knowledge, collector: &mut Collector<'_>) {
    let text = String::from_utf8_lossy(text);
    let mut rows = Rows(text.trim_start_matches('\u{feff}'));
    let head = rows.next().unwrap_or_default();
    let at = |name: &str| head.iter().position(|cell| cell == name);
    let [cve, added, due, ransomware] =
        ["cveID", "dateAdded", "dueDate", "knownRansomwareCampaignUse"].map(at);
    let mut newest = None;
    for row in rows {
        let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).map_or("", String::as_str);
        let day = Date::parse(cell(added));
        if row.len() != head.len() || !cell(cve).starts_with("CVE-") || day.is_none() {
            collector.bad(format!("{name}: a row is none of the catalog"));
            continue;
        }
        newest = newest.max(day);
        collector.record(&[], "");
        if knowledge.names.contains(cell(cve)) {
            let exploited = Exploited {
                added: cell(added).to_owned(),
                due: cell(due).to_owned(),
                by_ransomware: cell(ransomware) == "Known",
            };
            knowledge.exploited.insert(cell(cve).to_owned(), exploited);
        }
    }
    collector.dated(newest);
}

/// The rows of a table that are left.
struct Rows<'t>(&'t str);

impl Iterator for Rows<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        if self.0.is_empty() {
            return None;
        }
        let mut row = Vec::new();
        loop {
            let (cell, rest) = cell(self.0);
            if row.len() < CELLS {
                row.push(cell);
            }
            match rest.strip_prefix(',') {
                Some(rest) => self.0 = rest,
                None => {
                    let rest = rest.strip_prefix('\r').unwrap_or(rest);
                    self.0 = rest.strip_prefix('\n').unwrap_or(rest);
                    return Some(row);
                }
            }
        }
    }
}

/// The cell that a text begins with, and what follows: in quotes, where two stand for one, or up to a comma or line end.
fn cell(text: &str) -> (String, &str) {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\r', '\n']).unwrap_or(text.len());
        let (cell, rest) = text.split_at(end);
        // A return alone is a part of the cell; it goes with it, so that the text gets shorter.
        return (cell.to_owned(), rest);
    };
    let mut cell = String::new();
    loop {
        let Some((before, behind)) = rest.split_once('"') else {
            cell.push_str(rest);
            return (cell, "");
        };
        cell.push_str(before);
        match behind.strip_prefix('"') {
            Some(behind) => {
                cell.push('"');
                rest = behind;
            }
            None => {
                // What stands between the quote and the next comma has no meaning.
                let end = behind.find([',', '\r', '\n']).unwrap_or(behind.len());
                return (cell, behind.get(end..).unwrap_or_default());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_that_another_reader_finds() {
        for text in [
            "a,b\n1,2\n",
            "a,b\r\n\"x, \"\"y\"\"\nz\",2\r\n",
            "a,b\n,\n",
            "a,b\n\"\",\"\"\"\"\n",
            "a,b\n1,\"end\"",
        ] {
            let ours: Vec<Vec<String>> = Rows(text).collect();
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let theirs: Vec<Vec<String>> = reader.deserialize().map(Result::unwrap).collect();
            assert_eq!(ours, theirs, "{text:?}");
        }
    }

    #[test]
    fn any_text_comes_to_an_end() {
        for text in ["\r", "\r\r,\n", "\"", "\"a", "\"a\"b,\"", ",", "\n\n", "a\rb\n"] {
            assert!(Rows(text).count() <= text.len(), "{text:?}");
        }
    }
}
