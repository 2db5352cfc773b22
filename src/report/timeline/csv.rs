//! The 17 columns of log2timeline (`l2t_csv`), with a row of names first.

use super::super::csv::row;
use super::super::json::visible::plain;
use super::{Event, permissions, remarks, subject, when};
use crate::timeline::{EventKind, Source};

const COLUMNS: [&str; 17] = [
    "date",
    "time",
    "timezone",
    "MACB",
    "source",
    "sourcetype",
    "type",
    "user",
    "host",
    "short",
    "desc",
    "version",
    "filename",
    "inode",
    "notes",
    "format",
    "extra",
];
/// Letters of the short description.
const SHORT: usize = 80;

pub(super) fn head() -> String {
    let mut text = String::new();
    row(&COLUMNS.map(str::to_owned), &mut text);
    text
}

/// The row of an event.
pub(super) fn line(event: &Event) -> String {
    let moment = when::calendar(event.moment.time);
    let part =
        |form, never: &str| moment.map_or_else(|| never.to_owned(), |moment| moment.format(form).to_string());
    let times = match event.kind {
        EventKind::File(times) => times.letters().to_uppercase(),
        _ => "....".to_owned(),
    };
    let message = plain(event.message.as_bytes());
    let mut short = message.clone();
    assay_disk::text::cut(&mut short, SHORT);
    let extra = event.inode.map_or_else(String::new, |inode| {
        let mode = permissions(inode.mode);
        format!("size={}; mode={mode}; uid={}; gid={}", inode.size, inode.uid, inode.gid)
    });
    let cells = [
        part("%m/%d/%Y", "00/00/0000"),
        part("%H:%M:%S", "--:--:--"),
        "UTC".to_owned(),
        times,
        if event.source == Source::Files { "FILE" } else { "LOG" }.to_owned(),
        event.source.name().to_owned(),
        event.kind.name(),
        plain(subject(event).as_bytes()),
        event.host.as_deref().map_or_else(String::new, |host| plain(host.as_bytes())),
        short,
        message,
        "2".to_owned(),
        plain(&event.path),
        event.inode.map_or_else(String::new, |inode| inode.number.to_string()),
        remarks(event).join("; "),
        "assay".to_owned(),
        extra,
    ];
    let mut text = String::new();
    row(&cells, &mut text);
    text
}
