//! Allowed AMIs: which images an account may use in a region.
//!
//! The rules are those of the EC2 user guide, "How Allowed AMIs criteria are evaluated": images of the account itself are
//! always allowed; criteria are alternatives; the conditions of a criterion hold together; the values of a condition are
//! alternatives. Exports are incomplete, so an answer may also be that it is not decided, and which member is missing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, de::IgnoredAny};

use super::estate::{Alias, Image};
use super::glob;
use super::moment::{DAY, Moment};

mod proposal;
mod scan;
mod weakness;

pub use proposal::{Proposal, propose};
pub use weakness::{Weakness, weaknesses};

/// Whether the setting is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Images that are not allowed cannot be found or launched.
    Enabled,
    /// They are marked, and nothing is blocked.
    AuditMode,
    /// Everything is allowed.
    Disabled,
    /// A word that is not known.
    Unknown,
}

impl State {
    fn parse(text: &str) -> Self {
        match text {
            "enabled" => Self::Enabled,
            "audit-mode" => Self::AuditMode,
            "disabled" => Self::Disabled,
            _ => Self::Unknown,
        }
    }

    /// As AWS writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::AuditMode => "audit-mode",
            Self::Disabled => "disabled",
            Self::Unknown => "?",
        }
    }
}

/// What get-allowed-images-settings answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Settings {
    state: String,
    image_criteria: Option<Vec<Criterion>>,
}

/// One of the alternatives.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Criterion {
    pub(super) image_providers: Option<Vec<String>>,
    pub(super) image_names: Option<Vec<String>>,
    pub(super) marketplace_product_codes: Option<Vec<String>>,
    pub(super) creation_date_condition: Option<Created>,
    pub(super) deprecation_time_condition: Option<Deprecated>,
    pub(super) image_watermarks: Option<Vec<WatermarkFilter>>,
    pub(super) scan_result_condition: Option<scan::Condition>,
    /// Conditions that are newer than this program.
    #[serde(flatten)]
    rest: BTreeMap<String, IgnoredAny>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Created {
    pub(super) maximum_days_since_created: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Deprecated {
    pub(super) maximum_days_since_deprecated: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WatermarkFilter {
    watermark_key: Option<String>,
    source_image_region: Option<String>,
    maximum_days_since_source_image_created: Option<i64>,
    maximum_days_since_watermark_created: Option<i64>,
}

/// Whether an image is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is.
    Allowed,
    /// It is not.
    NotAllowed,
    /// It depends on what no export says: the members, or why.
    Undecided(BTreeSet<String>),
}

impl Decision {
    fn of(holds: bool) -> Self {
        if holds { Self::Allowed } else { Self::NotAllowed }
    }

    fn undecided(what: &str) -> Self {
        Self::Undecided(BTreeSet::from([what.to_owned()]))
    }

    /// One is enough.
    fn any(all: impl IntoIterator<Item = Self>) -> Self {
        let mut missing = BTreeSet::new();
        for one in all {
            match one {
                Self::Allowed => return Self::Allowed,
                Self::NotAllowed => {}
                Self::Undecided(what) => missing.extend(what),
            }
        }
        if missing.is_empty() { Self::NotAllowed } else { Self::Undecided(missing) }
    }

    /// All must hold; no condition at all is none that holds.
    fn all(all: impl IntoIterator<Item = Self>) -> Self {
        let mut missing = BTreeSet::new();
        for one in all {
            match one {
                Self::Allowed => {}
                Self::NotAllowed => return Self::NotAllowed,
                Self::Undecided(what) => missing.extend(what),
            }
        }
        if missing.is_empty() { Self::Allowed } else { Self::Undecided(missing) }
    }

    /// In a word, as reports say it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::NotAllowed => "not allowed",
            Self::Undecided(_) => "not decidable",
        }
    }
}

impl Settings {
    /// Whether the setting is on.
    pub fn state(&self) -> State {
        State::parse(&self.state)
    }

    /// The alternatives.
    pub fn criteria(&self) -> &[Criterion] {
        self.image_criteria.as_deref().unwrap_or_default()
    }

    /// Whether `account` may use `image` at `now`.
    pub fn decide(&self, image: &Image, account: Option<&str>, now: Moment) -> Decision {
        match self.state() {
            State::Disabled => Decision::Allowed,
            State::Unknown => Decision::undecided("State"),
            State::Enabled | State::AuditMode => self.would_allow(image, account, now),
        }
    }

    /// Whether `account` could use `image` if the setting were on.
    pub fn would_allow(&self, image: &Image, account: Option<&str>, now: Moment) -> Decision {
        if account.is_some() && account == image.owner.as_deref() {
            return Decision::Allowed;
        }
        let by_criteria = if self.criteria().is_empty() {
            Decision::undecided("ImageCriteria is empty")
        } else {
            Decision::any(self.criteria().iter().map(|criterion| criterion.decide(image, now)))
        };
        match (by_criteria, account, &image.owner) {
            // It may be the account's own.
            (Decision::NotAllowed, None, _) => Decision::undecided("the account of the export"),
            (Decision::NotAllowed, _, None) => Decision::undecided("OwnerId"),
            (decision, ..) => decision,
        }
    }
}

impl Criterion {
    /// Whether all its conditions hold.
    pub fn decide(&self, image: &Image, now: Moment) -> Decision {
        let mut conditions: Vec<Decision> = Vec::new();
        conditions.extend(self.image_providers.as_ref().map(|all| providers(all, image)));
        conditions.extend(self.image_names.as_ref().map(|all| names(all, image)));
        conditions.extend(self.marketplace_product_codes.as_ref().map(|all| product_codes(all, image)));
        conditions.extend(self.creation_date_condition.as_ref().map(|limit| created(limit, image, now)));
        conditions
            .extend(self.deprecation_time_condition.as_ref().map(|limit| deprecated(limit, image, now)));
        conditions.extend(self.image_watermarks.as_ref().map(|all| watermarks(all, image, now)));
        conditions.extend(self.scan_result_condition.as_ref().map(|limit| limit.decide(image, now)));
        conditions.extend(self.rest.keys().map(|name| Decision::undecided(name)));
        if conditions.is_empty() {
            // Older clients leave out conditions that they do not know: `{}` was something else.
            return Decision::undecided("a criterion is empty in the export");
        }
        Decision::all(conditions)
    }

    /// `ImageProviders`.
    pub(super) fn providers(&self) -> &[String] {
        self.image_providers.as_deref().unwrap_or_default()
    }

    /// `ImageNames`, where it has that condition.
    pub(super) fn names(&self) -> Option<&[String]> {
        self.image_names.as_deref()
    }

    /// The names of its conditions.
    pub fn conditions(&self) -> Vec<&str> {
        let all = [
            (self.image_providers.is_some(), "ImageProviders"),
            (self.image_names.is_some(), "ImageNames"),
            (self.marketplace_product_codes.is_some(), "MarketplaceProductCodes"),
            (self.creation_date_condition.is_some(), "CreationDateCondition"),
            (self.deprecation_time_condition.is_some(), "DeprecationTimeCondition"),
            (self.image_watermarks.is_some(), "ImageWatermarks"),
            (self.scan_result_condition.is_some(), "ScanResultCondition"),
        ];
        let known = all.into_iter().filter_map(|(is_there, name)| is_there.then_some(name));
        known.chain(self.rest.keys().map(String::as_str)).collect()
    }
}

fn providers(all: &[String], image: &Image) -> Decision {
    let means = |provider: &String| match Alias::parse(provider) {
        Some(alias) => Decision::of(image.alias == Some(alias)),
        None if provider == "none" => Decision::NotAllowed,
        None => image
            .owner
            .as_ref()
            .map_or_else(|| Decision::undecided("OwnerId"), |owner| Decision::of(owner == provider)),
    };
    Decision::any(all.iter().map(means))
}

fn names(all: &[String], image: &Image) -> Decision {
    let fits = |name: &String| Decision::any(all.iter().map(|pattern| named(pattern, name, "Name")));
    image.name.as_ref().map_or_else(|| Decision::undecided("Name"), fits)
}

/// Whether a name fits. AWS does not say whether case counts: where that decides, it is not decided.
fn named(pattern: &str, name: &str, what: &str) -> Decision {
    if !glob::fits(pattern, name) && glob::fits(&pattern.to_lowercase(), &name.to_lowercase()) {
        return Decision::undecided(&format!("{what}: AWS does not say whether case counts"));
    }
    Decision::of(glob::fits(pattern, name))
}

fn product_codes(all: &[String], image: &Image) -> Decision {
    let has = |codes: &Vec<String>| Decision::of(codes.iter().any(|code| all.contains(code)));
    image.product_codes.as_ref().map_or_else(|| Decision::undecided("ProductCodes"), has)
}

fn created(limit: &Created, image: &Image, now: Moment) -> Decision {
    within(limit.maximum_days_since_created, image.created, now, "CreationDate")
}

fn deprecated(limit: &Deprecated, image: &Image, now: Moment) -> Decision {
    let name = "DeprecationTime";
    match (image.deprecated, image.is_deprecated(now)) {
        (None, _) | (_, Some(false)) => Decision::Allowed,
        (_, None) => Decision::undecided(name),
        // Nothing deprecated at all: no rounding of days can change that.
        (_, Some(true)) if limit.maximum_days_since_deprecated == Some(0) => Decision::NotAllowed,
        (since, _) => within(limit.maximum_days_since_deprecated, since, now, name),
    }
}

/// Whether at most `limit` days have passed. AWS does not say how it rounds days: within the last one it is not decided.
pub(super) fn within(limit: Option<i64>, since: Option<Moment>, now: Moment, name: &str) -> Decision {
    let Some(limit) = limit else { return Decision::undecided(name) };
    let Some(passed) = since.and_then(|since| since.until(now)) else { return Decision::undecided(name) };
    let allowed = limit.saturating_mul(DAY);
    if passed <= allowed {
        Decision::Allowed
    } else if passed >= allowed.saturating_add(DAY) {
        Decision::NotAllowed
    } else {
        Decision::undecided(&format!("{name}: AWS does not say how it rounds days"))
    }
}

fn watermarks(filters: &[WatermarkFilter], image: &Image, now: Moment) -> Decision {
    let fits = |pattern: &Option<String>, value: &Option<String>, name: &str| match (pattern, value) {
        (None, _) => Decision::Allowed,
        (Some(pattern), Some(value)) => named(pattern, value, name),
        (Some(_), None) => Decision::undecided(name),
    };
    let age = |limit: Option<i64>, since: Option<Moment>, name: &str| match limit {
        None => Decision::Allowed,
        Some(_) => within(limit, since, now, name),
    };
    let pairs = filters.iter().flat_map(|filter| image.watermarks.iter().map(move |mark| (filter, mark)));
    Decision::any(pairs.map(|(filter, mark)| {
        Decision::all([
            fits(&filter.watermark_key, &mark.watermark_key, "WatermarkKey"),
            fits(&filter.source_image_region, &mark.source_image_region, "SourceImageRegion"),
            age(
                filter.maximum_days_since_source_image_created,
                mark.source_image_creation_time,
                "SourceImageCreationTime",
            ),
            age(
                filter.maximum_days_since_watermark_created,
                mark.watermark_creation_time,
                "WatermarkCreationTime",
            ),
        ])
    }))
}

#[cfg(test)]
mod tests;
