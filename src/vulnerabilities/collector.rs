//! Takes what feeds say, and keeps what is about something that is installed: memory grows with that, and not with the
//! feeds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::coverage::Published;
use super::databases::Format;
use super::ecosystem::OsvEcosystem;
use super::identity::Unmatched;
use super::judge::{Hit, Judge};
use super::livepatch::{self, Patch};
use super::matches::FeedSummary;
use super::statement::Statement;
use crate::date::Date;

/// Names of ecosystems that are not known: a hostile feed has a million.
const UNKNOWN: usize = 100;

/// Takes what feeds say.
pub(super) struct Collector<'a> {
    pub judge: Judge<'a>,
    pub feeds: Vec<FeedSummary>,
    pub published: BTreeMap<OsvEcosystem, Published>,
    pub unknown: BTreeMap<String, u64>,
    /// What turned out while comparing.
    pub late: BTreeSet<(usize, Unmatched)>,
    pub patches: Vec<Patch>,
    pub is_cut: bool,
    kept: Vec<Kept>,
    seen: HashMap<(Format, String), Seen>,
    limit: usize,
    /// Groups under which the data have the artifact of a jar whose group is not known.
    groups: BTreeMap<usize, BTreeSet<String>>,
}

/// An advisory that is about something that is installed.
pub(super) struct Kept {
    pub statement: Statement,
    pub feed: usize,
    pub hits: Vec<Hit>,
}

/// What is known of an advisory: one that was changed later counts in place of those before it.
struct Seen {
    modified: String,
    kept: Vec<usize>,
}

impl<'a> Collector<'a> {
    /// Nothing taken yet; `limit` advisories may be kept.
    pub(super) fn new(judge: Judge<'a>, limit: usize) -> Self {
        Self {
            judge,
            feeds: Vec::new(),
            published: BTreeMap::new(),
            unknown: BTreeMap::new(),
            late: BTreeSet::new(),
            patches: Vec::new(),
            is_cut: false,
            kept: Vec::new(),
            seen: HashMap::new(),
            limit,
            groups: BTreeMap::new(),
        }
    }

    /// A record was read; `modified` is its day or moment.
    pub(super) fn record(&mut self, ecosystems: &[OsvEcosystem], modified: &str) {
        let day = modified.get(..10).and_then(Date::parse);
        if let Some(feed) = self.feeds.last_mut() {
            feed.records = feed.records.saturating_add(1);
            feed.newest = feed.newest.max(day);
        }
        for ecosystem in ecosystems {
            let published = self.published.entry(*ecosystem).or_default();
            published.records = published.records.saturating_add(1);
            published.newest = published.newest.max(day);
        }
    }

    /// The day of the feed, where it says it of itself.
    pub(super) fn dated(&mut self, day: Option<Date>) {
        if let Some(feed) = self.feeds.last_mut() {
            feed.newest = feed.newest.max(day);
        }
    }

    /// A record names an ecosystem that is not known.
    pub(super) fn unknown(&mut self, name: &str) {
        let name: String = name.chars().take(60).collect();
        if self.unknown.len() < UNKNOWN || self.unknown.contains_key(&name) {
            let count = self.unknown.entry(name).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// A record, or a part of a file, could not be read.
    pub(super) fn bad(&mut self, reason: impl Into<String>) {
        if let Some(feed) = self.feeds.last_mut() {
            feed.bad_records = feed.bad_records.saturating_add(1);
            feed.first_problem.get_or_insert_with(|| reason.into());
        }
    }

    /// Keeps an advisory if it is about something that is installed.
    pub(super) fn take(&mut self, mut statement: Statement) {
        let Some(feed) = self.feeds.len().checked_sub(1) else { return };
        let Some(format) = self.feeds.last().map(|feed| feed.format) else { return };
        let key = (format, statement.advisory.clone());
        match self.seen.get_mut(&key) {
            Some(seen) if seen.modified > statement.modified => return,
            Some(seen) if seen.modified < statement.modified => {
                seen.modified.clone_from(&statement.modified);
                let outdated = std::mem::take(&mut seen.kept);
                for old in outdated {
                    self.kept.get_mut(old).map(|old| std::mem::take(&mut old.hits));
                }
            }
            _ => {}
        }
        let hits = if statement.is_withdrawn { Vec::new() } else { self.hits(&mut statement) };
        let modified = statement.modified.clone();
        let seen = self.seen.entry(key).or_insert_with(|| Seen { modified, kept: Vec::new() });
        if hits.is_empty() {
            return;
        }
        if self.kept.len() >= self.limit {
            self.is_cut = true;
            return;
        }
        seen.kept.push(self.kept.len());
        statement.claims = Vec::new();
        self.kept.push(Kept { statement, feed, hits });
    }

    fn hits(&mut self, statement: &mut Statement) -> Vec<Hit> {
        self.patches.extend(livepatch::take(statement, &self.judge));
        for claim in &statement.claims {
            let subject = &claim.subject;
            let Some((group, _)) =
                subject.name.split_once(':').filter(|_| subject.ecosystem == OsvEcosystem::Maven)
            else {
                continue;
            };
            for (component, _) in self.judge.wanted.components(subject.ecosystem, &subject.name) {
                if self.judge.inventory.components.get(component).is_some_and(|one| one.namespace.is_none()) {
                    self.groups.entry(component).or_default().insert(group.to_owned());
                }
            }
        }
        let late = &mut self.late;
        self.judge.hits(statement, &mut |component, reason| {
            late.insert((component, reason));
        })
    }

    /// What was kept. A jar without a group is not taken for one of several that are called the same.
    pub(super) fn kept(&mut self) -> Vec<Kept> {
        let ambiguous: BTreeSet<usize> = self
            .groups
            .iter()
            .filter(|(_, groups)| groups.len() > 1)
            .map(|(component, _)| *component)
            .collect();
        self.late.extend(ambiguous.iter().map(|component| (*component, Unmatched::Ambiguous)));
        let mut kept = std::mem::take(&mut self.kept);
        for one in &mut kept {
            one.hits.retain(|hit| !ambiguous.contains(&hit.component));
        }
        kept.retain(|one| !one.hits.is_empty());
        kept
    }
}
