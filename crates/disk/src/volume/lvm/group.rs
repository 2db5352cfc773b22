//! A volume group as its metadata text describes it.
//!
//! Reference: lvm2's `lib/format_text/import_vsn1.c`, and `import` of each segment type.

use std::collections::BTreeMap;

use super::text::{Section, Value};

/// Bytes of the unit of sizes in the text.
const SECTOR: u64 = 512;
/// Segments of one logical volume.
const MAX_SEGMENTS: usize = 1 << 20;

/// A volume group.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::volume) struct Group {
    pub(in crate::volume) name: String,
    /// Its UUID, without dashes.
    pub(in crate::volume) uuid: String,
    /// Counts the changes of the metadata: the highest is the newest.
    pub(in crate::volume) seqno: u64,
    /// Bytes of an extent.
    pub(super) extent: u64,
    /// Physical volumes by the name that the text gives them: "pv0".
    pub(super) physical: BTreeMap<String, Physical>,
    /// Logical volumes by name, hidden ones too.
    pub(super) logical: BTreeMap<String, Volume>,
}

/// A physical volume of the group.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Physical {
    /// Its UUID, without dashes.
    pub(super) uuid: String,
    /// Where its first extent begins, in bytes.
    pub(super) start: u64,
    /// Number of extents.
    pub(super) count: u64,
}

/// A logical volume.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Volume {
    pub(super) uuid: String,
    /// Whether the machine shows it; the others are parts of these.
    pub(super) visible: bool,
    pub(super) segments: Vec<Segment>,
}

/// A run of extents of a logical volume.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// First extent.
    pub(super) start: u64,
    /// Number of extents.
    pub(super) count: u64,
    pub(super) kind: Kind,
}

/// How a segment is made.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Stripes of so many bytes over areas; linear, if there is one.
    Striped(u64, Vec<Area>),
    /// The same in each area.
    Mirror(Vec<Area>),
    /// "raid1", "raid5_ls", …
    Raid(Raid),
    /// The copy-on-write store of a snapshot.
    Snapshot {
        origin: String,
        store: String,
    },
    Zero,
    /// The machine itself gets errors here.
    Error,
    /// A type that is not read, and the volumes it is made of.
    Other(String, Vec<String>),
}

/// A segment of dm-raid.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Raid {
    pub(super) name: String,
    /// Bytes of a stripe.
    pub(super) stripe: u64,
    /// Copies of RAID 10.
    pub(super) copies: u64,
    /// Names of the volumes with the data, in order.
    pub(super) images: Vec<String>,
    /// Names of the volumes with the state of each image; none for RAID 0.
    pub(super) states: Vec<String>,
    /// Whether it is being changed from one layout to another.
    pub(super) reshaping: bool,
}

/// A place in a physical or logical volume.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) volume: String,
    /// First extent in it.
    pub(super) extent: u64,
}

fn bare(uuid: &str) -> String {
    uuid.chars().filter(|&c| c != '-').collect()
}

impl Group {
    /// The group of a metadata text.
    ///
    /// # Errors
    /// What the text lacks.
    pub(in crate::volume) fn parse(text: &[u8]) -> Result<Self, String> {
        let whole = super::text::parse(text)?;
        let group = whole.sections().find(|(_, section)| section.number("extent_size").is_some());
        let (name, section) = group.ok_or("metadata text: no volume group")?;
        let lacks = |key: &str| format!("volume group {}: no {key}", crate::text::Escaped(name.as_bytes()));
        let extent = section.number("extent_size").and_then(|sectors| sectors.checked_mul(SECTOR));
        let mut physical = BTreeMap::new();
        for (name, section) in section.section("physical_volumes").iter().flat_map(|all| all.sections()) {
            physical.insert(name.to_owned(), Physical::parse(section).ok_or_else(|| lacks(name))?);
        }
        let mut logical = BTreeMap::new();
        for (name, section) in section.section("logical_volumes").iter().flat_map(|all| all.sections()) {
            logical.insert(name.to_owned(), Volume::parse(section).ok_or_else(|| lacks(name))?);
        }
        Ok(Self {
            name: name.to_owned(),
            uuid: bare(section.text("id").ok_or_else(|| lacks("id"))?),
            seqno: section.number("seqno").ok_or_else(|| lacks("seqno"))?,
            extent: extent.filter(|&bytes| bytes > 0).ok_or_else(|| lacks("extent_size"))?,
            physical,
            logical,
        })
    }

    /// UUIDs of its physical volumes.
    pub(in crate::volume) fn members(&self) -> impl Iterator<Item = &str> {
        self.physical.values().map(|physical| physical.uuid.as_str())
    }
}

impl Physical {
    fn parse(section: &Section) -> Option<Self> {
        Some(Self {
            uuid: bare(section.text("id")?),
            start: section.number("pe_start")?.checked_mul(SECTOR)?,
            count: section.number("pe_count")?,
        })
    }
}

impl Volume {
    fn parse(section: &Section) -> Option<Self> {
        let segments = section.sections().filter(|(name, _)| name.starts_with("segment")).take(MAX_SEGMENTS);
        let mut segments: Vec<Segment> =
            segments.map(|(_, section)| Segment::parse(section)).collect::<Option<_>>()?;
        segments.sort_by_key(|segment| segment.start);
        Some(Self { uuid: bare(section.text("id")?), visible: section.has("status", "VISIBLE"), segments })
    }

    /// Names of the logical volumes (and physical ones) that it is made of.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flat_map(|segment| segment.kind.parts())
    }
}

impl Segment {
    fn parse(section: &Section) -> Option<Self> {
        let bytes = |key| section.number(key).unwrap_or(0).checked_mul(SECTOR);
        let name = section.text("type")?;
        let kind = match name {
            "striped" | "linear" => Kind::Striped(bytes("stripe_size")?, areas(section.list("stripes"))?),
            "mirror" => Kind::Mirror(areas(section.list("mirrors"))?),
            "zero" => Kind::Zero,
            "error" => Kind::Error,
            "snapshot" => Kind::Snapshot {
                origin: section.text("origin")?.to_owned(),
                store: section.text("cow_store").or_else(|| section.text("merging_store"))?.to_owned(),
            },
            raid if raid.starts_with("raid") => Kind::Raid(Raid {
                name: raid.to_owned(),
                stripe: bytes("stripe_size")?,
                copies: section.number("data_copies").unwrap_or(2),
                states: words(section.list("raids")).step_by(2).collect(),
                images: match section.list("raid0_lvs") {
                    [] => words(section.list("raids")).skip(1).step_by(2).collect(),
                    images => words(images).collect(),
                },
                reshaping: section.number("reshape_count").unwrap_or(0) > 0
                    || section.number("data_offset").unwrap_or(0) > 0,
            }),
            other => Kind::Other(other.to_owned(), named(section)),
        };
        Some(Self { start: section.number("start_extent")?, count: section.number("extent_count")?, kind })
    }
}

impl Kind {
    fn parts(&self) -> Vec<&str> {
        match self {
            Self::Striped(_, areas) | Self::Mirror(areas) => {
                areas.iter().map(|area| area.volume.as_str()).collect()
            }
            Self::Raid(raid) => raid.images.iter().chain(&raid.states).map(String::as_str).collect(),
            Self::Other(_, parts) => parts.iter().map(String::as_str).collect(),
            Self::Snapshot { .. } | Self::Zero | Self::Error => Vec::new(),
        }
    }
}

fn words(values: &[Value]) -> impl Iterator<Item = String> {
    values.iter().filter_map(|value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    })
}

/// `["pv0", 0, "pv1", 12]`.
fn areas(values: &[Value]) -> Option<Vec<Area>> {
    let area = |pair: &[Value]| match pair {
        [Value::Text(volume), Value::Number(extent)] => {
            Some(Area { volume: volume.clone(), extent: u64::try_from(*extent).ok()? })
        }
        _ => None,
    };
    let areas: Option<Vec<Area>> = values.chunks(2).map(area).collect();
    areas.filter(|areas| !areas.is_empty())
}

/// Every word of a segment of an unknown type: names of its parts are among them.
fn named(section: &Section) -> Vec<String> {
    section.words().map(str::to_owned).collect()
}
