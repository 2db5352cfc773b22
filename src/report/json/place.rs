//! A place in the report for programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::visible::plain;
use crate::audit::Times;
use crate::finding::Location;
use assay_disk::fs::FileType;

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
    /// Of a finding: what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "super::schema::file_type"))]
    file_type: Option<&'static str>,
    /// Bytes of the file; of a member, those of its archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size: Option<u64>,
}

/// A place of a finding, with what its file is.
pub(in crate::report) fn place_of_file<'a>(location: &'a Location, times: &Times) -> Place<'a> {
    let file = times.of(location);
    Place {
        file_type: file.map(|file| type_name(file.file_type)),
        file_size: file.filter(|file| file.file_type == FileType::Regular).map(|file| file.size),
        ..place(location)
    }
}

/// What a file is; all that is neither of the first three is special.
pub(in crate::report) const fn type_name(file_type: FileType) -> &'static str {
    match file_type {
        FileType::Regular => "file",
        FileType::Directory => "directory",
        FileType::Symlink => "link",
        _ => "special",
    }
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
        file_type: None,
        file_size: None,
    }
}
