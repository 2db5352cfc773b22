//! The content of two systems, kind by kind: what is added, removed, changed.

use super::Side;
use super::inventory::packages::RECORDED;
use super::inventory::{Field, Inventory, Item, Items, Kind};
use super::summary::Coverage;
use crate::packages::version::Scheme;

/// One kind of content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Which.
    pub kind: Kind,
    /// Only in the new side, by name.
    pub added: Vec<Item>,
    /// Only in the old side, by name.
    pub removed: Vec<Item>,
    /// In both, and different.
    pub changed: Vec<ItemChange>,
    /// In both, and the same.
    pub same: u64,
    /// Why a side is not wholly known. What it seems to lack is then in no list.
    pub unknown: Vec<(Side, String)>,
}

impl Section {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty() && self.unknown.is_empty()
    }
}

/// Something that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemChange {
    /// Its name.
    pub name: Vec<u8>,
    /// Which way a version went.
    pub direction: Option<Direction>,
    /// What differs: the field, what it was, what it is.
    pub fields: Vec<(&'static str, Option<String>, Option<String>)>,
}

/// Which way a version went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To a later one.
    Up,
    /// To an earlier one.
    Down,
    /// To the same one, with other files in it.
    Rebuilt,
}

impl Direction {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "upgraded",
            Self::Down => "downgraded",
            Self::Rebuilt => "rebuilt",
        }
    }
}

/// Compares every kind.
pub(super) fn compare(old: (&Inventory, &Coverage), new: (&Inventory, &Coverage)) -> Vec<Section> {
    // A report and a bill of materials say less than an image.
    let is_told = |kind: &Kind| [old, new].iter().all(|(side, _)| side.items.contains_key(kind));
    Kind::ALL.into_iter().filter(is_told).map(|kind| section(kind, old, new)).collect()
}

fn section(kind: Kind, old: (&Inventory, &Coverage), new: (&Inventory, &Coverage)) -> Section {
    let none = Items::new();
    let before = old.0.items.get(&kind).unwrap_or(&none);
    let after = new.0.items.get(&kind).unwrap_or(&none);
    let unknown = |side, coverage: &Coverage| {
        let gap = coverage.blind_in(kind.sources())?;
        Some((side, format!("{}: {}", super::summary::shown(&gap.place), gap.reason)))
    };
    let blind: Vec<_> = unknown(Side::Old, old.1).into_iter().chain(unknown(Side::New, new.1)).collect();
    let is_blind = |side| blind.iter().any(|(of, _)| *of == side);
    let only = |all: &Items, other: &Items, other_is_blind: bool| {
        let lacking = all.iter().filter(|(name, _)| !other_is_blind && !other.contains_key(*name));
        lacking.map(|(name, fields)| Item { name: name.clone(), fields: fields.clone() }).collect()
    };
    let mut section = Section {
        kind,
        added: only(after, before, is_blind(Side::Old)),
        removed: only(before, after, is_blind(Side::New)),
        changed: Vec::new(),
        same: 0,
        unknown: blind,
    };
    for (name, now) in after {
        let Some(was) = before.get(name) else { continue };
        let (was, now) = comparable(was, now);
        if was == now {
            section.same = section.same.saturating_add(1);
            continue;
        }
        let scheme = new.0.schemes.get(name).copied().filter(|_| kind == Kind::Packages);
        let direction = scheme.and_then(|scheme| direction(&was, &now, scheme));
        section.changed.push(ItemChange { name: name.clone(), direction, fields: differing(&was, &now) });
    }
    section
}

/// The fields that differ; of what is not shown, that it is another.
fn differing(old: &[Field], new: &[Field]) -> Vec<(&'static str, Option<String>, Option<String>)> {
    let of = |fields: &[Field], name| fields.iter().find(|field| field.name == name).cloned();
    let mut names: Vec<&'static str> = new.iter().chain(old).map(|field| field.name).collect();
    let mut seen = Vec::new();
    names.retain(|name| {
        !seen.contains(name) && {
            seen.push(name);
            true
        }
    });
    let mut changes = Vec::new();
    for name in names {
        let (was, now) = (of(old, name), of(new, name));
        if was == now {
            continue;
        }
        let alike = was.as_ref().map(|field| &field.shown) == now.as_ref().map(|field| &field.shown);
        let other = |field: Field| if alike { format!("{} (another)", field.shown) } else { field.shown };
        changes.push((name, was.map(|field| field.shown), now.map(other)));
    }
    changes
}

/// Which way the latest of the versions went.
pub(super) fn direction(old: &[Field], new: &[Field], scheme: Scheme) -> Option<Direction> {
    let order = |a: &str, b: &str| scheme.compare(a, b).unwrap_or_else(|| a.cmp(b));
    let latest = |fields: &[Field]| {
        let shown = fields.iter().find(|field| field.name == "version").map(|field| field.shown.clone())?;
        shown.split(", ").map(str::to_owned).max_by(|a, b| order(a, b))
    };
    let (was, now) = (latest(old)?, latest(new)?);
    match order(&was, &now) {
        std::cmp::Ordering::Less => Some(Direction::Up),
        std::cmp::Ordering::Greater => Some(Direction::Down),
        std::cmp::Ordering::Equal if was == now && differs(old, new, RECORDED) => Some(Direction::Rebuilt),
        std::cmp::Ordering::Equal => None,
    }
}

fn differs(old: &[Field], new: &[Field], name: &str) -> bool {
    let of = |fields: &[Field]| fields.iter().find(|field| field.name == name).cloned();
    of(old) != of(new)
}

/// The fields of both without what one side cannot know: only an image has what its database records of files.
fn comparable(old: &[Field], new: &[Field]) -> (Vec<Field>, Vec<Field>) {
    let has = |fields: &[Field]| fields.iter().any(|field| field.name == RECORDED);
    let both = has(old) && has(new);
    let kept =
        |fields: &[Field]| fields.iter().filter(|field| both || field.name != RECORDED).cloned().collect();
    (kept(old), kept(new))
}
