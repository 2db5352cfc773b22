//! Passwords of all characters, in all forms: what is reported is exactly the password, so that its hash is the secret's.
//!
//! One tree holds a file for each password and form. The passwords are those of generators that people use, and each
//! character of the keyboard at the start, within and at the end of one.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use assay::audit::{self, Quiet, Settings, Target};
use assay::finding::Severity;

use super::values::Random;

/// Exact values, of 1000.
const FLOOR: usize = 990;
/// Passwords of each generator and length.
const EACH: usize = 4;
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const GENERATORS: [(&str, &str); 5] = [
    ("letters and digits", ""),
    ("LastPass and WordPress", "!@#$%^&*"),
    ("Django", "!@#$%^&*(-_=+)"),
    ("KeePass and pwgen", "!#$%&()*+,-./:;<=>?@[]^_{|}~"),
    ("the whole keyboard", PUNCTUATION),
];

fn escaped(text: &str, signs: &str) -> String {
    text.chars().flat_map(|c| signs.contains(c).then_some('\\').into_iter().chain([c])).collect()
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Name of the file and its text; none, where the form cannot hold the password.
fn forms(value: &str) -> Vec<(&'static str, String)> {
    let double = format!("\"{}\"", escaped(value, "\"\\"));
    let single = format!("'{}'", escaped(value, "'\\"));
    let doubled = format!("'{}'", value.replace('\'', "''"));
    let shell = format!("'{}'", value.replace('\'', "'\\''"));
    let starts = |signs: &str| value.starts_with(|c| signs.contains(c));
    let mut forms = vec![
        (
            "config.json",
            format!("{{\n  \"db\": {{\n    \"user\": \"app\",\n    \"password\": {double}\n  }}\n}}\n"),
        ),
        ("small.json", format!("{{\"db\":{{\"user\":\"app\",\"password\":{double},\"port\":1}}}}\n")),
        ("double.yml", format!("db:\n  user: app\n  password: {double}\n")),
        (
            "docker-compose.yml",
            format!("services:\n  db:\n    environment:\n      ROOT_PASSWORD: {doubled}\n"),
        ),
        ("settings.py", format!("DB_USER = 'app'\nDB_PASSWORD = {single}\n")),
        ("db.php", format!("<?php\n$db_user = 'app';\n$db_password = {single};\n")),
        ("a.js", format!("module.exports = {{ user: 'app', password: {single} }};\n")),
        ("a.xml", format!("<c>\n <user>a</user>\n <dbPassword>{}</dbPassword>\n</c>\n", xml(value))),
        ("b.xml", format!("<c>\n <Resource username=\"a\" password=\"{}\" />\n</c>\n", xml(value))),
        ("up.sh", format!("#!/bin/sh\nexport DB_PASSWORD={shell}\nrun\n")),
        ("main.go", format!("package main\nvar dbPassword string = {double}\n")),
        ("A.java", format!("class A {{\n  String dbPassword = {double};\n}}\n")),
        ("x.toml", format!("[db]\npassword = {double}\n")),
        ("app.properties", format!("db.user=app\ndb.password={}\n", escaped(value, "\\"))),
    ];
    if !starts("\"';#") && !value.ends_with(['"', '\'', ';']) {
        forms.push(("app.ini", format!("[db]\nuser = app\npassword = {value}\n")));
    }
    if !starts("\"'`#") && !value.contains(['$', '`', '\\']) {
        forms.push((".env", format!("APP=1\nDB_PASSWORD={value}\nX=1\n")));
    }
    if !starts("!&*-?|>@`\"'%#{}[],:=") && !value.contains(": ") && !value.ends_with(':') {
        forms.push(("plain.yml", format!("db:\n  user: app\n  password: {value}\n")));
    }
    // A compose file and Properties have rules of their own for these.
    let skipped = |name: &str| match name {
        "docker-compose.yml" => value.contains("$$"),
        "app.properties" => starts("\"'"),
        _ => false,
    };
    forms.retain(|(name, _)| !skipped(name));
    forms
}

/// Kind of password, password.
fn passwords() -> Vec<(String, String)> {
    let mut random = Random::of("passwords of the matrix");
    let mut text = |alphabet: &str, len: usize| -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..len).map(|_| alphabet[random.below(alphabet.len())]).collect()
    };
    let mut all = Vec::new();
    for (name, more) in GENERATORS {
        for len in [12, 16, 20, 50] {
            for _ in 0..EACH {
                all.push((name.to_owned(), text(&format!("{LETTERS}{more}"), len)));
            }
        }
    }
    for sign in PUNCTUATION.chars() {
        for at in [0, 5, 12] {
            let mut value = format!("{}7Qx", text(LETTERS, 9));
            value.insert(at, sign);
            all.push((format!("with {sign}"), value));
        }
    }
    all
}

#[test]
fn a_password_of_any_characters_is_reported_exactly_in_every_form() {
    let root = tempfile::tempdir().unwrap();
    let mut planted = BTreeMap::new();
    for (number, (kind, value)) in passwords().into_iter().enumerate() {
        for (name, text) in forms(&value) {
            let path = format!("/srv/{number}/{name}");
            let file = root.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
            planted.insert(path, (kind.clone(), name, value.clone()));
        }
    }
    let report = audit::run(&Target::Rootfs(root.path().to_owned()), &Settings::default(), &Quiet).unwrap();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.severity >= Severity::Medium) {
        let path = String::from_utf8_lossy(&finding.location.path).into_owned();
        let values =
            finding.evidence.secrets.iter().map(|value| String::from_utf8_lossy(value.reveal()).into_owned());
        found.entry(path).or_default().extend(values);
    }
    let is_exact =
        |path: &String, value: &String| found.get(path).is_some_and(|values| values.contains(value));
    let (mut forms, mut kinds, mut exact, mut missed) = (BTreeMap::new(), BTreeMap::new(), 0, String::new());
    for (path, (kind, form, value)) in &planted {
        let hit = usize::from(is_exact(path, value));
        for (table, name) in [(&mut forms, *form), (&mut kinds, kind.as_str())] {
            let (hits, all) = table.entry(name.to_owned()).or_insert((0, 0));
            *hits += hit;
            *all += 1;
        }
        exact += hit;
        if hit == 0 {
            writeln!(missed, "{form}: {value:?}, found {:?}", found.get(path)).unwrap();
        }
    }
    for (name, (hits, all)) in forms.iter().chain(kinds.iter().filter(|(_, (hits, all))| hits < all)) {
        println!("{name:<24} {hits:>4} of {all:<4} exact");
    }
    println!("{exact} of {} exact\n{missed}", planted.len());
    assert!(exact * 1000 >= planted.len() * FLOOR, "{exact} of {}\n{missed}", planted.len());
}
