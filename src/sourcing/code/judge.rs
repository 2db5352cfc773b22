//! The verdict on a search: can a stranger's image satisfy it?

use super::search::{Constant, Filter, Search};
use crate::sourcing::is_account;
use crate::sourcing::publishers::Publishers;

/// What a place in code that chooses an image is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// A stranger's image can be chosen.
    Unsafe,
    /// Few strangers can be chosen, or only by somebody who gave them a right.
    Weak,
    /// An exact name without "the newest", or a fixed id: nobody's image comes between today.
    Pinned,
    /// What limits the choice comes from outside the files.
    Unknown,
    /// Nothing wrong by itself: a third party's account, an own parameter.
    Info,
    /// No stranger's image can be chosen.
    Safe,
}

/// A verdict, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// One plain sentence.
    pub reason: String,
    /// The variable that decides, for [`Verdict::Unknown`].
    pub unknown: Option<String>,
}

impl Judgement {
    pub(super) fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self { verdict, reason: reason.into(), unknown: None }
    }

    pub(super) fn unknown(variable: &str, reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unknown, reason: reason.into(), unknown: Some(variable.to_owned()) }
    }
}

/// Judges a search by what limits it: the best limit counts, as an image must satisfy all of them.
pub fn judge(search: &Search, publishers: &Publishers) -> Judgement {
    let limits = [by_ids(search), by_owners(search, publishers), by_users(search), by_elsewhere(search)];
    let filters = search.filters.iter().map(|filter| by_filter(filter, search, publishers));
    let best = limits.into_iter().chain(filters).flatten().max_by_key(|limit| limit.verdict);
    let judgement = best.unwrap_or_else(|| without_limit(search));
    match search.is_used {
        Constant::Known(false) if judgement.verdict < Verdict::Info => {
            Judgement::new(Verdict::Info, "Images are only listed here: no image is taken.")
        }
        _ => judgement,
    }
}

fn by_ids(search: &Search) -> Option<Judgement> {
    match &search.image_ids {
        Constant::Absent => None,
        Constant::Known(ids) if ids.is_empty() => None,
        Constant::Known(_) | Constant::Unknown(_) => {
            Some(Judgement::new(Verdict::Safe, "Images are asked for by their ids."))
        }
    }
}

fn by_owners(search: &Search, publishers: &Publishers) -> Option<Judgement> {
    match &search.owners {
        Constant::Absent => None,
        Constant::Unknown(name) => {
            Some(Judgement::unknown(name, format!("`{name}` decides who the owner is.")))
        }
        Constant::Known(owners) => {
            owners.iter().map(|owner| by_owner(owner, search, publishers)).min_by_key(|one| one.verdict)
        }
    }
}

fn by_owner(owner: &str, search: &Search, publishers: &Publishers) -> Judgement {
    match owner {
        "self" => Judgement::new(Verdict::Safe, "Only images of one's own account."),
        "amazon" => {
            Judgement::new(Verdict::Safe, "Only images of Amazon and of publishers that it has verified.")
        }
        "aws-backup-vault" => Judgement::new(Verdict::Safe, "Only images of AWS Backup vaults."),
        "aws-marketplace" | MARKETPLACE => marketplace(search),
        account if is_account(account) => match publishers.of_account(account) {
            Some(known) => {
                Judgement::new(Verdict::Safe, format!("Only images of {}, by its account.", known.name))
            }
            None => third_party(account),
        },
        "" | "*" | "all" => without_limit(search),
        other if other.contains(['*', '?']) => without_limit(search),
        other => Judgement::new(Verdict::Info, format!("`{other}` is no owner: AWS refuses this search.")),
    }
}

/// The account behind `aws-marketplace`.
const MARKETPLACE: &str = "679593333241";

fn third_party(account: &str) -> Judgement {
    let reason = format!("Only images of account {account}: whose it is, the code does not say.");
    Judgement::new(Verdict::Info, reason)
}

fn marketplace(search: &Search) -> Judgement {
    if has_filter(search, "product-code") || has_exact_name(search) {
        let reason = "Only Marketplace images of one product, or of one exact name.";
        return Judgement::new(Verdict::Safe, reason);
    }
    Judgement::new(Verdict::Weak, "Any seller of the AWS Marketplace can publish an image that matches.")
}

fn by_users(search: &Search) -> Option<Judgement> {
    match &search.executable_users {
        Constant::Absent => None,
        Constant::Unknown(name) => {
            Some(Judgement::unknown(name, format!("`{name}` decides with whom the image must be shared.")))
        }
        Constant::Known(users) if users.is_empty() || users.iter().any(|user| user == "all") => None,
        Constant::Known(_) => {
            let reason =
                "Any account can share an image with this one: that it is shared is no proof of its owner.";
            Some(Judgement::new(Verdict::Weak, reason))
        }
    }
}

/// What a variable may add that cannot be seen here.
fn by_elsewhere(search: &Search) -> Option<Judgement> {
    let name = search.other_parts.as_ref().or(search.other_filters.as_ref());
    name.map(|name| {
        Judgement::unknown(name, format!("`{name}` may name an owner; it is not set in this file."))
    })
}

fn by_filter(filter: &Filter, search: &Search, publishers: &Publishers) -> Option<Judgement> {
    let name = match &filter.name {
        Constant::Known(name) => name.as_str(),
        Constant::Absent => return None,
        Constant::Unknown(variable) => {
            let reason = format!("`{variable}` decides by what the images are filtered.");
            return Some(Judgement::unknown(variable, reason));
        }
    };
    let safe = |reason: &str| Some(Judgement::new(Verdict::Safe, reason));
    let weak = |reason: &str| Some(Judgement::new(Verdict::Weak, reason));
    match name {
        "owner-id" => by_owner_filter(filter, search, publishers),
        "owner-alias" => by_alias_filter(filter, search, publishers),
        "image-id" if !is_open(filter) => safe("Images are asked for by their ids."),
        "public-ssm-parameter-name" if !is_open(filter) => safe("Only images that a parameter of AWS names."),
        "tag-key" => safe("Only images that bear a tag of one's own account."),
        _ if name.starts_with("tag:") => safe("Only images that bear a tag of one's own account."),
        "product-code" => weak("An image that was made from this product keeps its code, whoever shares it."),
        _ if name.starts_with("image-watermark.") => {
            weak("Images that others make from a watermarked one keep its watermark.")
        }
        "is-public" if values_are(filter, "false") => {
            weak("Any account can share a private image with this one.")
        }
        "block-device-mapping.snapshot-id" if !is_open(filter) => {
            weak("Anyone who can read this snapshot can make an image of it.")
        }
        _ => None,
    }
}

fn by_owner_filter(filter: &Filter, search: &Search, publishers: &Publishers) -> Option<Judgement> {
    match &filter.values {
        Constant::Absent => None,
        Constant::Unknown(name) => {
            Some(Judgement::new(Verdict::Safe, format!("Only images of the owner in `{name}`.")))
        }
        Constant::Known(owners) if is_open(filter) => owners.is_empty().then(|| without_limit(search)),
        Constant::Known(owners) => {
            owners.iter().map(|owner| by_owner(owner, search, publishers)).min_by_key(|one| one.verdict)
        }
    }
}

fn by_alias_filter(filter: &Filter, search: &Search, publishers: &Publishers) -> Option<Judgement> {
    match &filter.values {
        Constant::Absent => None,
        Constant::Unknown(name) => {
            Some(Judgement::new(Verdict::Safe, format!("Only images of the alias in `{name}`.")))
        }
        Constant::Known(_) if is_open(filter) => Some(marketplace(search)),
        Constant::Known(aliases) => {
            aliases.iter().map(|alias| by_alias(alias, search, publishers)).min_by_key(|one| one.verdict)
        }
    }
}

fn by_alias(alias: &str, search: &Search, publishers: &Publishers) -> Judgement {
    match alias {
        "self" => Judgement::new(Verdict::Info, "`self` is no owner alias: this search finds nothing."),
        _ => by_owner(alias, search, publishers),
    }
}

/// Whether a value of the filter is a wildcard, so that strangers satisfy it.
fn is_open(filter: &Filter) -> bool {
    filter.values.known().is_some_and(|values| {
        values.is_empty() || values.iter().any(|value| value.trim_matches(['*', '?']).len() < 3)
    })
}

fn values_are(filter: &Filter, wanted: &str) -> bool {
    filter
        .values
        .known()
        .is_some_and(|values| !values.is_empty() && values.iter().all(|value| value == wanted))
}

fn has_filter(search: &Search, name: &str) -> bool {
    search.filters.iter().any(|filter| filter.is(name) && !is_open(filter))
}

fn has_exact_name(search: &Search) -> bool {
    search.filters.iter().any(|filter| filter.is("name") && is_exact(filter))
}

fn is_exact(filter: &Filter) -> bool {
    filter.values.known().is_some_and(|values| {
        !values.is_empty() && values.iter().all(|value| !value.is_empty() && !value.contains(['*', '?']))
    })
}

/// The verdict where no limit is given that a stranger cannot meet.
fn without_limit(search: &Search) -> Judgement {
    let newest = search.newest == Constant::Known(true);
    if !search.has_criteria() && !newest {
        return Judgement::new(Verdict::Info, "All images are listed: none is chosen by its name.");
    }
    if has_exact_name(search) && !newest {
        let reason = "The name is exact, but no owner is given: once the image is gone, a stranger's of the same name is found.";
        return Judgement::new(Verdict::Pinned, reason);
    }
    let by_name = !search.names().is_empty()
        || search.name_regex != Constant::Absent
        || search.filters.iter().any(|filter| filter.is("name"));
    let reason = if by_name {
        "Anyone can publish an image with this name: no owner is given."
    } else {
        "Anyone can publish an image that matches: no owner is given."
    };
    Judgement::new(Verdict::Unsafe, reason)
}
