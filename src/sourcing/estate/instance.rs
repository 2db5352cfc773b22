//! An instance.

use super::Scope;
use crate::sourcing::moment::Moment;

/// How the metadata service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// To sessions alone (version 2).
    SessionsOnly,
    /// To anybody on the machine that asks (version 1, too).
    Anybody,
    /// Not at all.
    Off,
}

/// An instance. What no export says is `None`.
#[derive(Clone, Debug, Default)]
pub struct Instance {
    /// `i-…`
    pub id: String,
    /// Where it is.
    pub scope: Scope,
    /// The image that it was started from.
    pub image: Option<String>,
    /// `running`, `stopped`, `terminated` …
    pub state: Option<String>,
    /// When it was started last.
    pub launched: Option<Moment>,
    /// Public addresses.
    pub addresses: Vec<String>,
    /// ARN of its instance profile.
    pub profile: Option<String>,
    /// How its metadata service answers.
    pub metadata: Option<Metadata>,
    /// Ids of its security groups.
    pub groups: Vec<String>,
    /// Its name, by its tag.
    pub name: Option<String>,
    /// The environment, by its tag.
    pub environment: Option<String>,
    /// The launch template or Auto Scaling group, by its tags.
    pub started_by: Option<String>,
}

impl Instance {
    /// Whether it still is there: terminated ones are shown for an hour.
    pub fn exists(&self) -> bool {
        !matches!(self.state.as_deref(), Some("terminated" | "shutting-down"))
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        matches!(self.state.as_deref(), None | Some("running" | "pending"))
    }
}
