//! The block `support`: how long systems and runtimes are looked after.

use serde::Serialize;

use crate::support::{Subject, Support};

/// A system or component that the table of days knows.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "support"))]
pub(super) struct View<'a> {
    product: &'a str,
    release: &'a str,
    /// `supported`, `extended only` or `ended`.
    state: &'static str,
    /// Last day of support for everybody.
    ends: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_ends: Option<String>,
    /// What extended support is.
    #[serde(skip_serializing_if = "str::is_empty")]
    extended: &'a str,
    days_left: Option<i64>,
    /// Number in `packages.systems`.
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<usize>,
    /// Number in `packages.components`.
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<usize>,
}

/// The view.
pub(super) fn view(support: &Support) -> View<'_> {
    let (system, component) = match support.subject {
        Subject::System(number) => (Some(number), None),
        Subject::Component(number) => (None, Some(number)),
    };
    View {
        product: &support.product,
        release: &support.cycle,
        state: support.state.name(),
        ends: support.ends.map(|day| day.to_string()),
        extended_ends: support.extended_ends.map(|day| day.to_string()),
        extended: &support.extended,
        days_left: support.days_left,
        system,
        component,
    }
}
