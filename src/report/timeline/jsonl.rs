//! An object a line, as Timesketch takes it: `message`, `datetime`, `timestamp` and `timestamp_desc`, and all else that is
//! known of the event.

use serde::Serialize;

use super::super::json;
use super::super::json::visible::plain;
use super::{Event, permissions, when};
use crate::timeline::{Basis, Mark, Subject};

#[derive(Serialize)]
struct Line {
    message: String,
    datetime: String,
    timestamp: i64,
    timestamp_desc: String,
    data_type: String,
    source: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nanoseconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_basis: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    year_inferred: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    inode: Option<File>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<&'static str>,
}

#[derive(Serialize)]
struct File {
    inode: u64,
    size: u64,
    mode: String,
    owner: u32,
    group: u32,
}

/// The line of an event.
pub(super) fn line(event: &Event) -> String {
    let moment = &event.moment;
    let (mut user, mut uid, mut package) = (None, None, None);
    match &event.subject {
        Some(Subject::User(name)) => user = Some(plain(name.as_bytes())),
        Some(Subject::Uid(number)) => uid = Some(*number),
        Some(Subject::Package(name)) => package = Some(plain(name.as_bytes())),
        None => {}
    }
    let nanoseconds = moment.time.nanoseconds;
    let line = Line {
        message: plain(event.message.as_bytes()),
        datetime: when::iso(moment.time),
        timestamp: when::micros(moment.time),
        timestamp_desc: event.kind.name(),
        data_type: format!("assay:{}", event.source.name()),
        source: event.source.name(),
        path: plain(&event.path),
        nanoseconds: (!nanoseconds.is_multiple_of(1000)).then_some(nanoseconds),
        time_basis: (moment.basis != Basis::Utc).then(|| moment.basis.name()),
        year_inferred: moment.year_inferred,
        user,
        uid,
        package,
        host: event.host.as_deref().map(|host| plain(host.as_bytes())),
        inode: event.inode.map(|inode| File {
            inode: inode.number,
            size: inode.size,
            mode: permissions(inode.mode),
            owner: inode.uid,
            group: inode.gid,
        }),
        marks: event.marks.iter().copied().map(Mark::name).collect(),
    };
    json::line(&line)
}
