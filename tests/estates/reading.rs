//! Exports in every form that clients leave them in.

use std::io::Write;

use super::{assay, class, export, report};

const IMAGES: &str = r#"{"Images": [{"ImageId": "ami-0000000000000000a", "OwnerId": "111122223333", "Name": "golden-1", "Public": false, "State": "available"},
 {"ImageId": "ami-0000000000000000b", "OwnerId": "999988887777", "Name": "tool", "Public": true, "State": "available"}]}"#;
const INSTANCES: &str = r#"{"Reservations": [{"OwnerId": "111122223333", "Instances": [{"InstanceId": "i-1", "ImageId": "ami-0000000000000000b", "State": {"Name": "running"}, "Placement": {"AvailabilityZone": "eu-west-1a"}}]}]}"#;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn packed_files_byte_order_marks_and_utf_16_are_read() {
    let utf16: Vec<u8> =
        std::iter::once(0xfeff_u16).chain(INSTANCES.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xef\xbb\xbf".as_slice(), IMAGES.as_bytes()].concat();
    let zstd = zstd::encode_all(IMAGES.as_bytes(), 3).unwrap();
    for images in [IMAGES.as_bytes(), &gzip(IMAGES), &zstd, &marked] {
        let root = export(&[("a.json", images), ("b.json", &utf16)]);
        let (report, _) = report(root.path(), &[]);
        assert_eq!(class(&report, "ami-0000000000000000b"), "public-stranger");
        assert_eq!(report["sourcing"]["sums"]["instances"], 1);
    }
}

#[test]
fn pages_lists_of_query_and_lines_are_one_export() {
    let image = |id: &str| {
        format!(r#"{{"ImageId": "{id}", "OwnerId": "999988887777", "Name": "n", "Public": true}}"#)
    };
    let (a, b, c, d) = (
        image("ami-0000000000000000a"),
        image("ami-0000000000000000b"),
        image("ami-0000000000000000c"),
        image("ami-0000000000000000d"),
    );
    // Two pages in one file; a list; a list of lists; a line each.
    let pages = format!(r#"{{"Images": [{a}], "NextToken": "x"}}{{"Images": [{b}]}}"#);
    let list = format!("[[{c}]]");
    let lines = format!("{d}\n{{\"InstanceId\": \"i-1\", \"ImageId\": \"ami-0000000000000000a\"}}\n");
    let instance =
        |n: u8, id: char| format!(r#"{{"InstanceId": "i-{n}", "ImageId": "ami-0000000000000000{id}"}}"#);
    let instances = format!("[{}, {}, {}]", instance(2, 'b'), instance(3, 'c'), instance(4, 'd'));
    let root = export(&[
        ("111122223333/eu-west-1/p.json", pages.as_bytes()),
        ("111122223333/eu-west-1/l.json", list.as_bytes()),
        ("111122223333/eu-west-1/n.ndjson", lines.as_bytes()),
        ("111122223333/eu-west-1/i.json", instances.as_bytes()),
    ]);
    let (report, _) = report(root.path(), &[]);
    for id in ["a", "b", "c", "d"] {
        assert_eq!(class(&report, &format!("ami-0000000000000000{id}")), "public-stranger", "{id}");
    }
    assert_eq!(report["gaps"], serde_json::json!([]));
}

#[test]
fn a_page_without_its_next_one_is_a_gap() {
    let cut = IMAGES.replacen("{\"Images\"", "{\"NextToken\": \"abc\", \"Images\"", 1);
    let root = export(&[("111122223333/eu-west-1/a.json", cut.as_bytes())]);
    let (report, exit) = report(root.path(), &[]);
    assert_eq!(exit, 4, "{report}");
    assert!(report["gaps"][0]["reason"].as_str().unwrap().contains("another follows"));
}

#[test]
fn a_broken_file_is_named_with_its_line_and_the_rest_is_read() {
    let broken = "{\"Images\": [\n  {\"ImageId\": \"ami-1\",}\n]}";
    let root = export(&[("a.json", broken.as_bytes()), ("b.json", IMAGES.as_bytes())]);
    let (report, exit) = report(root.path(), &[]);
    assert_eq!(exit, 4);
    let gap = &report["gaps"][0];
    assert!(gap["location"]["path"].as_str().unwrap().ends_with("a.json"));
    assert_eq!(gap["location"]["line"], 2);
    assert_eq!(
        class(&report, "ami-0000000000000000a"),
        "shared-by-stranger",
        "whose export it is, nothing says"
    );
    let root = export(&[("empty.json", b""), ("x.txt", b"plain")]);
    let (exit, _, err) = assay(&["sourcing", root.path().to_str().unwrap()]);
    assert_eq!(exit.0, 3, "{err}");
    let (exit, _, err) = assay(&["sourcing", "/no/such/path"]);
    assert_eq!(exit.0, 3);
    assert!(err.contains("/no/such/path: no such file or directory"), "{err}");
}

#[test]
fn account_and_region_are_inferred_and_that_is_told() {
    let root = export(&[("images.json", IMAGES.as_bytes()), ("instances.json", INSTANCES.as_bytes())]);
    let (report, _) = report(root.path(), &[]);
    assert_eq!(report["sourcing"]["accounts"], serde_json::json!(["111122223333"]));
    assert_eq!(class(&report, "ami-0000000000000000a"), "own");
    let notes = report["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note["text"].as_str().unwrap().contains("inferred")), "{notes:?}");
}

#[test]
fn every_way_in_which_examples_of_documentation_are_broken_is_told_with_its_line() {
    let kinds = [
        ("an object that does not end", "{\"Events\": [\n  {\"EventName\": \"RunInstances\"}\n]\n", 4),
        ("a value that does not end", "{\n  \"LaunchPermissions\": [\n    {\"Group\":", 3),
        ("a comma too many in a list", "{\"Snapshots\": [\n  {\"SnapshotId\": \"snap-1\"},\n]}", 3),
        ("a comma too many in an object", "{\"ImageId\": \"ami-1\",\n \"LaunchPermissions\": [],\n}", 3),
        ("a comma that is missing", "{\"Reservations\": [\n  {\"Instances\": []}\n  {}\n]}", 3),
        ("a value that is left out", "{\"Parameters\": [\n  {\"Name\": \"a\", \"Value\": },\n]}", 2),
        ("a list that is cut short by dots", "{\"Images\": [\n  {\"ImageId\": \"ami-1\"},\n  ...\n]}", 3),
        ("a text over two lines", "{\"Snapshots\": [\n  {\"Description\": \"a\nb\"}\n]}", 2),
    ];
    for (kind, text, line) in kinds {
        // The ending says nothing.
        let root = export(&[("example.txt", text.as_bytes()), ("images.json", IMAGES.as_bytes())]);
        let (report, exit) = report(root.path(), &[]);
        assert_eq!(exit, 4, "{kind}");
        let gaps = report["gaps"].as_array().unwrap();
        let gap = gaps.iter().find(|gap| gap["reason"].as_str().unwrap().contains("not valid JSON"));
        let gap = gap.unwrap_or_else(|| panic!("{kind}: {gaps:?}"));
        assert!(gap["location"]["path"].as_str().unwrap().ends_with("example.txt"), "{kind}");
        assert_eq!(gap["location"]["line"], line, "{kind}");
    }
}
