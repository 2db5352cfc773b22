//! Which account and region a file speaks of: answers of AWS do not say it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Problem;
use super::part::Part;
use crate::sourcing::estate::Scope;
use crate::sourcing::is_account;

/// How an account and a region were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// The manifest says it.
    Manifest,
    /// Folders are named by account and region, or get-caller-identity lies beside it.
    Names,
    /// What runs says whose it is, and where.
    Content,
    /// Not at all.
    #[default]
    Nowhere,
}

impl Origin {
    /// What to tell of it.
    pub(super) const fn told(self) -> Option<&'static str> {
        match self {
            Self::Manifest => None,
            Self::Names => Some(
                "account and region were inferred from the names of folders and files, and get-caller-identity",
            ),
            Self::Content => Some("account and region were inferred from the instances"),
            Self::Nowhere => {
                Some("account or region of some files are not known: what depends on them is not decided")
            }
        }
    }
}

/// A scope, and how it was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) scope: Scope,
    pub(super) origin: Origin,
}

impl Place {
    /// Whether nothing more needs to be found out.
    pub(super) fn is_known(&self) -> bool {
        self.origin != Origin::Nowhere
    }
}

/// What folders say of themselves.
#[derive(Default)]
pub(super) struct Places {
    /// Accounts by the folder of a manifest or of get-caller-identity.
    accounts: BTreeMap<PathBuf, (String, Origin)>,
    /// Accounts and regions of the files of a folder.
    folders: BTreeMap<PathBuf, (BTreeSet<String>, BTreeSet<String>)>,
}

impl Places {
    /// Looks ahead at the small files that say whose a folder is.
    pub(super) fn learn(&mut self, files: &[PathBuf]) {
        for path in files {
            let Some(folder) = path.parent() else { continue };
            let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
            let is_small = fs::metadata(path).is_ok_and(|data| data.len() < 1 << 20);
            if is_small && (name.contains("identity") || name.contains("manifest")) {
                self.learn_account(path, folder);
            }
        }
    }

    fn learn_account(&mut self, path: &Path, folder: &Path) {
        let Some(value) = fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
        else {
            return;
        };
        let text = |key: &str| {
            value.get(key).and_then(Value::as_str).filter(|text| is_account(text)).map(str::to_owned)
        };
        let manifest = value.get("tool").and_then(Value::as_str) == Some("export-aws.sh");
        let origin = if manifest { Origin::Manifest } else { Origin::Names };
        if let Some(account) = text("account").or_else(|| text("Account")) {
            let known = self.accounts.entry(folder.to_owned()).or_insert_with(|| (account.clone(), origin));
            if manifest {
                *known = (account, origin);
            }
        }
    }

    /// Where a file belongs, by the folders that it lies in and its name.
    pub(super) fn of(&self, path: &Path) -> Place {
        let parts: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let words = || parts.iter().rev().flat_map(|part| part.split(['.', '_', ' ', '=', ':']));
        let region = words().find_map(region_in);
        let told = path.ancestors().skip(1).find_map(|folder| self.accounts.get(folder).cloned());
        let named = || words().find(|word| is_account(word)).map(|word| (word.to_owned(), Origin::Names));
        let account = told.or_else(named);
        // What is of the whole account has no region.
        let is_global = parts.iter().any(|part| part == "global" || part == "manifest.json");
        let origin = match (&account, &region) {
            (Some((_, origin)), _) if region.is_some() || is_global => *origin,
            _ => Origin::Nowhere,
        };
        Place { scope: Scope { account: account.map(|(account, _)| account), region }, origin }
    }

    /// Notes where a file of a folder belongs.
    pub(super) fn remember(&mut self, path: &Path, scope: &Scope) {
        let Some(folder) = path.parent() else { return };
        let (accounts, regions) = self.folders.entry(folder.to_owned()).or_default();
        accounts.extend(scope.account.clone());
        regions.extend(scope.region.clone());
    }

    /// What is not known of a file is that of its folder, where all others agree.
    pub(super) fn complete(&self, path: &Path, place: &mut Place) {
        let Some((accounts, regions)) = path.parent().and_then(|folder| self.folders.get(folder)) else {
            return;
        };
        let only = |all: &BTreeSet<String>| all.first().filter(|_| all.len() == 1).cloned();
        let scope = &mut place.scope;
        scope.account = scope.account.take().or_else(|| only(accounts));
        scope.region = scope.region.take().or_else(|| only(regions));
        if scope.account.is_some() && scope.region.is_some() {
            place.origin = Origin::Content;
        }
    }
}

/// Takes from what a file holds what its names do not say.
pub(super) fn refine(place: &mut Place, part: &Part) {
    let (account, region) = match part {
        Part::Identity(account) => (Some(account.clone()), None),
        Part::Reservations(reservations) => reservations
            .iter()
            .find_map(|reservation| {
                let zone =
                    reservation.instances.iter().flatten().find_map(|instance| instance.placement.as_ref());
                Some((reservation.owner_id.clone(), region_of_zone(zone?.availability_zone.as_deref())))
            })
            .unwrap_or_default(),
        Part::InstanceImages(entries) => entries.first().map_or((None, None), |entry| {
            (entry.owner_id.clone(), region_of_zone(entry.availability_zone.as_deref()))
        }),
        _ => return,
    };
    let scope = &mut place.scope;
    if scope.account.is_some() && scope.region.is_some() {
        return;
    }
    scope.account = scope.account.take().or(account);
    scope.region = scope.region.take().or(region);
    if scope.account.is_some() && scope.region.is_some() {
        place.origin = Origin::Content;
    }
}

/// The region of `eu-west-1a`, and of `us-west-2-lax-1a`.
pub(super) fn region_of_zone(zone: Option<&str>) -> Option<String> {
    let zone = zone?;
    let end = zone.find(|c: char| c.is_ascii_digit())?;
    let digits = zone.get(end..)?.bytes().take_while(u8::is_ascii_digit).count();
    zone.get(..end + digits).map(str::to_owned)
}

/// A word that is a region, or ends or begins with one: `eu-west-1-describe-images`.
fn region_in(word: &str) -> Option<String> {
    let parts: Vec<&str> = word.split('-').collect();
    let is_letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_number =
        |part: &str| !part.is_empty() && part.len() < 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    let areas = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "cn", "mx", "eusc"];
    (0..parts.len()).find_map(|start| {
        let rest = parts.get(start..)?;
        let length = rest.iter().position(|part| is_number(part))? + 1;
        let region = rest.get(..length)?;
        let (first, middle) = (region.first()?, region.get(1..length - 1)?);
        let is_region = areas.contains(first)
            && (1..=2).contains(&middle.len())
            && middle.iter().all(|part| is_letters(part));
        is_region.then(|| region.join("-"))
    })
}

/// Calls that the export script could not make. An image that is not found is told of where something uses it.
pub(super) fn failed_calls(manifest: &Value, path: &Path) -> Vec<Problem> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let calls = manifest.get("calls").and_then(Value::as_array);
    let failed = calls.into_iter().flatten().filter(|call| {
        text(call, "status").is_some_and(|status| !["ok", "not-found"].contains(&status.as_str()))
    });
    failed
        .map(|call| Problem {
            path: text(call, "file")
                .map_or_else(|| path.to_owned(), |file| path.with_file_name(file))
                .display()
                .to_string(),
            line: None,
            reason: format!(
                "the call failed when the account was exported: {}",
                text(call, "error").unwrap_or_default()
            ),
            is_file: false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_known_in_names_and_zones() {
        for (word, want) in [
            ("eu-west-1", Some("eu-west-1")),
            ("us-gov-west-1", Some("us-gov-west-1")),
            ("describe-images-ap-southeast-2", Some("ap-southeast-2")),
            ("eu-west-1-describe-images", Some("eu-west-1")),
            ("describe-images-1", None),
            ("version-2", None),
            ("ca-1", None),
        ] {
            assert_eq!(region_in(word).as_deref(), want, "{word}");
        }
        assert_eq!(region_of_zone(Some("us-east-1a")).as_deref(), Some("us-east-1"));
        assert_eq!(region_of_zone(Some("us-west-2-lax-1a")).as_deref(), Some("us-west-2"));
        assert_eq!(region_of_zone(Some("")), None);
    }

    #[test]
    fn folders_say_account_and_region() {
        let place = Places::default().of(Path::new("out/123456789012/eu-central-1/describe-images.json"));
        assert_eq!(place.scope.to_string(), "123456789012/eu-central-1");
        assert_eq!(place.origin, Origin::Names);
        assert_eq!(Places::default().of(Path::new("images.json")).origin, Origin::Nowhere);
    }
}
