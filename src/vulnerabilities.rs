//! Which installed packages are known to be vulnerable. The data is the user's, in the formats in which it is
//! published; nothing of it is carried by the program.
//!
//! [`Databases::open`] finds the feeds, [`Databases::search`] reads each of them once and keeps what is about something
//! that is installed. What could not be read or compared is reported in the [`FeedSummary`] of its feed, and in the
//! [`Coverage`] of its kind of package.

mod assemble;
mod bounded;
mod collector;
mod container;
mod coverage;
mod csaf;
mod databases;
mod debian_tracker;
pub mod ecosystem;
mod epss;
mod findings;
mod groups;
mod identity;
mod judge;
mod kernel;
mod kev;
mod knowledge;
mod livepatch;
mod matches;
mod openvex;
mod osv;
mod ranges;
mod redhat;
mod releases;
mod remedy;
mod search;
mod severity;
mod sniff;
pub mod statement;
mod text;
mod updateinfo;
mod wanted;

#[cfg(test)]
mod tests;

pub use coverage::Coverage;
pub use databases::{DatabaseError, Databases, Format, Limits};
pub use findings::{EXPLOITED, RULES, UNFIXED, advisories, findings};
pub use groups::{Group, groups};
pub use identity::Unmatched;
pub use matches::{CvssScore, Epss, Exploited, FeedSummary, Matches, RatedBy, Suppressed, Vulnerability};
pub use remedy::remedy;
pub use search::Search;
pub use statement::Status;

/// Tells what is linked into programs.
pub trait Linked {
    /// Whether the program of a component (a number of `Inventory::components`) has a function of the package with this
    /// import path, `Type.Method` for methods; `None` where its names cannot be read.
    fn has_symbol(&self, component: usize, path: &str, symbol: &str) -> Option<bool>;
}
