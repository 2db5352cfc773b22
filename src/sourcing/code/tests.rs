//! Over all of `testdata/sourcing/code`: files that name the verdict of each lookup in a comment or a name.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use regex::Regex;

use super::*;

fn testdata() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/sourcing/code")
}

pub(super) fn options() -> Options {
    let publishers = Publishers::embedded().unwrap();
    Options { publishers, ..Options::default() }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unsafe => "unsafe",
        Verdict::Weak => "weak",
        Verdict::Pinned => "pinned",
        Verdict::Unknown => "unknown",
        Verdict::Info => "info",
        Verdict::Safe => "safe",
    }
}

/// The lines of a text that name a verdict, or a decoy: the first such word of each.
fn markers(text: &str) -> BTreeMap<u64, String> {
    let pattern = Regex::new(r"\b(unsafe|weak|pinned|info|unknown|safe|decoy)(?:[A-Z0-9_]\w*)?\b").unwrap();
    let of = |line: &str| Some(pattern.captures(line)?[1].to_owned());
    (1..).zip(text.lines()).filter_map(|(number, line)| Some((number, of(line)?))).collect()
}

/// What is wrong with the lookups of a file, against its markers.
fn wrong(text: &str, path: &str, lookups: &[&Lookup]) -> Vec<String> {
    let markers = markers(text);
    let mut wrong = Vec::new();
    let mut found: BTreeMap<u64, usize> = markers.keys().map(|line| (*line, 0)).collect();
    for lookup in lookups {
        let (line, verdict) = (lookup.line, word(lookup.verdict));
        let Some((marked, wanted)) = markers.range(..=line).next_back() else {
            wrong.push(format!("{path}:{line} {verdict}, and no marker is above it"));
            continue;
        };
        *found.get_mut(marked).unwrap() += 1;
        if wanted != verdict {
            wrong.push(format!("{path}:{line} {verdict} ({}), but {wanted} is wanted", lookup.reason));
        }
    }
    for (line, wanted) in &markers {
        let wanted_count = usize::from(wanted != "decoy");
        if found[line] != wanted_count {
            wrong.push(format!("{path}:{line} {wanted}: {} lookups in place of {wanted_count}", found[line]));
        }
    }
    wrong
}

#[test]
fn every_case_of_every_file_has_the_verdict_that_the_file_names() {
    let scan = scan(&[testdata()], &options());
    let mut all = Vec::new();
    let mut files = 0;
    for found in walk::files(&[testdata()], &options(), &mut Scan::default()) {
        let text = fs::read_to_string(&found.on_disk).unwrap();
        let own: Vec<&Lookup> = scan.lookups.iter().filter(|one| one.path == found.path.as_bytes()).collect();
        all.extend(wrong(&text, &found.path, &own));
        files += 1;
    }
    assert_eq!(scan.problems, [], "nothing of it is unreadable");
    assert!(all.is_empty(), "{}", all.join("\n"));
    assert!(files >= 26 && scan.lookups.len() >= 100, "{files} files, {} lookups", scan.lookups.len());
}

/// A project of one file, looked at.
fn of(name: &str, text: &str) -> Scan {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), text).unwrap();
    scan(&[dir.path().to_owned()], &options())
}

#[test]
fn a_fix_mends_what_it_is_for() {
    let terraform = "data \"aws_ami\" \"x\" {\n  most_recent = true\n  name_regex = \"^ubuntu/images/\"\n}\n";
    let python = "import boto3\nboto3.client('ec2').describe_images(Filters=[{'Name': 'name', 'Values': ['golden-*']}])\n";
    let script = "new AWS.EC2().describeImages({ Filters: [{ Name: 'name', Values: ['golden-*'] }] });\n";
    let command = "id=$(aws ec2 describe-images --filters Name=name,Values='debian-12-*' --query 'Images[0].ImageId')\n";
    for (name, text) in [("x.tf", terraform), ("x.py", python), ("x.js", script), ("x.sh", command)] {
        let found = of(name, text);
        let lookup = &found.lookups[0];
        assert_eq!(lookup.verdict, Verdict::Unsafe, "{name}");
        let fix = lookup.fix.clone().unwrap_or_else(|| panic!("{name} has no fix"));
        let (before, after) = (text.get(..fix.start).unwrap(), text.get(fix.end..).unwrap());
        let mended = [before, &fix.text, after].concat();
        assert_eq!(of(name, &mended).lookups[0].verdict, Verdict::Safe, "{mended}");
    }
}

#[test]
fn a_search_for_a_publishers_images_names_the_publisher() {
    let of_name = |name: &str| {
        let text = format!(
            "aws ec2 describe-images --filters Name=name,Values='{name}' --query 'Images[0].ImageId'"
        );
        of("x.sh", &text).lookups[0].publisher.clone()
    };
    assert_eq!(of_name("ubuntu/images/hvm-ssd/*"), Some("Canonical".into()));
    assert_eq!(of_name("golden-*"), None);
}

#[test]
fn what_makes_an_image_public_is_told() {
    let scan = of(
        "x.pkr.hcl",
        "source \"amazon-ebs\" \"x\" {\n  ami_groups = [\"all\"]\n  snapshot_groups = [\"all\"]\n}\n",
    );
    let lines: Vec<u64> = scan.publications.iter().map(|one| one.line).collect();
    assert_eq!(lines, [2, 3]);
    assert_eq!(
        of("x.pkr.hcl", "source \"amazon-ebs\" \"x\" {\n  ami_groups = [\"x\"]\n}\n").publications,
        []
    );
}

#[test]
fn a_comment_with_a_reason_suppresses_and_is_counted() {
    let text = |comment: &str| format!("{comment}\ndata \"aws_ami\" \"x\" {{\n  name_regex = \"x\"\n}}\n");
    let with = of("x.tf", &text("# assay: ignore[image-lookup-unsafe] a test account"));
    assert_eq!((with.suppressed(), with.lookups[0].suppressed.as_deref()), (1, Some("a test account")));
    assert_eq!(of("x.tf", &text("# assay: ignore[image-lookup-unsafe]")).suppressed(), 0);
}

#[test]
fn plans_and_states_tell_of_searches_and_of_no_other_value() {
    let search = r#"{"mode":"data","type":"aws_ami","name":"x","values":{"id":"ami-0123456789abcdef0","most_recent":true,
        "owners":null,"filter":[{"name":"name","values":["golden-*"]}],"name_regex":null}}"#;
    let secret = r#"{"mode":"managed","type":"aws_db_instance","name":"y","values":{"password":"hunter2-ami-secret"}}"#;
    let plan = format!(
        r#"{{"format_version":"1.2","prior_state":{{"values":{{"root_module":{{"resources":[{search},{secret}]}}}}}}}}"#
    );
    let scan = of("plan.json", &plan);
    let [lookup] = scan.lookups.as_slice() else { panic!("{:?}", scan.lookups) };
    assert_eq!((lookup.form, lookup.verdict), (Form::TerraformState, Verdict::Unsafe));
    assert_eq!(lookup.image_ids, ["ami-0123456789abcdef0"]);
    let state = r#"{"version":4,"terraform_version":"1.9.0","resources":[{"mode":"data","type":"aws_ami","name":"x",
        "instances":[{"attributes":{"owners":["self"],"most_recent":true,"name_regex":"x"}}]}]}"#;
    assert_eq!(of("x.tfstate", state).lookups[0].verdict, Verdict::Safe);
    let broken = plan.replace("}}}}", "");
    let problems = of("plan.json", &broken).problems;
    assert!(problems.len() == 1 && !format!("{problems:?}").contains("hunter2"), "{problems:?}");
}

#[test]
fn what_cannot_be_read_is_told() {
    let told = |name: &str, text: &[u8]| {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(name), text).unwrap();
        let options = Options { max_file_bytes: 1 << 20, ..options() };
        scan(&[dir.path().to_owned()], &options)
            .problems
            .iter()
            .map(|problem| problem.reason.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told("x.tf", &vec![b' '; 2 << 20]),
        ["The file is longer than 1048576 bytes, and was not read."]
    );
    assert_eq!(told("x.py", b"describe_images(\xff)"), ["The file is not UTF-8, and was not read."]);
    assert_eq!(told("x.py", b"\xff\xfed\0"), ["The file is in UTF-16, and was not read."]);
    assert_eq!(told("x.tf", b"data \"aws_ami\" {{{").len(), 1);
    assert_eq!(told("x.yaml", b"ImageId: [").len(), 1);
    assert_eq!(told("x.json", b"{\"ImageId\": ").len(), 1);
    assert_eq!(told("x.png", b"ImageId: ["), Vec::<String>::new());
}

#[test]
fn hostile_files_end() {
    let deep = |open: &str, middle: &str, close: &str| {
        [&open.repeat(100_000), middle, &close.repeat(100_000)].concat()
    };
    for (name, text) in [
        ("x.tf", format!("data \"aws_ami\" \"x\" {{\n owners = {}\n}}", deep("[", "", "]"))),
        ("y.tf", format!("data \"aws_ami\" \"x\" {{\n owners = {}true\n}}", "!".repeat(200_000))),
        ("z.tf", format!("data \"aws_ami\" \"x\" {{\n owners = {}1\n}}", "a ? b : ".repeat(50_000))),
        ("x.py", format!("ec2.describe_images(Owners={})", deep("[", "", "]"))),
        ("y.py", format!("x = {}\nec2.describe_images(Owners=x)", "(".repeat(200_000))),
        ("x.js", format!("ec2.describeImages({})", deep("{a:", "1", "}"))),
        ("x.go", format!("package p\nfunc f() {{ c.DescribeImages(ctx, {}) }}", deep("f(", "", ")"))),
        ("x.java", format!("class A {{ void f() {{ ec2.describeImages({}); }} }}", deep("f(", "", ")"))),
        (
            "z.py",
            (0..200).map(|n| format!("a{} = [a{n}, a{n}, a{n}]\n", n + 1)).collect::<String>()
                + "ec2.describe_images(Owners=a200)",
        ),
        (
            "x.sh",
            (0..60).map(|n| format!("a{}=$a{n}$a{n}$a{n}\n", n + 1)).collect::<String>()
                + "aws ec2 describe-images --owners $a60",
        ),
        ("y.sh", format!("aws ec2 describe-images {}", "$(".repeat(100_000))),
        ("x.json", format!("{{\"ImageId\": {}", "[".repeat(300_000))),
        ("x.yaml", format!("ImageId: {}", "[".repeat(300_000))),
    ] {
        let scan = of(name, &text);
        assert!(scan.lookups.len() + scan.problems.len() <= 2, "{name}");
    }
}

#[test]
fn what_git_ignores_and_links_are_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let unsafe_search = "data \"aws_ami\" \"x\" {\n  name_regex = \"x\"\n}\n";
    fs::write(dir.path().join(".gitignore"), "ignored.tf\n").unwrap();
    fs::write(dir.path().join("ignored.tf"), unsafe_search).unwrap();
    fs::create_dir(dir.path().join(".github")).unwrap();
    fs::write(dir.path().join(".github/x.tf"), unsafe_search).unwrap();
    std::os::unix::fs::symlink("/etc", dir.path().join("etc")).unwrap();
    let scan = scan(&[dir.path().to_owned()], &options());
    let paths: Vec<&[u8]> = scan.lookups.iter().map(|lookup| lookup.path.as_slice()).collect();
    assert_eq!(paths, [b".github/x.tf".as_slice()]);
}

#[test]
fn a_wrong_marker_is_noticed() {
    let text = "def unsafe1(): pass\ndef safe1(): pass\n";
    assert_eq!(wrong(text, "x", &[]).len(), 2);
}
