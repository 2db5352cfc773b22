//! What is weak about the settings of a region.

use std::collections::BTreeSet;

use super::{Criterion, Settings, State};
use crate::sourcing::estate::Alias;

/// Something that makes the setting weaker than it looks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weakness {
    /// It is off.
    Off,
    /// Images are marked, and launched all the same.
    AuditOnly,
    /// A criterion is by name alone: anybody may give that name.
    NameOnly(Vec<String>),
    /// A criterion is by watermark alone: whoever may launch the image may change it and keep the mark.
    WatermarkOnly,
    /// All sellers of the Marketplace, without product codes.
    AnySeller,
    /// A criterion is neither by provider nor by name: whatever anybody publishes may meet it.
    AnyProvider(Vec<String>),
    /// A criterion is empty in the export: an older client left something out.
    EmptyCriterion,
    /// `none` stands beside something else, which AWS does not take.
    NoneWithOthers,
    /// More than AWS takes: what there is too many of, and how many there may be.
    OverLimit(&'static str, usize),
}

/// Most criteria, and most values of a list.
const LIMITS: (usize, usize, usize) = (10, 200, 50);

/// The weaknesses of `settings`, each once.
pub fn weaknesses(settings: &Settings) -> BTreeSet<Weakness> {
    let mut all = BTreeSet::new();
    match settings.state() {
        State::Disabled => return BTreeSet::from([Weakness::Off]),
        State::AuditMode => {
            all.insert(Weakness::AuditOnly);
        }
        State::Enabled | State::Unknown => {}
    }
    if settings.criteria().len() > LIMITS.0 {
        all.insert(Weakness::OverLimit("ImageCriteria", LIMITS.0));
    }
    let has_none = |criterion: &Criterion| list(&criterion.image_providers).iter().any(|one| one == "none");
    for criterion in settings.criteria() {
        all.extend(of_criterion(criterion));
        let is_alone = settings.criteria().len() == 1 && criterion.conditions() == ["ImageProviders"];
        if has_none(criterion) && !(is_alone && list(&criterion.image_providers).len() == 1) {
            all.insert(Weakness::NoneWithOthers);
        }
    }
    all
}

fn of_criterion(criterion: &Criterion) -> Option<Weakness> {
    let has = |name: &str| criterion.conditions().contains(&name);
    let providers = list(&criterion.image_providers);
    if criterion.conditions().is_empty() {
        return Some(Weakness::EmptyCriterion);
    }
    if providers.len() > LIMITS.1 {
        return Some(Weakness::OverLimit("ImageProviders", LIMITS.1));
    }
    if list(&criterion.image_names).len() > LIMITS.2 {
        return Some(Weakness::OverLimit("ImageNames", LIMITS.2));
    }
    if !providers.is_empty() {
        let sellers = providers.iter().any(|one| Alias::parse(one) == Some(Alias::Marketplace));
        // A name or a code narrows them down.
        return (sellers && !has("MarketplaceProductCodes") && !has("ImageNames"))
            .then_some(Weakness::AnySeller);
    }
    if has("MarketplaceProductCodes") {
        // Only a seller can give an image his code, and such an image cannot be public.
        return None;
    }
    if has("ImageNames") {
        return Some(Weakness::NameOnly(list(&criterion.image_names).to_vec()));
    }
    if has("ImageWatermarks") {
        return Some(Weakness::WatermarkOnly);
    }
    Some(Weakness::AnyProvider(criterion.conditions().into_iter().map(str::to_owned).collect()))
}

fn list(values: &Option<Vec<String>>) -> &[String] {
    values.as_deref().unwrap_or_default()
}
