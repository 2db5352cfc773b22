//! The search: all feeds are read once, first the advisories, then what is known of the flaws that they name.

use std::io::Read;
use std::ops::ControlFlow;

use sha2::{Digest, Sha256};

use super::collector::Collector;
use super::container::Document;
use super::coverage::coverage;
use super::databases::{Databases, Feed, Format, Limits};
use super::judge::Judge;
use super::knowledge::Knowledge;
use super::matches::{FeedSummary, Matches};
use super::wanted::Wanted;
use super::{Linked, assemble, container, csaf, debian_tracker, livepatch, osv, updateinfo};
use crate::date::Date;
use crate::packages::inventory::Inventory;

/// What a search goes by.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// Today.
    pub day: Date,
    /// Days after which data are stale.
    pub max_age_days: u32,
    /// What is linked into programs, where that can be told.
    pub linked: Option<&'a dyn Linked>,
}

impl Databases {
    /// Compares what is installed with all feeds. Each is read once and from its beginning to its end; what cannot be
    /// read is counted in its summary.
    pub fn search(&self, inventory: &Inventory, search: &Search<'_>) -> Matches {
        let wanted = Wanted::new(inventory);
        let judge = Judge { inventory, wanted: &wanted, linked: search.linked };
        let mut collector = Collector::new(judge, self.limits.matches);
        let mut order: Vec<&Feed> = self.feeds.iter().collect();
        order.sort_by_key(|feed| feed.format);
        let (advisories, others): (Vec<&Feed>, Vec<&Feed>) =
            order.into_iter().partition(|feed| feed.format.has_advisories());
        let mut buffer = Vec::new();
        for feed in advisories {
            read(feed, &self.limits, &mut collector, &mut |document, collector| {
                advisory(feed.format, document, &self.limits, &mut buffer, collector);
            });
        }
        let mut vulnerabilities = assemble::assemble(collector.kept(), inventory, &wanted);
        let mut knowledge = Knowledge::expect(&vulnerabilities);
        for feed in others {
            read(feed, &self.limits, &mut collector, &mut |document, collector| {
                knowledge.read(feed, document, &self.limits, &mut buffer, collector);
            });
        }
        for vulnerability in &mut vulnerabilities {
            knowledge.apply(vulnerability, inventory);
            livepatch::suppress(vulnerability, &collector.patches, inventory);
        }
        collector.age(search);
        Matches {
            vulnerabilities,
            coverage: coverage(inventory, &wanted, &collector.published, &collector.late),
            feeds: collector.feeds,
            unknown_ecosystems: collector.unknown,
            is_cut: collector.is_cut,
        }
    }
}

impl Format {
    const fn has_advisories(self) -> bool {
        matches!(self, Self::Osv | Self::Updateinfo | Self::DebianTracker | Self::Csaf)
    }
}

type Each<'e, 'c> = dyn FnMut(Document<'_>, &mut Collector<'c>) + 'e;

/// Hands on each document of a feed, and sums it up.
fn read<'c>(feed: &Feed, limits: &Limits, collector: &mut Collector<'c>, each: &mut Each<'_, 'c>) {
    collector.feeds.push(FeedSummary {
        path: feed.path.clone(),
        format: feed.format,
        sha256: String::new(),
        files: feed.files.len() as u64,
        records: 0,
        bad_records: 0,
        first_problem: None,
        newest: None,
        is_stale: false,
    });
    let mut digests = Vec::new();
    for file in &feed.files {
        let contents = container::documents(file, limits, &mut |document| {
            each(document, collector);
            ControlFlow::Continue(())
        });
        match contents {
            Ok(contents) => {
                digests.push(contents.sha256);
                let name = file.display();
                contents.problems.into_iter().for_each(|problem| collector.bad(format!("{name}: {problem}")));
            }
            Err(error) => collector.bad(format!("{}: {error}", file.display())),
        }
    }
    let digest = match digests.as_slice() {
        [only] => *only,
        several => Sha256::digest(several.concat()).into(),
    };
    if let Some(summary) = collector.feeds.last_mut() {
        summary.sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    }
}

fn advisory(
    format: Format,
    mut document: Document<'_>,
    limits: &Limits,
    buffer: &mut Vec<u8>,
    collector: &mut Collector<'_>,
) {
    let name = document.name;
    match format {
        Format::Updateinfo => return updateinfo::read(document, limits, collector),
        Format::DebianTracker => return debian_tracker::read(document, collector),
        _ => {}
    }
    if !whole(&mut document, limits, buffer, collector) {
        return;
    }
    let read =
        if format == Format::Csaf { csaf::read(buffer, collector) } else { osv_record(buffer, collector) };
    if let Err(error) = read {
        collector.bad(format!("{name}: {error}"));
    }
}

fn osv_record(json: &[u8], collector: &mut Collector<'_>) -> Result<(), serde_json::Error> {
    let read = osv::read(json, collector.judge.wanted)?;
    collector.record(&read.ecosystems, &read.modified);
    read.unknown.iter().for_each(|name| collector.unknown(name));
    if let Some(statement) = read.statement {
        collector.take(statement);
    }
    Ok(())
}

/// Reads all of a document into the buffer; whether it is no longer than the limit. What else goes wrong is told by what
/// contains it.
pub(super) fn whole(
    document: &mut Document<'_>,
    limits: &Limits,
    buffer: &mut Vec<u8>,
    collector: &mut Collector<'_>,
) -> bool {
    buffer.clear();
    let read = (&mut *document.content).take(limits.document.saturating_add(1)).read_to_end(buffer);
    let fits = buffer.len() as u64 <= limits.document;
    if !fits {
        collector.bad(format!("{}: it has more than {} bytes", document.name, limits.document));
    }
    fits && read.is_ok()
}

impl Collector<'_> {
    /// Says which feeds are stale.
    fn age(&mut self, search: &Search<'_>) {
        for feed in &mut self.feeds {
            let age = feed.newest.map(|newest| search.day.days_since(newest));
            feed.is_stale = age.is_none_or(|age| age > i64::from(search.max_age_days));
        }
    }
}
