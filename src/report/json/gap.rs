//! What was not looked at, and what is to be known, in the report for programs.

use serde::Serialize;

use super::place::{Place, place};
use super::policy;
use super::visible::plain;
use crate::finding::{Gap, Loss};
use crate::gate::GapDisposition;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Gap"))]
pub(in crate::report) struct GapView<'a> {
    location: Place<'a>,
    #[cfg_attr(test, schemars(schema_with = "super::schema::gap_kind"))]
    kind: &'static str,
    #[cfg_attr(test, schemars(schema_with = "super::schema::loss"))]
    loss: &'static str,
    bytes: Option<u64>,
    reason: String,
    #[serde(flatten)]
    disposition: policy::GapMark<'a>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Note"))]
pub(in crate::report) struct NoteView {
    place: String,
    text: String,
}

pub(in crate::report) fn gap<'a>(gap: &'a Gap, disposition: Option<&'a GapDisposition>) -> GapView<'a> {
    let reason = plain(gap.reason.as_bytes());
    GapView {
        location: place(&gap.location),
        kind: gap.kind.name(),
        loss: loss_name(gap.loss),
        bytes: gap.bytes,
        reason,
        disposition: policy::gap(disposition),
    }
}

pub(in crate::report) fn note((place, text): &(String, String)) -> NoteView {
    NoteView { place: plain(place.as_bytes()), text: plain(text.as_bytes()) }
}

/// What was lost, in a word.
pub(in crate::report) const fn loss_name(loss: Loss) -> &'static str {
    match loss {
        Loss::Nothing => "nothing",
        Loss::Part => "part",
        Loss::File => "file",
        Loss::Directory => "directory",
        Loss::Volume => "volume",
    }
}
