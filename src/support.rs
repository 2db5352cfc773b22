//! Whether what is installed is still looked after: distributions, kernels, runtimes, and the repositories that fixes come
//! from.
//!
//! After the end of support nobody mends what is found, so no scanner of vulnerabilities has news of it: silence looks like
//! health. The days are in `signatures/end-of-life.toml`; the user may hand in newer ones.

use crate::date::Date;
use crate::packages::component::Origin;
use crate::packages::inventory::InstalledSystem;
use crate::packages::{Component, Inventory};

mod ended;
mod findings;
mod repositories;
mod table;

pub use findings::{ENDED, advisories, findings};
pub use table::{Product, Release, TEXT, Table, TableError};

/// How something is looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Everybody gets fixes.
    Supported,
    /// Only some get fixes: who pays, or enables a further repository.
    ExtendedOnly,
    /// Nobody gets fixes.
    Ended,
}

impl State {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::ExtendedOnly => "extended only",
            Self::Ended => "ended",
        }
    }
}

/// What is said of a system or of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// What it is about.
    pub subject: Subject,
    /// The product, as people call it.
    pub product: String,
    /// Its release.
    pub cycle: String,
    /// How it is looked after on the day of the audit.
    pub state: State,
    /// The last day of support for everybody; `None` where it is not known.
    pub ends: Option<Date>,
    /// The last day of extended support, where there is some.
    pub extended_ends: Option<Date>,
    /// What extended support is.
    pub extended: String,
    /// Days from the audit to the end of what holds now; negative after it, `None` where no day is known.
    pub days_left: Option<i64>,
}

/// What a line of support is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A system of the inventory, by its number.
    System(usize),
    /// A component of the inventory, by its number.
    Component(usize),
}

/// What is known of the support of all systems and components of an inventory on a day, in the order of the inventory.
pub fn evaluate(inventory: &Inventory, table: &Table, day: Date) -> Vec<Support> {
    let systems = inventory.systems.iter().enumerate().filter_map(|(number, system)| {
        let (product, release) = table.of_system(&system.distribution)?;
        let own = system.support_end.as_deref().and_then(Date::parse);
        Some(of_release(Subject::System(number), product, &earlier(release, own), day))
    });
    let components = inventory.components.iter().enumerate().filter_map(|(number, component)| {
        let (product, release) = table.of_component(component).filter(|_| is_on_its_own(component))?;
        Some(of_release(Subject::Component(number), product, release, day))
    });
    systems.chain(components).collect()
}

/// The systems that the table knows nothing of, though they say what they are.
pub fn unknown<'i>(inventory: &'i Inventory, table: &Table) -> Vec<&'i InstalledSystem> {
    let is_unknown = |system: &&InstalledSystem| {
        !system.distribution.id.is_empty() && table.of_system(&system.distribution).is_none()
    };
    inventory.systems.iter().filter(is_unknown).collect()
}

/// Whether nobody looks after it but its own makers: a distribution mends its packages longer than they do.
fn is_on_its_own(component: &Component) -> bool {
    let is_packaged = component.ecosystem.is_of_a_distribution();
    component.owner.is_none() && (!is_packaged || matches!(component.origin, Origin::ThirdParty(_)))
}

/// `SUPPORT_END` of os-release(5) counts only where it is earlier: the image must not call itself healthy.
fn earlier(release: &Release, own: Option<Date>) -> Release {
    let ends = match (release.ends, own) {
        (Some(known), Some(own)) => Some(known.min(own)),
        (known, own) => known.or(own),
    };
    Release { ends, ..release.clone() }
}

/// How a release is looked after on a day.
fn state(release: &Release, day: Date) -> State {
    let is_over = |end: Option<Date>| end.is_some_and(|end| end < day);
    let has_extended = release.extended_ends.is_some_and(|end| end >= day);
    match () {
        () if !release.is_ended && !is_over(release.ends) => State::Supported,
        () if has_extended => State::ExtendedOnly,
        () => State::Ended,
    }
}

fn of_release(subject: Subject, product: &Product, release: &Release, day: Date) -> Support {
    let state = state(release, day);
    let end = match state {
        State::ExtendedOnly => release.extended_ends,
        State::Supported => release.ends,
        State::Ended => release.extended_ends.max(release.ends),
    };
    Support {
        subject,
        product: product.title.clone(),
        cycle: release.cycle.clone(),
        state,
        ends: release.ends,
        extended_ends: release.extended_ends,
        extended: product.extended.clone(),
        days_left: end.map(|end| end.days_since(day)),
    }
}

#[cfg(test)]
mod tests;
