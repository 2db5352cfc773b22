//! Whose an image is. Every image and every instance is in exactly one class.

use std::collections::BTreeSet;

use super::estate::{Alias, Estate, Image};
use super::moment::{DAY, Moment};
use super::publishers::{Publisher, Publishers};

/// Whose an image is, from the nearest to the most foreign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Of an account that was exported, or is named as one's own.
    Own,
    /// AWS vouches for the owner: Amazon, and publishers that it has verified.
    Amazon,
    /// A seller of the Marketplace.
    Marketplace,
    /// A logically air-gapped vault of AWS Backup.
    BackupVault,
    /// An owner whom the policy trusts.
    Trusted,
    /// An owner of the table of publishers.
    KnownPublisher,
    /// Somebody else's, shared privately.
    SharedPrivately,
    /// Somebody else's, and public.
    PublicStranger,
    /// No export says whose it is.
    NoInformation,
}

impl Class {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 9] = [
        Self::Own,
        Self::Amazon,
        Self::Marketplace,
        Self::BackupVault,
        Self::Trusted,
        Self::KnownPublisher,
        Self::SharedPrivately,
        Self::PublicStranger,
        Self::NoInformation,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Amazon => "amazon",
            Self::Marketplace => "marketplace",
            Self::BackupVault => "backup-vault",
            Self::Trusted => "trusted",
            Self::KnownPublisher => "known-publisher",
            Self::SharedPrivately => "shared-by-stranger",
            Self::PublicStranger => "public-stranger",
            Self::NoInformation => "no-information",
        }
    }

    /// As people say it.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Own => "your own accounts",
            Self::Amazon => "Amazon and verified publishers",
            Self::Marketplace => "AWS Marketplace",
            Self::BackupVault => "AWS Backup vaults",
            Self::Trusted => "owners you trust",
            Self::KnownPublisher => "known publishers",
            Self::SharedPrivately => "strangers, shared privately",
            Self::PublicStranger => "strangers, public",
            Self::NoInformation => "unknown: not in the export",
        }
    }

    /// Whether nobody vouches for its owner.
    pub const fn is_stranger(self) -> bool {
        matches!(self, Self::SharedPrivately | Self::PublicStranger)
    }
}

/// What holds of an image beside its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// It has the name of a publisher's images, and another owner.
    LookAlike,
    /// It was deregistered, and instances of it are still there.
    Deregistered,
    /// Its owner has disabled it.
    Disabled,
    /// It is deprecated.
    Deprecated,
    /// It is older than the policy lets images be.
    Old,
    /// Allowed AMIs hides it, or would.
    NotAllowed,
    /// An own image that everybody may launch.
    Public,
    /// An own image that is shared with other accounts.
    SharedOutside,
    /// An own image with a snapshot that is not encrypted.
    Unencrypted,
    /// Its instances may answer version 1 of the metadata service.
    ImdsV1,
}

impl Flag {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LookAlike => "look-alike",
            Self::Deregistered => "deregistered",
            Self::Disabled => "disabled",
            Self::Deprecated => "deprecated",
            Self::Old => "old",
            Self::NotAllowed => "not-allowed",
            Self::Public => "public",
            Self::SharedOutside => "shared-outside",
            Self::Unencrypted => "unencrypted",
            Self::ImdsV1 => "imdsv1",
        }
    }
}

/// What decides whose images are.
#[derive(Clone, Debug)]
pub struct Trust<'t> {
    /// Own accounts beside those that were exported.
    pub own: BTreeSet<String>,
    /// Owners whom the policy trusts.
    pub trusted: BTreeSet<String>,
    /// The table of publishers.
    pub publishers: &'t Publishers,
    /// Days after which an image is old.
    pub max_age_days: Option<u32>,
    /// The moment of the judgement.
    pub now: Moment,
}

impl Trust<'_> {
    /// Whether an account is one's own.
    pub fn is_own(&self, estate: &Estate, account: &str) -> bool {
        estate.is_own(account) || self.own.contains(account)
    }

    /// Whose the image is.
    pub fn class(&self, estate: &Estate, image: &Image) -> Class {
        let owner = image.owner.as_deref();
        if owner.is_some_and(|owner| self.is_own(estate, owner)) {
            return Class::Own;
        }
        match image.alias {
            Some(Alias::Amazon) => return Class::Amazon,
            Some(Alias::Marketplace) => return Class::Marketplace,
            Some(Alias::BackupVault) => return Class::BackupVault,
            None => {}
        }
        match (owner, image.is_public) {
            (None, _) => Class::NoInformation,
            (Some(owner), _) if self.trusted.contains(owner) => Class::Trusted,
            (Some(owner), _) if self.publishers.of_account(owner).is_some() => Class::KnownPublisher,
            (_, Some(true)) => Class::PublicStranger,
            (_, Some(false)) => Class::SharedPrivately,
            (_, None) => Class::NoInformation,
        }
    }

    /// The publisher whose name a stranger's image has.
    pub fn look_alike(&self, class: Class, image: &Image) -> Option<&Publisher> {
        if !class.is_stranger() {
            return None;
        }
        let mut named = self.publishers.of_name(image.name.as_deref()?);
        let first = named.next()?;
        let is_theirs =
            |publisher: &Publisher| image.owner.as_deref().is_some_and(|owner| publisher.has_account(owner));
        let is_any = is_theirs(first) || named.any(is_theirs);
        (!is_any).then_some(first)
    }

    /// What the image itself says; what depends on settings of a region is added elsewhere.
    pub fn flags(&self, estate: &Estate, class: Class, is_look_alike: bool, image: &Image) -> BTreeSet<Flag> {
        let is_own = class == Class::Own;
        let state = image.state.as_deref();
        let permissions = image.permissions.as_deref().unwrap_or_default();
        let all = [
            (Flag::LookAlike, is_look_alike),
            (Flag::Deregistered, state == Some("deregistered") || image.is_in_recycle_bin),
            (Flag::Disabled, state == Some("disabled")),
            (Flag::Deprecated, image.is_deprecated(self.now) == Some(true)),
            (Flag::Old, self.is_old(image)),
            (Flag::Public, is_own && image.is_public == Some(true)),
            (Flag::SharedOutside, is_own && self.outsiders(estate, permissions).next().is_some()),
            (Flag::Unencrypted, is_own && image.is_unencrypted()),
        ];
        all.into_iter().filter_map(|(flag, holds)| holds.then_some(flag)).collect()
    }

    fn is_old(&self, image: &Image) -> bool {
        let age = image.created.and_then(|created| created.until(self.now));
        let limit = self.max_age_days.map(|days| i64::from(days) * DAY);
        matches!((age, limit), (Some(age), Some(limit)) if age > limit)
    }

    /// Those of whom somebody else is one: not everybody, and not one's own accounts.
    pub fn outsiders<'p>(
        &'p self,
        estate: &'p Estate,
        permissions: &'p [super::estate::Permission],
    ) -> impl Iterator<Item = &'p str> {
        use super::estate::Permission;
        permissions.iter().filter_map(move |permission| match permission {
            Permission::Account(account)
                if !self.is_own(estate, account) && !self.trusted.contains(account) =>
            {
                Some(account.as_str())
            }
            _ => None,
        })
    }
}
