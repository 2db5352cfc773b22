//! From the segments of a logical volume to its bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::group::{Area, Group, Kind, Raid, Segment};
use crate::bytes::mapped::{Mapped, Piece};
use crate::bytes::{Record, Source, Span, read_vec};
use crate::text::Escaped;
use crate::volume::logical::{Closed, Opened};
use crate::volume::raid::{Array, Geometry};

/// How deep logical volumes of one group may be made of each other; lvm2 makes four levels.
const MAX_DEPTH: u32 = 8;
/// Places of one volume that are kept.
const MAX_PLACES: usize = 256;
/// Notes of one volume that are kept.
const MAX_NOTES: usize = 16;

/// The physical volumes that are there: by UUID, the index of the device and its bytes.
pub(super) type Devices = BTreeMap<String, (usize, Arc<dyn Source>)>;

/// Maps the volumes of one group, each once.
pub(super) struct Mapper<'a> {
    group: &'a Group,
    devices: &'a Devices,
    done: BTreeMap<&'a str, Result<Opened, Closed>>,
}

impl<'a> Mapper<'a> {
    pub(super) fn new(group: &'a Group, devices: &'a Devices) -> Self {
        Self { group, devices, done: BTreeMap::new() }
    }

    /// The bytes of the logical volume `name`.
    pub(super) fn volume(&mut self, name: &'a str, depth: u32) -> Result<Opened, Closed> {
        if let Some(known) = self.done.get(name) {
            return known.clone();
        }
        if depth > MAX_DEPTH {
            return Err(Closed::damaged(format!(
                "volumes are made of each other more than {MAX_DEPTH} deep"
            )));
        }
        // A volume that is made of itself meets this.
        self.done.insert(name, Err(Closed::damaged("volumes are made of each other in a circle")));
        let result = self.segments(name, depth);
        self.done.insert(name, result.clone());
        result
    }

    fn segments(&mut self, name: &str, depth: u32) -> Result<Opened, Closed> {
        let unknown = || Closed::damaged(format!("there is no volume {}", Escaped(name.as_bytes())));
        let volume = self.group.logical.get(name).ok_or_else(unknown)?;
        let mut whole = Gathered::default();
        let mut next = 0;
        for segment in &volume.segments {
            if segment.start != next {
                let start = segment.start;
                return Err(Closed::damaged(format!("extent {next} expected, a segment begins at {start}")));
            }
            next = segment.start.saturating_add(segment.count);
            let piece = self.segment(segment, depth, &mut whole)?;
            whole.pieces.push(piece);
        }
        whole.notes.truncate(MAX_NOTES);
        if whole.places.len() > MAX_PLACES {
            whole.places.clear();
        }
        let mapped = Mapped::new(whole.pieces).ok_or_else(|| Closed::damaged("its size is not possible"))?;
        let missing = whole.missing.saturating_add(mapped.missing());
        Ok(Opened { source: Arc::new(mapped), places: whole.places, missing, notes: whole.notes })
    }

    fn bytes(&self, extents: u64) -> Result<u64, Closed> {
        let bytes = extents.checked_mul(self.group.extent);
        bytes.ok_or_else(|| Closed::damaged(format!("{extents} extents are no possible size")))
    }

    fn segment(&mut self, segment: &'a Segment, depth: u32, whole: &mut Gathered) -> Result<Piece, Closed> {
        let len = self.bytes(segment.count)?;
        match &segment.kind {
            Kind::Zero => Ok(Piece { source: None, offset: 0, len }),
            Kind::Error => Err(Closed::missing("a part of it is lost (segment type error)")),
            Kind::Striped(_, areas) if areas.len() == 1 => {
                let area = areas.first().ok_or_else(|| Closed::damaged("a segment without areas"))?;
                self.area(area, len, depth, whole)
            }
            Kind::Striped(stripe, areas) => self.striped(*stripe, areas, len, depth, whole),
            Kind::Mirror(areas) => self.mirror(areas, len, depth, whole),
            Kind::Raid(raid) => self.raid(raid, segment, len, depth, whole),
            Kind::Snapshot { origin, .. } => Err(Closed::unsupported(format!(
                "a snapshot of {}: only what is in the origin is read",
                Escaped(origin.as_bytes())
            ))),
            Kind::Other(kind, _) => {
                Err(Closed::unsupported(format!("segment type {} is not read", Escaped(kind.as_bytes()))))
            }
        }
    }

    /// A run of a physical or logical volume.
    fn area(&mut self, area: &'a Area, len: u64, depth: u32, whole: &mut Gathered) -> Result<Piece, Closed> {
        let start = self.bytes(area.extent)?;
        let Some(physical) = self.group.physical.get(&area.volume) else {
            let part = self.volume(&area.volume, depth.saturating_add(1))?;
            whole.take(&part);
            return Ok(Piece { source: Some(part.source), offset: start, len });
        };
        let Some((device, source)) = self.devices.get(&physical.uuid) else {
            let uuid = Escaped(physical.uuid.as_bytes()).to_string();
            return Err(Closed::missing(format!("physical volume {uuid} is not in the image")));
        };
        let end = area.extent.checked_add(len / self.group.extent.max(1));
        if end.is_none_or(|end| end > physical.count) {
            let (extent, count) = (area.extent, physical.count);
            return Err(Closed::damaged(format!(
                "extents from {extent} lie beyond the {count} of their volume"
            )));
        }
        let offset = physical.start.saturating_add(start);
        whole.places.push((*device, Span::new(offset, len)));
        Ok(Piece { source: Some(Arc::clone(source)), offset, len })
    }

    fn striped(
        &mut self,
        stripe: u64,
        areas: &'a [Area],
        len: u64,
        depth: u32,
        whole: &mut Gathered,
    ) -> Result<Piece, Closed> {
        let each = (len / self.group.extent).div_ceil(areas.len() as u64);
        let each = self.bytes(each)?;
        let mut legs: Vec<Option<Arc<dyn Source>>> = Vec::new();
        for area in areas {
            let piece = self.area(area, each, depth, whole)?;
            legs.push(Some(whole.leg(piece)?));
        }
        array(legs, Geometry::Striped { shift: 0 }, stripe, len)
    }

    /// The first leg that is there: lvm2 takes the first as the one to copy from.
    fn mirror(
        &mut self,
        areas: &'a [Area],
        len: u64,
        depth: u32,
        whole: &mut Gathered,
    ) -> Result<Piece, Closed> {
        let mut lost = Closed::damaged("a mirror without legs");
        for (index, area) in areas.iter().enumerate() {
            match self.area(area, len, depth, whole) {
                Ok(piece) => {
                    let count = areas.len();
                    whole.notes.push(format!(
                        "mirror: leg {index} of {count} is read, the others are taken as its copies"
                    ));
                    return Ok(piece);
                }
                Err(error) => lost = error,
            }
        }
        Err(lost)
    }

    fn raid(
        &mut self,
        raid: &'a Raid,
        segment: &Segment,
        len: u64,
        depth: u32,
        whole: &mut Gathered,
    ) -> Result<Piece, Closed> {
        let name = Escaped(raid.name.as_bytes()).to_string();
        if raid.reshaping || segment.start != 0 {
            return Err(Closed::unsupported(format!("{name} that is being reshaped")));
        }
        let mut images: Vec<Result<Opened, Closed>> = Vec::new();
        for image in &raid.images {
            images.push(self.volume(image, depth.saturating_add(1)));
        }
        let stale = self.stale(raid, depth);
        let good = |index: usize| !stale.get(index).copied().unwrap_or(false);
        if raid.name == "raid1" {
            return first_image(&images, good, len, whole);
        }
        let geometry = geometry(raid)?;
        let mut legs = Vec::new();
        for (index, image) in images.into_iter().enumerate() {
            match (image, geometry) {
                (Ok(image), _) if good(index) => {
                    whole.take(&image);
                    legs.push(Some(image.source));
                }
                (_, Geometry::Copies { .. }) => legs.push(None),
                (Err(error), _) => {
                    return Err(Closed { reason: format!("{name}: {}", error.reason), ..error });
                }
                _ => return Err(Closed::missing(format!("{name}: image {index} is out of date"))),
            }
        }
        array(legs, geometry, raid.stripe, len)
    }

    /// Which images the newest state says to be failed, or are behind it.
    ///
    /// Reference: `struct dm_raid_superblock` of the kernel's `drivers/md/dm-raid.c`.
    fn stale(&mut self, raid: &'a Raid, depth: u32) -> Vec<bool> {
        let mut states = Vec::new();
        for state in &raid.states {
            let volume = self.volume(state, depth.saturating_add(1)).ok();
            let bytes = volume.and_then(|volume| read_vec(&*volume.source, 0, 32).ok()).unwrap_or_default();
            let record = Record::new("dm-raid superblock", &bytes);
            let there = record.u32_le(0) == Ok(0x6452_6d44);
            states.push(there.then(|| (record.u64_le(16).unwrap_or(0), record.u64_le(24).unwrap_or(0))));
        }
        let Some((newest, failed)) = states.iter().copied().flatten().max_by_key(|(events, _)| *events)
        else {
            return Vec::new();
        };
        let behind =
            |state: &Option<(u64, u64)>| state.is_none_or(|(events, _)| events.saturating_add(1) < newest);
        (0_u32..)
            .zip(&states)
            .map(|(bit, state)| behind(state) || failed.checked_shr(bit).unwrap_or(0) & 1 == 1)
            .collect()
    }
}

/// What the segments of one volume bring together.
#[derive(Default)]
struct Gathered {
    pieces: Vec<Piece>,
    places: Vec<(usize, Span)>,
    missing: u64,
    notes: Vec<String>,
}

impl Gathered {
    /// Adds what is to say of a part. Places of a part are added whole.
    fn take(&mut self, part: &Opened) {
        if self.places.len() <= MAX_PLACES {
            self.places.extend(part.places.iter().copied());
        }
        if self.notes.len() < MAX_NOTES {
            self.notes.extend(part.notes.iter().cloned());
        }
        self.missing = self.missing.saturating_add(part.missing);
    }

    /// A piece as a source of its own.
    fn leg(&mut self, piece: Piece) -> Result<Arc<dyn Source>, Closed> {
        let mapped = Mapped::new(vec![piece]).ok_or_else(|| Closed::damaged("its size is not possible"))?;
        self.missing = self.missing.saturating_add(mapped.missing());
        Ok(Arc::new(mapped))
    }
}

fn array(
    legs: Vec<Option<Arc<dyn Source>>>,
    geometry: Geometry,
    chunk: u64,
    len: u64,
) -> Result<Piece, Closed> {
    let array = Array::new(legs, geometry, chunk, len).map_err(Closed::damaged)?;
    Ok(Piece { source: Some(Arc::new(array)), offset: 0, len })
}

fn first_image(
    images: &[Result<Opened, Closed>],
    good: impl Fn(usize) -> bool,
    len: u64,
    whole: &mut Gathered,
) -> Result<Piece, Closed> {
    let open = images.iter().enumerate().filter_map(|(index, image)| Some((index, image.as_ref().ok()?)));
    let Some((index, image)) = open.clone().find(|(index, _)| good(*index)).or_else(|| open.clone().next())
    else {
        let lost = images.iter().find_map(|image| image.as_ref().err().cloned());
        return Err(lost.unwrap_or_else(|| Closed::damaged("raid1 without images")));
    };
    whole.take(image);
    let count = images.len();
    let doubt = if good(index) { "" } else { ", though it is out of date" };
    whole
        .notes
        .push(format!("raid1: image {index} of {count} is read{doubt}, the others are taken as its copies"));
    Ok(Piece { source: Some(Arc::clone(&image.source)), offset: 0, len })
}

/// lvm2's name of a RAID type as a layout of md (the table in `dm-raid.c`).
fn geometry(raid: &Raid) -> Result<Geometry, Closed> {
    let parity = |level, algorithm| Geometry::parity(level, algorithm).map_err(Closed::unsupported);
    match raid.name.as_str() {
        "raid0" | "raid0_meta" => Ok(Geometry::Striped { shift: 0 }),
        // The first image has the parity.
        "raid4" => parity(5, 4),
        "raid5_la" => parity(5, 0),
        "raid5_ra" => parity(5, 1),
        "raid5" | "raid5_ls" => parity(5, 2),
        "raid5_rs" => parity(5, 3),
        "raid5_n" => parity(5, 5),
        "raid6" | "raid6_zr" => parity(6, 8),
        "raid6_nr" => parity(6, 9),
        "raid6_nc" => parity(6, 10),
        "raid6_la_6" => parity(6, 16),
        "raid6_ra_6" => parity(6, 17),
        "raid6_ls_6" => parity(6, 18),
        "raid6_rs_6" => parity(6, 19),
        "raid6_n_6" => parity(6, 5),
        "raid10" | "raid10_near" => {
            let copies = u32::try_from(raid.copies).unwrap_or(0);
            Geometry::copies(1 << 8 | copies & 255, raid.images.len()).map_err(Closed::damaged)
        }
        other => Err(Closed::unsupported(format!("segment type {} is not read", Escaped(other.as_bytes())))),
    }
}
