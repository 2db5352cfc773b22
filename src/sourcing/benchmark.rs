//! What the CIS AWS Compute Services Benchmark (v1.0.0, section 2.1) asks of images, judged by what exports say.
//!
//! Three answers: what an export or the policy leaves out makes a recommendation not decidable, and is named.

use std::collections::BTreeSet;

use super::Rules;
use super::class::{Class, Flag};
use super::estate::{Estate, Image, Permission};
use super::inventory::ImageRow;
use super::moment::{DAY, Moment};

/// Days after which an image is too old for recommendation 2.1.4.
const MAX_AGE_DAYS: i64 = 90;

/// Whether a recommendation is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every image meets it.
    Pass,
    /// Some image does not.
    Fail,
    /// None is known to fail, but something is not known.
    NotDecidable,
}

impl Outcome {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotDecidable => "not decidable",
        }
    }
}

/// How the images stand to one recommendation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recommendation {
    /// `2.1.1`
    pub number: &'static str,
    /// What it asks for.
    pub title: &'static str,
    /// Images that it is about.
    pub images: usize,
    /// Ids of those that fail.
    pub failed: Vec<String>,
    /// Ids of those of which something is not known.
    pub undecided: Vec<String>,
    /// What is not known: members of an answer of AWS, an answer as a whole, or a key of the policy.
    pub missing: BTreeSet<&'static str>,
}

impl Recommendation {
    /// What decides, in words: how many images fail, or what is missing.
    pub fn reason(&self) -> String {
        let images = if self.images == 1 { "1 image".to_owned() } else { format!("{} images", self.images) };
        let missing: Vec<&str> = self.missing.iter().copied().collect();
        match self.outcome() {
            Outcome::Pass => images,
            Outcome::Fail => format!("{} of {images}", self.failed.len()),
            Outcome::NotDecidable => format!("{} is missing", missing.join(", ")),
        }
    }

    /// Whether it is met.
    pub fn outcome(&self) -> Outcome {
        match (self.failed.is_empty(), self.missing.is_empty()) {
            (false, _) => Outcome::Fail,
            (true, false) => Outcome::NotDecidable,
            (true, true) => Outcome::Pass,
        }
    }
}

/// How one image stands to a recommendation.
enum Answer {
    Meets,
    Fails,
    Lacks(&'static str),
}

impl Answer {
    fn of(meets: bool) -> Self {
        if meets { Self::Meets } else { Self::Fails }
    }
}

/// The recommendations, in their order. `images` are the rows of the inventory.
pub fn judge(estate: &Estate, images: &[ImageRow], rules: &Rules, now: Moment) -> Vec<Recommendation> {
    let own: Vec<&ImageRow> = images.iter().filter(|row| is_there(row)).collect();
    let used: Vec<&ImageRow> = images.iter().filter(|row| row.is_used()).collect();
    let known = |row: &ImageRow| estate.images.get(&row.id);
    let of_image = |answer: &dyn Fn(&Image) -> Answer, row: &ImageRow| {
        known(row).map_or(Answer::Lacks("describe-images"), answer)
    };
    vec![
        recommendation("2.1.1", "own images are named by one convention", &own, true, |row| {
            named(row, rules.naming.as_deref())
        }),
        recommendation("2.1.2", "own images are encrypted", &own, true, |row| {
            of_image(&|image| encrypted(estate, image), row)
        }),
        recommendation("2.1.3", "only approved images are in use", &used, false, |row| approved(row, rules)),
        recommendation("2.1.4", "own images are at most 90 days old", &own, true, |row| young(row, now)),
        recommendation("2.1.5", "own images are not public", &own, true, |row| of_image(&private, row)),
    ]
}

/// Whether it is an own image that still exists.
fn is_there(row: &ImageRow) -> bool {
    row.class == Class::Own && !row.flags.contains(&Flag::Deregistered)
}

fn recommendation(
    number: &'static str,
    title: &'static str,
    rows: &[&ImageRow],
    is_of_own: bool,
    answer: impl Fn(&ImageRow) -> Answer,
) -> Recommendation {
    let mut told = Recommendation {
        number,
        title,
        images: rows.len(),
        failed: Vec::new(),
        undecided: Vec::new(),
        missing: BTreeSet::new(),
    };
    if is_of_own && rows.is_empty() {
        // An account without images, or an export without them: it is not told which.
        told.missing.insert("describe-images --owners self");
    }
    for row in rows {
        match answer(row) {
            Answer::Meets => {}
            Answer::Fails => told.failed.push(row.id.clone()),
            Answer::Lacks(what) => {
                told.undecided.push(row.id.clone());
                told.missing.insert(what);
            }
        }
    }
    told
}

fn named(row: &ImageRow, pattern: Option<&str>) -> Answer {
    match (pattern, &row.name) {
        (None, _) => Answer::Lacks("`naming` of the policy"),
        (_, None) => Answer::Lacks("Name"),
        (Some(pattern), Some(name)) => Answer::of(super::glob::fits(pattern, name)),
    }
}

fn encrypted(estate: &Estate, image: &Image) -> Answer {
    let is_encrypted = |mapping: &super::estate::Mapping| {
        let snapshot = mapping.snapshot.as_ref().and_then(|id| estate.snapshots.get(id));
        mapping.encrypted.or_else(|| snapshot?.encrypted)
    };
    let answers: Vec<Option<bool>> = image.mappings.iter().map(is_encrypted).collect();
    match () {
        () if answers.contains(&Some(false)) => Answer::Fails,
        () if answers.is_empty() => Answer::Lacks("BlockDeviceMappings"),
        () if answers.contains(&None) => Answer::Lacks("Encrypted"),
        () => Answer::Meets,
    }
}

fn approved(row: &ImageRow, rules: &Rules) -> Answer {
    match () {
        () if rules.approved.is_empty() => Answer::Lacks("`approved` of the policy"),
        () if rules.approves(row) => Answer::Meets,
        () if row.name.is_none() => Answer::Lacks("Name"),
        () => Answer::Fails,
    }
}

fn young(row: &ImageRow, now: Moment) -> Answer {
    let age = row.created.and_then(|created| created.until(now));
    age.map_or(Answer::Lacks("CreationDate"), |seconds| Answer::of(seconds <= MAX_AGE_DAYS * DAY))
}

fn private(image: &Image) -> Answer {
    let permissions = image.permissions.as_deref();
    let is_shared_with_all = permissions.map(|all| all.contains(&Permission::All));
    match (image.is_public, is_shared_with_all) {
        (Some(true), _) | (_, Some(true)) => Answer::Fails,
        (None, None) => Answer::Lacks("Public"),
        _ => Answer::Meets,
    }
}
