//! The tables of an account for the page: packed, so that a page of 20,000 images and 100,000 instances stays small.
//!
//! What many rows share (owners, regions, roles …) stands once, and rows refer to it by number.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::escaped;
use crate::audit::Report;
use crate::finding::Severity;
use crate::sourcing::Inventory;
use crate::sourcing::class::{Class, Flag};
use crate::sourcing::inventory::{ImageRow, InstanceRow};

/// Rows of images that can be read without scripts.
const ROWS: usize = 100;

/// A row of the table that can be read without scripts.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) class: &'static str,
    pub(super) owner: String,
    pub(super) running: String,
    pub(super) flags: String,
    pub(super) severity: &'static str,
}

/// How many of a class.
pub(super) struct ClassCount {
    pub(super) about: &'static str,
    pub(super) used: usize,
    pub(super) instances: usize,
    pub(super) running: usize,
}

/// The section of the page.
pub(super) struct Section {
    pub(super) classes: Vec<ClassCount>,
    pub(super) sentence: String,
    pub(super) rows: Vec<Row>,
    pub(super) more: usize,
    /// The table for the script: JSON, gzip, base64.
    pub(super) packed: String,
}

/// Texts that rows refer to.
#[derive(Default)]
struct Words {
    numbers: BTreeMap<String, usize>,
    all: Vec<String>,
}

impl Words {
    fn number(&mut self, word: &str) -> usize {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = self.all.len();
        self.numbers.insert(word.to_owned(), number);
        self.all.push(escaped(word));
        number
    }
}

/// Id, name, class, owner, publisher, flags as bits, severity (0: none), pointers.
type ImageCells = (String, String, usize, usize, usize, u32, usize, usize);

/// Id, image, account, region, name, environment, what started it, role, bits: runs, has an address, is open, may do
/// everything, answers version 1.
type InstanceCells = (String, Option<usize>, usize, usize, String, usize, usize, usize, u32);

/// What the script reads.
#[derive(Serialize)]
struct Table<'t> {
    words: &'t [String],
    classes: Vec<&'static str>,
    flags: Vec<&'static str>,
    images: Vec<ImageCells>,
    instances: Vec<InstanceCells>,
}

impl Section {
    /// The section of an inventory; the severity of an image is that of the worst finding about it.
    pub(super) fn new(inventory: &Inventory, report: &Report) -> Self {
        let mut worst: BTreeMap<&str, Severity> = BTreeMap::new();
        for finding in &report.findings {
            if let Some(resource) = &finding.resource {
                let known = worst.entry(&resource.id).or_insert(finding.severity);
                *known = (*known).max(finding.severity);
            }
        }
        let sums = inventory.sums();
        let shown = inventory.images.iter().filter(|row| row.is_used());
        Self {
            classes: classes(inventory),
            sentence: format!(
                "{} images in use, {} instances; {}.",
                sums.images_in_use,
                sums.instances,
                if sums.add_up { "each is in exactly one class" } else { "the classes do NOT add up" }
            ),
            more: shown.clone().count().saturating_sub(ROWS),
            rows: shown.take(ROWS).map(|image| row(image, &worst)).collect(),
            packed: packed(inventory, &worst),
        }
    }
}

fn classes(inventory: &Inventory) -> Vec<ClassCount> {
    let there = inventory.classes.iter().filter(|(_, row)| row.images + row.instances > 0);
    there
        .map(|(class, row)| ClassCount {
            about: class.about(),
            used: row.used,
            instances: row.instances,
            running: row.running,
        })
        .collect()
}

fn row(image: &ImageRow, worst: &BTreeMap<&str, Severity>) -> Row {
    let flags: Vec<&str> = image.flags.iter().map(|flag| flag.name()).collect();
    Row {
        id: escaped(&image.id),
        name: image.name.as_deref().map(escaped).unwrap_or_default(),
        class: image.class.about(),
        owner: escaped(image.publisher.as_deref().or(image.owner.as_deref()).unwrap_or("?")),
        running: format!("{} of {}", image.running, image.instances),
        flags: flags.join(", "),
        severity: worst.get(image.id.as_str()).map_or("", |severity| severity.name()),
    }
}

/// All flags, in the order of their bits.
const FLAGS: [Flag; 10] = [
    Flag::LookAlike,
    Flag::Deregistered,
    Flag::Disabled,
    Flag::Deprecated,
    Flag::Old,
    Flag::NotAllowed,
    Flag::Public,
    Flag::SharedOutside,
    Flag::Unencrypted,
    Flag::ImdsV1,
];

fn bits(holds: impl IntoIterator<Item = bool>) -> u32 {
    holds.into_iter().enumerate().fold(0, |bits, (at, holds)| bits | u32::from(holds) << at)
}

fn packed(inventory: &Inventory, worst: &BTreeMap<&str, Severity>) -> String {
    let mut words = Words::default();
    // Nothing is the first word.
    words.number("");
    let numbers: BTreeMap<&str, usize> =
        inventory.images.iter().enumerate().map(|(number, row)| (row.id.as_str(), number)).collect();
    let image = |row: &ImageRow, words: &mut Words| {
        let severity = worst.get(row.id.as_str());
        let rank = severity.and_then(|severity| Severity::ALL.iter().rev().position(|one| one == severity));
        (
            escaped(&row.id),
            row.name.as_deref().map(escaped).unwrap_or_default(),
            Class::ALL.iter().position(|class| *class == row.class).unwrap_or_default(),
            words.number(row.owner.as_deref().unwrap_or_default()),
            words.number(row.publisher.as_deref().unwrap_or_default()),
            bits(FLAGS.map(|flag| row.flags.contains(&flag))),
            rank.map_or(0, |rank| rank + 1),
            row.pointers.len(),
        )
    };
    let instance = |row: &InstanceRow, words: &mut Words| {
        let mut word = |text: &Option<String>| words.number(text.as_deref().unwrap_or_default());
        let (account, region) = (word(&row.scope.account), word(&row.scope.region));
        let (environment, started_by) = (word(&row.environment), word(&row.started_by));
        let runs = matches!(row.state.as_deref(), None | Some("running" | "pending"));
        (
            escaped(&row.id),
            row.image.as_deref().and_then(|image| numbers.get(image).copied()),
            account,
            region,
            row.name.as_deref().map(escaped).unwrap_or_default(),
            environment,
            started_by,
            words.number(&row.roles.join(", ")),
            bits([runs, !row.addresses.is_empty(), row.is_open, row.has_admin, row.is_imds_v1]),
        )
    };
    let images: Vec<_> = inventory.images.iter().map(|row| image(row, &mut words)).collect();
    let instances: Vec<_> = inventory.instances.iter().map(|row| instance(row, &mut words)).collect();
    let table = Table {
        words: &words.all,
        classes: Class::ALL.map(Class::about).into(),
        flags: FLAGS.map(Flag::name).into(),
        images,
        instances,
    };
    let json = serde_json::to_vec(&table).unwrap_or_default();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // It is written to memory.
    let packed = encoder.write_all(&json).and_then(|()| encoder.finish()).unwrap_or_default();
    STANDARD.encode(packed)
}
