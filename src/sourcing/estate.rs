//! What exports say together: the accounts and regions that were exported, the images known in them, what runs, and what
//! points at an image.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::allowed::Settings;
use super::code::Lookup;
use super::moment::Moment;

mod image;
mod instance;
mod pointer;

pub use image::{Alias, Image, Mapping, Permission, Scan, View, Watermark};
pub use instance::{Instance, Metadata};
pub use pointer::{NamedPointers, Pointer, PointerKind, Target};

/// An account and a region; either may not be known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// Twelve digits.
    pub account: Option<String>,
    /// `eu-west-1`.
    pub region: Option<String>,
}

/// `123456789012/eu-west-1`; what is not known is `?`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |part: &Option<String>| part.clone().unwrap_or_else(|| "?".to_owned());
        write!(f, "{}/{}", known(&self.account), known(&self.region))
    }
}

/// What holds for a region of an account.
#[derive(Clone, Debug, Default)]
pub struct RegionSettings {
    /// Which images may be used.
    pub allowed: Option<Settings>,
    /// `block-new-sharing` or `unblocked`.
    pub image_block: Option<String>,
    /// `block-all-sharing`, `block-new-sharing` or `unblocked`.
    pub snapshot_block: Option<String>,
    /// `required`, `optional` or `no-preference`: `HttpTokens` of new instances.
    pub metadata_tokens: Option<String>,
}

/// A snapshot of the account.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Where it was seen.
    pub scope: Scope,
    /// Whose it is.
    pub owner: Option<String>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
    /// Who may make volumes of it.
    pub permissions: Vec<Permission>,
}

/// A role of IAM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Names of the managed policies attached to it.
    pub policies: BTreeSet<String>,
}

/// How often an own image is used in another account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The other account.
    pub account: String,
    /// `ec2:Instance`, `ec2:LaunchTemplate` …
    pub kind: String,
    /// How often.
    pub count: u64,
}

/// Everything that was exported.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    /// Accounts and regions that were exported.
    pub regions: BTreeMap<Scope, RegionSettings>,
    /// Accounts that were exported, and those of their organisation.
    pub accounts: BTreeSet<String>,
    /// By id. An image that only something refers to is here, too.
    pub images: BTreeMap<String, Image>,
    /// By id.
    pub instances: BTreeMap<String, Instance>,
    /// What will start an image, or names one.
    pub pointers: Vec<Pointer>,
    /// By id.
    pub snapshots: BTreeMap<String, Snapshot>,
    /// Roles of instance profiles, by the profile's ARN.
    pub profiles: BTreeMap<String, Vec<Role>>,
    /// Security groups that let the whole internet in.
    pub open_groups: BTreeSet<String>,
    /// Auto Scaling groups of instances.
    pub group_of_instance: BTreeMap<String, String>,
    /// Use of own images in other accounts, by image.
    pub usage: BTreeMap<String, Vec<Usage>>,
    /// The latest day that an export names.
    pub exported: Option<Moment>,
}

impl Estate {
    /// The image of this id; a new one where none is known.
    pub fn image(&mut self, id: &str) -> &mut Image {
        self.images.entry(id.to_owned()).or_insert_with(|| Image::new(id))
    }

    /// The settings of a region, which is thereby one that was exported.
    pub fn region(&mut self, scope: &Scope) -> &mut RegionSettings {
        self.regions.entry(scope.clone()).or_default()
    }

    /// Whether an account is one of those that were exported.
    pub fn is_own(&self, account: &str) -> bool {
        self.accounts.contains(account)
    }

    /// Instances by the image that they were started from.
    pub fn instances_by_image(&self) -> BTreeMap<&str, Vec<&Instance>> {
        let mut by_image: BTreeMap<&str, Vec<&Instance>> = BTreeMap::new();
        for instance in self.instances.values().filter(|instance| instance.exists()) {
            if let Some(image) = &instance.image {
                by_image.entry(image).or_default().push(instance);
            }
        }
        by_image
    }

    /// Takes the images that code names by their ids.
    pub fn point_from_code(&mut self, lookups: &[Lookup]) {
        for lookup in lookups.iter().filter(|lookup| lookup.suppressed.is_none()) {
            let searched = lookup.search.image_ids.known().into_iter().flatten();
            let ids: BTreeSet<&String> = lookup.image_ids.iter().chain(searched).collect();
            if ids.is_empty() {
                continue;
            }
            for id in &ids {
                self.image(id);
            }
            self.pointers.push(Pointer {
                kind: PointerKind::Code,
                scope: Scope { account: lookup.account.clone(), region: lookup.region.clone() },
                name: lookup.place(),
                id: None,
                version: None,
                targets: ids.into_iter().cloned().map(Target::Image).collect(),
            });
        }
    }

    /// The pointers by what may name them.
    pub fn named_pointers(&self) -> NamedPointers<'_> {
        NamedPointers::new(&self.pointers)
    }
}

impl Scope {
    /// Whether both may be the same place: what is not known may be anything.
    fn may_be(&self, other: &Self) -> bool {
        let fits = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
        fits(&self.account, &other.account) && fits(&self.region, &other.region)
    }
}
