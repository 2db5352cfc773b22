use super::*;
use crate::timeline::{Basis, EventKind, Inode, Macb, Mark, Moment};

fn events() -> Vec<Event> {
    let file = Event {
        moment: Moment::utc(1_769_853_600, 123_456_789),
        kind: EventKind::File(Macb::MODIFIED.and(Macb::BORN)),
        source: Source::Files,
        path: b"/opt/a|b\x1b\xff".to_vec(),
        inode: Some(Inode { number: 12, size: 5, mode: 0o4755, uid: 0, gid: 7 }),
        subject: None,
        host: None,
        message: "/opt/a|b\u{1b}\u{fffd}".to_owned(),
        marks: vec![Mark::FullSecond],
    };
    let basis = Basis::Assumed;
    let command = Event {
        moment: Moment { basis, year_inferred: true, ..Moment::utc(1_769_853_601, 0) },
        kind: EventKind::Sudo,
        source: Source::Syslog,
        path: b"/var/log/auth.log".to_vec(),
        inode: None,
        subject: Some(Subject::User("admin".to_owned())),
        host: Some("golden".to_owned()),
        message: "sudo: admin : COMMAND=/bin/x --password Wf7-kq2-zz9\n=1+1".to_owned(),
        marks: Vec::new(),
    };
    let never = Event { moment: Moment::utc(i64::MAX, 0), ..file.clone() };
    vec![file, command, never]
}

fn written(form: Form, seal: Option<&Seal>) -> String {
    let mut out = Vec::new();
    write(&mut events().into_iter(), form, seal, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn seal() -> Seal {
    Seal::new(&[], std::sync::Arc::new(crate::detect::Signatures::embedded().unwrap()))
}

#[test]
fn the_table_is_one_visible_line_an_event() {
    let text = written(Form::Table, None);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "2026-01-31 10:00:00  files      m..b              /opt/a|b\\u{1b}\u{fffd}  (full-second)"
    );
    assert!(lines[1].starts_with("2026-01-31 10:00:01~ syslog     sudo              [admin] sudo: admin"));
    assert!(lines[1].ends_with("zz9\\n=1+1") && lines[2].starts_with("9999-12-31 23:59:59"));
    assert_eq!(lines.last().unwrap().split(';').next(), Some("3 events, times in UTC"));
}

#[test]
fn timesketch_has_all_fields_that_it_wants() {
    let text = written(Form::Jsonl, None);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["datetime"], "2026-01-31T10:00:00.123456+00:00");
    assert_eq!(lines[0]["timestamp"], 1_769_853_600_123_456_i64);
    assert_eq!(lines[0]["timestamp_desc"], "file modified, born");
    assert_eq!((&lines[0]["inode"], &lines[0]["mode"]), (&12.into(), &"rwsr-xr-x".into()));
    assert_eq!(
        (&lines[0]["nanoseconds"], &lines[0]["marks"][0]),
        (&123_456_789.into(), &"full-second".into())
    );
    assert_eq!((&lines[1]["user"], &lines[1]["year_inferred"]), (&"admin".into(), &true.into()));
    assert_eq!(lines[1]["time_basis"], "zone assumed to be UTC");
}

#[test]
fn the_table_of_log2timeline_has_17_cells_in_each_row_and_no_formula() {
    let text = written(Form::Csv, None);
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row.len() == 17));
    assert_eq!((&rows[1][0], &rows[1][1], &rows[1][3]), ("01/31/2026", "10:00:00", "M..B"));
    assert_eq!(
        (&rows[2][5], &rows[2][7], &rows[2][14]),
        ("syslog", "admin", "zone assumed to be UTC; year inferred")
    );
    assert_eq!(&rows[3][0], "00/00/0000");
}

#[test]
fn a_secret_on_a_command_line_is_in_no_form() {
    for form in [Form::Table, Form::Bodyfile, Form::Csv, Form::Jsonl] {
        assert!(written(form, None).contains("Wf7-kq2-zz9"));
        assert!(!written(form, Some(&seal())).contains("kq2-zz9"), "{form:?}");
    }
}

#[test]
fn a_record_in_a_body_file_is_a_line_of_eleven_columns() {
    let text = written(Form::Bodyfile, None);
    assert!(text.lines().all(|line| line.split('|').count() == 11), "{text}");
    assert!(text.starts_with("0|[files] file modified, born: /opt/a\\x7cb^"));
}

#[test]
fn the_page_has_each_text_once_and_times_as_steps() {
    let mut out = Vec::new();
    page(&mut events().into_iter(), "disk<u>.raw", Some(&seal()), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let data = text.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["times"][0], 1_769_853_600_123_i64);
    assert_eq!((&data["times"][1], data["times"].as_array().unwrap().len()), (&877.into(), 3));
    assert_eq!((&data["text"][0], data["texts"].as_array().unwrap().len()), (&data["text"][2], 2));
    assert!(!text.contains("kq2-zz9") && !text.contains("<u>") && text.contains("3 events"));
}
