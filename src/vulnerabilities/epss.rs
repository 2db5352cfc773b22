//! Scores of EPSS: a line of comments with the day, a line of names, and a line for each CVE. Source: FIRST, "EPSS data".

use std::io::{BufRead, BufReader, Read};

use super::collector::Collector;
use super::container::Document;
use super::knowledge::Knowledge;
use super::matches::Epss;
use crate::date::Date;

/// Letters of a line: real ones have 40.
const LINE: u64 = 4096;

/// Reads all scores.
pub(super) fn read(document: Document<'_>, knowledge: &mut Knowledge, collector: &mut Collector<'_>) {
    let mut lines = BufReader::with_capacity(1 << 15, document.content);
    let mut line = Vec::new();
    loop {
        line.clear();
        // What comes of an error is told by the container.
        let Ok(1..) = (&mut lines).take(LINE).read_until(b'\n', &mut line) else { return };
        let text = String::from_utf8_lossy(&line);
        match text.trim() {
            "" => {}
            comment if comment.starts_with('#') => collector.dated(day(comment)),
            names if names.starts_with("cve,") => {}
            row => match score(row) {
                Some((cve, epss)) => {
                    collector.record(&[], "");
                    if knowledge.names.contains(cve) {
                        knowledge.scores.insert(cve.to_owned(), epss);
                    }
                }
                None => collector.bad(format!("{}: a line is no score", document.name)),
            },
        }
    }
}

/// The day of `#model_version:v2023.03.01,score_date:2023-03-07T00:00:00+0000`.
fn day(comment: &str) -> Option<Date> {
    let (_, behind) = comment.split_once("score_date:")?;
    Date::parse(behind.get(..10)?)
}

fn score(row: &str) -> Option<(&str, Epss)> {
    let mut cells = row.split(',');
    let cve = cells.next()?;
    let mut number = || cells.next()?.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
    let probability = number()?;
    // Before 2021-09 there was no percentile.
    let percentile = number().unwrap_or(0.0);
    Some((cve, Epss { probability, percentile }))
}
