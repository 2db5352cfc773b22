//! The tables of an account for the page: packed, so that a page of 20,000 images and 100,000 instances stays small.
//!
//! What many rows share (owners, regions, roles …) stands once, and rows refer to it by number.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

use super::embed::{self, Embedded};
use super::escaped;
use crate::audit::Report;
use crate::finding::Severity;
use crate::sourcing::Inventory;
use crate::sourcing::benchmark::Recommendation;
use crate::sourcing::class::{Class, Flag};
use crate::sourcing::inventory::ImageRow;

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

/// How the images stand to a recommendation of CIS.
pub(super) struct Benchmark {
    pub(super) number: &'static str,
    pub(super) title: &'static str,
    pub(super) outcome: &'static str,
    pub(super) reason: String,
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
    pub(super) benchmark: Vec<Benchmark>,
    pub(super) rows: Vec<Row>,
    pub(super) more: usize,
    /// The table for the script.
    pub(super) table: Embedded,
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

/// Bytes of an id.
const ID: usize = 8;

/// Ids without their prefix: nearly all are a 0 and sixteen more digits of base 16, which is eight bytes.
#[derive(Default, Serialize)]
struct Ids {
    #[serde(serialize_with = "in_base64")]
    bytes: Vec<u8>,
    /// Those that are not, by their place.
    others: BTreeMap<usize, String>,
}

/// Images, a column a field: columns pack better than rows.
#[derive(Default, Serialize)]
struct Images {
    ids: Ids,
    names: Vec<String>,
    classes: Vec<usize>,
    owners: Vec<usize>,
    publishers: Vec<usize>,
    /// Bits.
    flags: Vec<u32>,
    /// 0: none; then from info to critical.
    severities: Vec<usize>,
    pointers: Vec<usize>,
}

/// Instances.
#[derive(Default, Serialize)]
struct Instances {
    ids: Ids,
    images: Vec<Option<usize>>,
    accounts: Vec<usize>,
    regions: Vec<usize>,
    names: Vec<usize>,
    environments: Vec<usize>,
    starters: Vec<usize>,
    roles: Vec<usize>,
    /// Runs, has an address, is open, may do everything, answers version 1.
    bits: Vec<u32>,
}

/// What the script reads.
#[derive(Serialize)]
struct Table<'t> {
    words: &'t [String],
    classes: Vec<&'static str>,
    flags: Vec<&'static str>,
    images: Images,
    instances: Instances,
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
            benchmark: inventory.benchmark.iter().map(benchmark).collect(),
            more: shown.clone().count().saturating_sub(ROWS),
            rows: shown.take(ROWS).map(|image| row(image, &worst)).collect(),
            table: table(inventory, &worst),
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

fn benchmark(row: &Recommendation) -> Benchmark {
    Benchmark { number: row.number, title: row.title, outcome: row.outcome().name(), reason: row.reason() }
}

fn row(image: &ImageRow, worst: &BTreeMap<&str, Severity>) -> Row {
    let flags: Vec<&str> = image.flags.iter().map(|flag| flag.name()).collect();
    Row {
        id: escaped(&image.id),
        name: image.name.as_deref().map(escaped).unwrap_or_default(),
        class: image.class.about(),
        owner: escaped(publisher(image).or(image.owner.as_deref()).unwrap_or("?")),
        running: format!("{} of {}", image.running, image.instances),
        flags: flags.join(", "),
        severity: worst.get(image.id.as_str()).map_or("", |severity| severity.name()),
    }
}

/// The publisher whose image it is, not the one for whose it may be taken.
fn publisher(image: &ImageRow) -> Option<&str> {
    image.publisher.as_deref().filter(|_| !image.flags.contains(&Flag::LookAlike))
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

fn table(inventory: &Inventory, worst: &BTreeMap<&str, Severity>) -> Embedded {
    let mut words = Words::default();
    // Nothing is the first word.
    words.number("");
    let images = images(inventory, worst, &mut words);
    let instances = instances(inventory, &mut words);
    embed::embedded(&Table {
        words: &words.all,
        classes: Class::ALL.map(Class::about).into(),
        flags: FLAGS.map(Flag::name).into(),
        images,
        instances,
    })
}

impl Ids {
    /// Takes the next one; `prefix` is what all of them have.
    fn push(&mut self, id: &str, prefix: &str) {
        let bare = id.strip_prefix(prefix).unwrap_or(id);
        let digits = bare.strip_prefix('0').filter(|digits| digits.len() == 16);
        let is_plain = |digits: &&str| digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = digits.filter(is_plain).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        if number.is_none() {
            self.others.insert(self.bytes.len() / ID, escaped(bare));
        }
        self.bytes.extend(number.unwrap_or_default().to_be_bytes());
    }
}

/// Bytes in base64.
fn in_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn images(inventory: &Inventory, worst: &BTreeMap<&str, Severity>, words: &mut Words) -> Images {
    let mut images = Images::default();
    for row in &inventory.images {
        let severity = worst.get(row.id.as_str());
        let rank = severity.and_then(|severity| Severity::ALL.iter().rev().position(|one| one == severity));
        images.ids.push(&row.id, "ami-");
        images.names.push(row.name.as_deref().map(escaped).unwrap_or_default());
        images.classes.push(Class::ALL.iter().position(|class| *class == row.class).unwrap_or_default());
        images.owners.push(words.number(row.owner.as_deref().unwrap_or_default()));
        images.publishers.push(words.number(publisher(row).unwrap_or_default()));
        images.flags.push(bits(FLAGS.map(|flag| row.flags.contains(&flag))));
        images.severities.push(rank.map_or(0, |rank| rank + 1));
        images.pointers.push(row.pointers.len());
    }
    images
}

fn instances(inventory: &Inventory, words: &mut Words) -> Instances {
    let numbers: BTreeMap<&str, usize> =
        inventory.images.iter().enumerate().map(|(number, row)| (row.id.as_str(), number)).collect();
    let mut instances = Instances::default();
    for row in &inventory.instances {
        let mut word = |text: &Option<String>| words.number(text.as_deref().unwrap_or_default());
        instances.ids.push(&row.id, "i-");
        instances.images.push(row.image.as_deref().and_then(|image| numbers.get(image).copied()));
        instances.accounts.push(word(&row.scope.account));
        instances.regions.push(word(&row.scope.region));
        instances.names.push(word(&row.name));
        instances.environments.push(word(&row.environment));
        instances.starters.push(word(&row.started_by));
        instances.roles.push(words.number(&row.roles.join(", ")));
        let has_address = !row.addresses.is_empty();
        instances.bits.push(bits([row.is_running, has_address, row.is_open, row.has_admin, row.is_imds_v1]));
    }
    instances
}
