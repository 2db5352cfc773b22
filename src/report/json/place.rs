//! A place in the report for programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::visible::plain;
use crate::finding::Location;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Place"))]
pub(in crate::report) struct Place<'a> {
    partition: Option<u32>,
    volume: Option<&'a str>,
    path: String,
    /// The bytes in base64, where `path` is their escaped form.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    inode: Option<u64>,
    offset: Option<u64>,
    line: Option<u64>,
}

pub(in crate::report) fn place(location: &Location) -> Place<'_> {
    let path = plain(&location.path);
    let path_bytes = (path.as_bytes() != location.path).then(|| STANDARD.encode(&location.path));
    Place {
        partition: location.partition,
        volume: location.volume.as_deref(),
        path,
        path_bytes,
        inode: location.inode,
        offset: location.offset,
        line: location.line,
    }
}
