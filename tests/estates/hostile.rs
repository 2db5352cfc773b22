//! Names that an attacker chose, in every format.

use super::{assay, export};

const NAME: &str =
    r#"</script><script>alert(1)</script>\u001b[31mred\u202e|=cmd()|`x` {{7*7}} \u0000 ::error::x"#;

#[test]
fn a_name_is_text_in_every_format() {
    let images = format!(
        r#"{{"Images": [{{"ImageId": "ami-0000000000000000a", "OwnerId": "999988887777", "Name": "{NAME}", "Description": "{NAME}", "Public": true}},
            {{"ImageId": "ami-0000000000000000b", "OwnerId": "999988887777", "Name": "=HYPERLINK(\"http://e\")", "Public": true}}]}}"#
    );
    let instances = format!(
        r#"{{"Reservations": [{{"OwnerId": "111122223333", "Instances": [
            {{"InstanceId": "i-1", "ImageId": "ami-0000000000000000a", "Tags": [{{"Key": "Name", "Value": "{NAME}"}}, {{"Key": "env", "Value": "{NAME}"}}]}},
            {{"InstanceId": "i-2", "ImageId": "ami-0000000000000000b"}}]}}]}}"#
    );
    let root = export(&[
        ("111122223333/eu-west-1/images.json", images.as_bytes()),
        ("111122223333/eu-west-1/instances.json", instances.as_bytes()),
    ]);
    for format in ["terminal", "json", "html", "ndjson", "sarif", "junit", "markdown", "csv", "asff", "ocsf"]
    {
        let (exit, out, err) =
            assay(&["sourcing", root.path().to_str().unwrap(), "--format", format, "--verbose"]);
        assert_eq!(exit.0, 1, "{format}: {err}");
        assert!(out.contains("ami-0000000000000000a"), "{format}");
        for bad in ["\u{1b}", "\u{202e}", "\0"] {
            assert!(!out.contains(bad), "{format} has {bad:?}");
        }
        assert!(!out.lines().any(|line| line.trim_start().starts_with("::error")), "{format}");
        let is_page = format == "html" || format == "markdown";
        assert!(!is_page || !out.contains("<script>alert"), "{format}");
        if format == "csv" {
            let cells = csv::ReaderBuilder::new().from_reader(out.as_bytes()).into_records();
            for record in cells {
                let record = record.unwrap();
                assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '@'])), "{record:?}");
            }
        }
    }
}

#[test]
fn json_without_an_end_is_an_error_and_no_crash() {
    let deep = "[".repeat(200_000);
    let many = format!(r#"{{"Images": {}}}"#, "[".repeat(5000));
    for text in [
        deep.as_str(),
        &many,
        r#"{"Images": {"ImageId": 1}}"#,
        r#"{"Images": [1, 2]}"#,
        "{",
        r#"[{"ImageId": {}, "Name": "x"}]"#,
    ] {
        let root = export(&[("a.json", text.as_bytes())]);
        let (exit, _, err) = assay(&["sourcing", root.path().to_str().unwrap(), "--quiet"]);
        assert_eq!(exit.0, 4, "{}: {err}", text.get(..40).unwrap_or(text));
    }
}
