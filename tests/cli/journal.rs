//! Journals as systemd's own tool writes them, whole and cut, against what journalctl reads in them.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test is a failed test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::oracle::skipped::skip;
use assay::timeline::journal::{Entry, Summary, entries};
use serde_json::Value;

const WRITER: &str = "/lib/systemd/systemd-journal-remote";
const START: u64 = 1_769_853_600_000_000;

/// An entry with fields that repeat, that are long, that have several lines, and several of one name.
fn exported(number: u64) -> Vec<u8> {
    let mut text = format!(
        "__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP={number}\n_BOOT_ID={:032x}\nPRIORITY={}\n_HOSTNAME=golden\n\
         SYSLOG_IDENTIFIER=sshd\nTAG=a{number}\nTAG=b\n",
        START + number * 1000,
        7 + number / 100,
        number % 8,
    )
    .into_bytes();
    let message = match number % 4 {
        0 => format!("short {number}").into_bytes(),
        1 => format!("long {number} {}", "and the same again ".repeat(60)).into_bytes(),
        2 => format!("lines {number}\nof a\nmessage").into_bytes(),
        _ => [b"bytes \x00\xff\x1b ".as_slice(), number.to_string().as_bytes()].concat(),
    };
    text.extend(b"MESSAGE\n");
    text.extend((message.len() as u64).to_le_bytes());
    text.extend(&message);
    text.extend(b"\n\n");
    text
}

/// Writes a journal; false, where there is no such tool.
fn write(path: &Path, count: u64, settings: &[(&str, &str)]) -> bool {
    let export = path.with_extension("export");
    fs::write(&export, (0..count).flat_map(exported).collect::<Vec<u8>>()).unwrap();
    let mut tool = Command::new(WRITER);
    tool.arg("-o").arg(path).arg(&export).envs(settings.iter().copied()).stderr(Stdio::null());
    tool.status().is_ok_and(|status| status.success())
}

fn read(bytes: &[u8]) -> (Vec<Entry>, Summary) {
    let mut all = Vec::new();
    let summary = entries(&bytes.to_vec(), &mut |entry| {
        all.push(entry);
        ControlFlow::Continue(())
    });
    (all, summary.unwrap())
}

/// When an entry was written, and its fields, each with all its values in order.
type Told = (u64, BTreeMap<String, Vec<Vec<u8>>>);

/// Each entry as journalctl tells it: its time, and the fields with all their values.
fn told(path: &Path) -> Option<Vec<Told>> {
    let out = Command::new("journalctl").args(["-o", "json", "--all", "--file"]).arg(path).output().ok()?;
    let text = String::from_utf8(out.stdout).unwrap();
    let value = |value: &Value| match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(bytes) => {
            bytes.iter().map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap()).collect()
        }
        other => panic!("{other}"),
    };
    let entry = |line: &str| {
        let fields: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        let time = fields["__REALTIME_TIMESTAMP"].as_str().unwrap().parse().unwrap();
        let own = fields.into_iter().filter(|(name, _)| !name.starts_with("__") && name != "_BOOT_ID");
        let several = |all: &Value| all.as_array().is_some_and(|all| all.iter().any(|one| !one.is_number()));
        let fields = own.map(|(name, one)| {
            let mut values = if several(&one) {
                one.as_array().unwrap().iter().map(value).collect()
            } else {
                vec![value(&one)]
            };
            values.sort();
            (name, values)
        });
        (time, fields.collect())
    };
    Some(text.lines().map(entry).collect())
}

fn fields(entry: &Entry) -> Told {
    let mut fields = BTreeMap::<String, Vec<Vec<u8>>>::new();
    for field in &entry.fields {
        let at = field.iter().position(|&byte| byte == b'=').unwrap();
        let name = String::from_utf8(field[..at].to_vec()).unwrap();
        if name != "_BOOT_ID" {
            fields.entry(name).or_default().push(field[at + 1..].to_vec());
        }
    }
    fields.values_mut().for_each(|values| values.sort());
    (entry.realtime, fields)
}

const FORMS: [&[(&str, &str)]; 4] = [
    &[],
    &[("SYSTEMD_JOURNAL_COMPACT", "0")],
    &[
        ("SYSTEMD_JOURNAL_COMPACT", "0"),
        ("SYSTEMD_JOURNAL_KEYED_HASH", "0"),
        ("SYSTEMD_JOURNAL_COMPRESS", "LZ4"),
    ],
    &[("SYSTEMD_JOURNAL_COMPRESS", "XZ")],
];

#[test]
fn journals_of_every_form_say_what_journalctl_reads_in_them() {
    let folder = tempfile::tempdir().unwrap();
    for (number, form) in FORMS.iter().enumerate() {
        let path = folder.path().join(format!("{number}.journal"));
        if !write(&path, 400, form) {
            return skip(WRITER, "systemd-journal-remote");
        }
        let Some(expected) = told(&path) else { return skip("journalctl", "systemd") };
        let (all, summary) = read(&fs::read(&path).unwrap());
        assert_eq!(summary, Summary { entries: 400, counted: 400, ..Summary::default() }, "{form:?}");
        assert_eq!(expected.len(), 400);
        for (entry, expected) in all.iter().zip(&expected) {
            assert_eq!(&fields(entry), expected);
        }
    }
}

#[test]
fn a_cut_journal_gives_no_less_than_journalctl_reads_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.journal");
    if !write(&path, 400, &[]) {
        return skip(WRITER, "systemd-journal-remote");
    }
    let whole = fs::read(&path).unwrap();
    let (all, _) = read(&whole);
    let used = whole.iter().rposition(|&byte| byte != 0).unwrap();
    for part in 1..8 {
        let cut = &whole[..used * part / 8];
        let path = folder.path().join("cut.journal");
        fs::write(&path, cut).unwrap();
        let (kept, summary) = read(cut);
        assert!(summary.cut > 0);
        assert!(kept.iter().zip(&all).all(|(kept, whole)| kept == whole), "{part}");
        let Some(expected) = told(&path) else { return skip("journalctl", "systemd") };
        assert!(kept.len() >= expected.len(), "{part}: {} of {}", kept.len(), expected.len());
    }
}
