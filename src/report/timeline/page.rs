//! The timeline as a page that zooms from years to seconds: one file that needs no network.
//!
//! The script reads a compact table: a column of times, each as the milliseconds since the one before, and columns of
//! numbers for source, kind and text, with each text once. As in the report, text is only ever put in as text, and the
//! page's own policy allows that script and style by their hashes, and nothing else.

use std::collections::HashMap;
use std::io::{self, Write};

use askama::Template;
use serde::Serialize;

use super::super::TOOL_VERSION;
use super::super::html::embed::{self, Embedded};
use super::super::json::visible::plain;
use super::super::terminal::thousands;
use super::{BATCH, Batch, Event, subject, when};
use crate::audit::Seal;
use crate::timeline::Source;

const STYLE: &str = concat!(
    include_str!("../../../templates/report/style.css"),
    include_str!("../../../templates/timeline/style.css")
);
const SCRIPT: &str = concat!(
    "(async () => {\n\"use strict\";\n",
    include_str!("../../../templates/report/elements.js"),
    include_str!("../../../templates/timeline/data.js"),
    include_str!("../../../templates/timeline/chart.js"),
    "})();\n",
);
/// Events of a page: a browser draws so many at once, and opens a file of so many.
const EVENTS: usize = 400_000;

#[derive(Template)]
#[template(path = "timeline.html")]
struct Page<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    data: Embedded,
    tool: &'static str,
    name: String,
    has_secrets: bool,
    total: String,
    more: Option<String>,
    sources: Vec<(&'a str, String)>,
}

/// What the script reads.
#[derive(Default, Serialize)]
struct Table {
    sources: Vec<&'static str>,
    kinds: Vec<String>,
    texts: Vec<String>,
    /// Milliseconds since the event before; of the first, since 1970.
    times: Vec<i64>,
    source: Vec<usize>,
    kind: Vec<usize>,
    text: Vec<usize>,
}

/// Numbers for texts, each once.
#[derive(Default)]
struct Numbers(HashMap<String, usize>);

impl Numbers {
    fn of(&mut self, text: String, all: &mut Vec<String>) -> usize {
        *self.0.entry(text).or_insert_with_key(|text| {
            all.push(text.clone());
            all.len().saturating_sub(1)
        })
    }
}

/// Writes the page of the events of `image`; those beyond the first 400,000 are counted on it.
///
/// # Errors
/// Where `out` fails.
pub fn page(
    events: &mut dyn Iterator<Item = Event>,
    image: &str,
    seal: Option<&Seal>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (table, counts) = table(&mut events.take(EVENTS), seal);
    let more = events.count();
    let page = Page {
        policy: embed::policy(SCRIPT, STYLE),
        style: STYLE,
        script: SCRIPT,
        total: thousands(table.times.len() as u64),
        data: embed::embedded(&table),
        tool: TOOL_VERSION,
        name: plain(image.as_bytes()),
        has_secrets: seal.is_none(),
        more: (more > 0).then(|| thousands(more as u64)),
        sources: counts.into_iter().map(|(source, count)| (source, thousands(count))).collect(),
    };
    // It is written to memory, and no filter of the template fails.
    out.write_all(page.render().unwrap_or_default().as_bytes())
}

fn table(events: &mut dyn Iterator<Item = Event>, seal: Option<&Seal>) -> (Table, Vec<(&'static str, u64)>) {
    let mut table = Table { sources: Source::ALL.map(Source::name).to_vec(), ..Table::default() };
    let (mut kinds, mut texts) = (Numbers::default(), Numbers::default());
    let mut counts = Source::ALL.map(|source| (source.name(), 0_u64));
    let mut last = 0;
    loop {
        let mut batch = Batch(events.take(BATCH).collect());
        if batch.0.is_empty() {
            break;
        }
        if let Some(seal) = seal {
            seal.apply(&mut batch);
        }
        for event in &batch.0 {
            let time = when::millis(event.moment.time);
            table.times.push(time.saturating_sub(last));
            last = time;
            let number = Source::ALL.iter().position(|source| *source == event.source).unwrap_or_default();
            counts.iter_mut().skip(number).take(1).for_each(|(_, count)| *count = count.saturating_add(1));
            table.source.push(number);
            table.kind.push(kinds.of(event.kind.name(), &mut table.kinds));
            table.text.push(texts.of(text(event), &mut table.texts));
        }
    }
    (table, counts.into_iter().filter(|(_, count)| *count > 0).collect())
}

fn text(event: &Event) -> String {
    let message = plain(event.message.as_bytes());
    let subject = subject(event);
    if subject.is_empty() { message } else { format!("[{}] {message}", plain(subject.as_bytes())) }
}
