//! What is known of the flaws that were found: whether they are exploited, how probable that is, and whether somebody
//! says that they do not matter here. Read behind the advisories, so that only what was found is kept.

use std::collections::{BTreeSet, HashMap};

use super::collector::Collector;
use super::container::Document;
use super::databases::{Feed, Format, Limits};
use super::matches::{Epss, Exploited, RatedBy, Vulnerability};
use super::openvex::Vex;
use super::search::whole;
use super::{epss, kev, openvex};
use crate::finding::Severity;
use crate::packages::inventory::Inventory;

/// What is known of the flaws that were found.
#[derive(Default)]
pub(super) struct Knowledge {
    /// The names of what was found.
    pub names: BTreeSet<String>,
    pub exploited: HashMap<String, Exploited>,
    pub scores: HashMap<String, Epss>,
    pub statements: Vec<Vex>,
}

impl Knowledge {
    /// Nothing known yet of what was found.
    pub(super) fn expect(found: &[Vulnerability]) -> Self {
        let names = |one: &Vulnerability| {
            let own = std::iter::once(one.advisory.clone());
            own.chain(one.cves.iter().cloned()).chain(one.aliases.iter().cloned()).collect::<Vec<_>>()
        };
        Self { names: found.iter().flat_map(names).collect(), ..Self::default() }
    }

    /// Reads a document.
    pub(super) fn read(
        &mut self,
        feed: &Feed,
        mut document: Document<'_>,
        limits: &Limits,
        buffer: &mut Vec<u8>,
        collector: &mut Collector<'_>,
    ) {
        let name = document.name;
        if feed.format == Format::Epss {
            return epss::read(document, self, collector);
        }
        if !whole(&mut document, limits, buffer, collector) {
            return;
        }
        let read = match feed.format {
            Format::Kev => kev::read(buffer, name, self, collector),
            _ => openvex::read(buffer, &feed.path, self, collector),
        };
        if let Err(error) = read {
            collector.bad(format!("{name}: {error}"));
        }
    }

    /// Says it of a vulnerability.
    pub(super) fn apply(&self, vulnerability: &mut Vulnerability, inventory: &Inventory) {
        let exploited = vulnerability.cves.iter().filter_map(|cve| self.exploited.get(cve));
        vulnerability.exploited = exploited.min_by(|left, right| left.added.cmp(&right.added)).cloned();
        let scores = vulnerability.cves.iter().filter_map(|cve| self.scores.get(cve));
        vulnerability.epss =
            scores.max_by(|left, right| left.probability.total_cmp(&right.probability)).copied();
        if vulnerability.is_linked == Some(false) {
            vulnerability.severity = vulnerability.severity.map(|severity| severity.min(Severity::Low));
        } else if vulnerability.exploited.is_some() {
            vulnerability.severity = Some(Severity::Critical);
            vulnerability.rated_by = RatedBy::KnownExploited;
        }
        vulnerability.suppressed =
            self.statements.iter().find_map(|vex| vex.suppression(vulnerability, inventory));
    }
}
