//! md, the software RAID of Linux: members -> an array.
//!
//! Read are linear arrays, RAID 0, 1, 10, and RAID 4, 5 and 6 with all members in sync. An array that
//! cannot be put together is closed, with its level and members.

mod superblock;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::bytes::mapped::{Mapped, Piece};
use crate::bytes::{Source, Span};

pub(super) use superblock::Member;

use super::logical::{Closed, Logical, Opened};
use super::raid::{Array, Geometry, MAX_LEGS};

/// A member found on a device.
pub(super) struct Leg {
    /// Index of the device.
    pub(super) device: usize,
    pub(super) member: Member,
    pub(super) source: Arc<dyn Source>,
}

impl Leg {
    /// The UUID of its array.
    pub(super) fn array(&self) -> [u8; 16] {
        self.member.array
    }

    /// Whether the device begins with bytes of the array; else its first bytes are none of it.
    pub(super) fn is_first(&self) -> bool {
        self.member.data.offset == 0
    }

    /// The part of its data of `len` bytes from `offset`.
    fn piece(&self, offset: u64, len: u64) -> Piece {
        let offset = self.member.data.offset.saturating_add(offset);
        Piece { source: Some(Arc::clone(&self.source)), offset, len }
    }
}

/// Whether every leg of the array is there and in date.
pub(super) fn is_whole(legs: &[&Leg]) -> bool {
    let Some(first) = legs.first() else { return false };
    in_date(legs).len() as u64 == u64::from(first.member.legs)
}

/// The array that `legs` (all of one array) make.
pub(super) fn array(legs: &[&Leg]) -> Option<Logical> {
    let newest = legs.iter().max_by_key(|leg| leg.member.events)?;
    let member = &newest.member;
    let content = open(member, legs);
    let size = content.as_ref().map_or_else(|_| member.size, |opened| opened.source.len());
    let label = member.name.rsplit_once(':').map_or(member.name.as_str(), |(_, name)| name);
    let name = if label.is_empty() { "md".to_owned() } else { format!("md {label}") };
    Some(Logical { name, paths: paths(member, label), size, content })
}

/// "RAID 5", "linear".
fn level_name(level: i32) -> String {
    if level == -1 { "linear".to_owned() } else { format!("RAID {level}") }
}

fn open(member: &Member, legs: &[&Leg]) -> Result<Opened, Closed> {
    let current = in_date(legs);
    let (there, wanted) = (current.len(), member.legs);
    let level = level_name(member.level);
    let state = |closed: Closed| Closed {
        reason: format!(
            "{level}, {there} of {wanted} members, metadata {}: {}",
            member.version, closed.reason
        ),
        ..closed
    };
    if let Some(obstacle) = current.values().find_map(|leg| leg.member.obstacle) {
        return Err(state(Closed::unsupported(format!("it is {obstacle}"))));
    }
    if wanted == 0 || usize::try_from(wanted).is_ok_and(|wanted| wanted > MAX_LEGS) {
        return Err(state(Closed::damaged("no possible number of members")));
    }
    let mapped = match member.level {
        -1 => linear(member, &current),
        0 => striped(member, &current),
        1 => mirror(member, &current),
        10 => copies(member, &current),
        4..=6 => parity(member, &current),
        _ => Err(Closed::unsupported("this level is not read")),
    };
    let mut opened = mapped.map_err(state)?;
    if there < legs.len() {
        let left = legs.len() - there;
        opened.notes.push(format!("{left} members are spare, failed or out of date, and are not read"));
    }
    if !member.clean {
        opened.notes.push(format!("{level}: the members were not in sync; their copies may differ"));
    }
    Ok(opened)
}

/// By role: the members whose data is the newest.
fn in_date<'a>(legs: &[&'a Leg]) -> BTreeMap<u32, &'a Leg> {
    let newest = legs.iter().map(|leg| leg.member.events).max().unwrap_or(0);
    let mut roles = BTreeMap::new();
    for leg in legs {
        let Some(role) = leg.member.role.filter(|&role| role < leg.member.legs) else { continue };
        // The kernel takes a member that is one event behind.
        if leg.member.events.saturating_add(1) >= newest && leg.member.obstacle != Some("being rebuilt") {
            roles.entry(role).or_insert(*leg);
        }
    }
    roles
}

/// All members in order, or which one is missing.
fn all<'a>(member: &Member, legs: &BTreeMap<u32, &'a Leg>) -> Result<Vec<&'a Leg>, Closed> {
    let leg = |role| {
        let missing = || Closed::missing(format!("member {role} is missing"));
        legs.get(&role).copied().ok_or_else(missing)
    };
    (0..member.legs).map(leg).collect()
}

fn opened(pieces: Vec<Piece>, places: Vec<(usize, Span)>) -> Result<Opened, Closed> {
    let mapped = Mapped::new(pieces).ok_or_else(|| Closed::damaged("its size is not possible"))?;
    let missing = mapped.missing();
    Ok(Opened { source: Arc::new(mapped), places, missing, notes: Vec::new() })
}

fn place(leg: &Leg, len: u64) -> (usize, Span) {
    (leg.device, Span::new(leg.member.data.offset, len))
}

/// Bytes rounded down to whole chunks.
fn whole_chunks(len: u64, chunk: u64) -> u64 {
    len.checked_div(chunk).map_or(len, |chunks| chunks.saturating_mul(chunk))
}

fn linear(member: &Member, legs: &BTreeMap<u32, &Leg>) -> Result<Opened, Closed> {
    let legs = all(member, legs)?;
    let len = |leg: &Leg| whole_chunks(leg.member.data.len, member.chunk);
    let pieces = legs.iter().map(|leg| leg.piece(0, len(leg))).collect();
    opened(pieces, legs.iter().map(|leg| place(leg, len(leg))).collect())
}

/// RAID 0: rows over all members; where some are longer, further zones over these.
fn striped(member: &Member, legs: &BTreeMap<u32, &Leg>) -> Result<Opened, Closed> {
    let legs = all(member, legs)?;
    let len = |leg: &Leg| whole_chunks(leg.member.data.len, member.chunk);
    let mut pieces = Vec::new();
    let (mut done, mut chunks) = (0_u64, 0_u64);
    let (mut rest, mut missing) = (legs.clone(), 0_u64);
    while let Some(end) = rest.iter().map(|leg| len(leg)).min() {
        let rows = end.saturating_sub(done);
        let count = rest.len() as u64;
        // In the layout of before Linux 3.14 the turn goes on from one zone to the next.
        let shift = match member.layout {
            _ if pieces.is_empty() => 0,
            1 => chunks % count,
            2 => 0,
            other => {
                return Err(Closed::unsupported(format!("members of several sizes with layout {other}")));
            }
        };
        let zone = rows.checked_mul(count).ok_or_else(|| Closed::damaged("its size is not possible"))?;
        let mut zone_legs: Vec<Option<Arc<dyn Source>>> = Vec::new();
        for leg in &rest {
            let part = opened(vec![leg.piece(done, rows)], Vec::new())?;
            missing = missing.saturating_add(part.missing);
            zone_legs.push(Some(part.source));
        }
        let array = Array::new(zone_legs, Geometry::Striped { shift }, member.chunk, zone);
        let array = array.map_err(Closed::damaged)?;
        pieces.push(Piece { source: Some(Arc::new(array)), offset: 0, len: zone });
        chunks = chunks.saturating_add(zone / member.chunk.max(1));
        done = end;
        rest.retain(|leg| len(leg) > end);
    }
    let whole = opened(pieces, legs.iter().map(|leg| place(leg, len(leg))).collect())?;
    Ok(Opened { missing, ..whole })
}

fn mirror(member: &Member, legs: &BTreeMap<u32, &Leg>) -> Result<Opened, Closed> {
    // The most recent, then the first.
    let best = legs.values().max_by_key(|leg| (leg.member.events, std::cmp::Reverse(leg.member.role)));
    let leg = best.ok_or_else(|| Closed::missing("no member is in sync"))?;
    let mut opened = opened(vec![leg.piece(0, member.size)], vec![place(leg, member.size)])?;
    let count = member.legs;
    if count > 1 {
        let role = leg.member.role.unwrap_or_default();
        opened
            .notes
            .push(format!("RAID 1: member {role} of {count} is read, the others are taken as its copies"));
    }
    Ok(opened)
}

/// The array of legs that each give `member.size` bytes.
fn chunked(
    member: &Member,
    legs: Vec<Option<&&Leg>>,
    geometry: Geometry,
    len: Option<u64>,
) -> Result<Opened, Closed> {
    let len = len.ok_or_else(|| Closed::damaged("its size is not possible"))?;
    let (mut sources, mut places, mut missing) = (Vec::new(), Vec::new(), 0_u64);
    for leg in legs {
        let part = leg.map(|leg| opened(vec![leg.piece(0, member.size)], Vec::new())).transpose()?;
        places.extend(leg.map(|leg| place(leg, member.size)));
        missing = missing.saturating_add(part.as_ref().map_or(0, |part| part.missing));
        sources.push(part.map(|part| part.source));
    }
    let array = Array::new(sources, geometry, member.chunk, len).map_err(Closed::damaged)?;
    Ok(Opened { source: Arc::new(array), places, missing, notes: Vec::new() })
}

fn copies(member: &Member, legs: &BTreeMap<u32, &Leg>) -> Result<Opened, Closed> {
    let geometry = Geometry::copies(member.layout, usize::try_from(member.legs).unwrap_or(0))
        .map_err(Closed::unsupported)?;
    let Geometry::Copies { near, far, .. } = geometry else {
        return Err(Closed::damaged("no layout of RAID 10"));
    };
    let rows = (member.size / member.chunk.max(1)) / far;
    let len = rows.checked_mul(member.legs.into()).map(|chunks| chunks / near);
    let len = len.and_then(|chunks| chunks.checked_mul(member.chunk));
    let legs: Vec<Option<&&Leg>> = (0..member.legs).map(|role| legs.get(&role)).collect();
    chunked(member, legs, geometry, len).map_err(|closed| match closed.reason.as_str() {
        "members are missing" => Closed::missing(closed.reason),
        _ => closed,
    })
}

fn parity(member: &Member, legs: &BTreeMap<u32, &Leg>) -> Result<Opened, Closed> {
    let geometry = Geometry::parity(member.level, member.layout).map_err(Closed::unsupported)?;
    let all = all(member, legs)?;
    let data = member.legs.saturating_sub(if member.level == 6 { 2 } else { 1 });
    let len = whole_chunks(member.size, member.chunk).checked_mul(data.into());
    chunked(member, all.iter().map(Some).collect(), geometry, len)
}

/// The names that udev and mdadm give an array.
fn paths(member: &Member, label: &str) -> Vec<String> {
    let mut uuid = String::new();
    for (index, byte) in member.array.iter().enumerate() {
        let colon = if index > 0 && index % 4 == 0 { ":" } else { "" };
        let _ = write!(uuid, "{colon}{byte:02x}");
    }
    let mut paths = vec![format!("/dev/disk/by-id/md-uuid-{uuid}")];
    if !label.is_empty() {
        paths.push(format!("/dev/md/{label}"));
        paths.push(format!("/dev/disk/by-id/md-name-{}", member.name));
        if label.bytes().all(|byte| byte.is_ascii_digit()) {
            paths.push(format!("/dev/md{label}"));
        }
    }
    paths
}
