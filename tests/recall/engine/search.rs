//! The engine as the audit uses it, and the comparison.

use std::path::PathBuf;

use assay::rules::{Engine, Family, Rule, Scan, schema};

use super::plain::Found;

const TOKENS: [(&str, Family); 3] =
    [("credentials", Family::Credentials), ("keys", Family::Keys), ("miners", Family::Miners)];
/// These are no token rules: their keywords are only the commonest of the names they know.
const ASSIGNMENTS: [(&str, Family); 1] = [("assignments", Family::Assignments)];

/// Every token rule of `signatures/`, without what judges its matches afterwards.
pub(crate) fn rules() -> Vec<Rule> {
    unjudged(&TOKENS)
}

/// The assignment rules, likewise.
pub(crate) fn assignments() -> Vec<Rule> {
    unjudged(&ASSIGNMENTS)
}

fn unjudged(folders: &[(&str, Family)]) -> Vec<Rule> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("signatures");
    let mut rules = Vec::new();
    for &(folder, family) in folders {
        let files = std::fs::read_dir(root.join(folder)).unwrap();
        let mut paths: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).unwrap();
            let judges = |line: &&str| line.starts_with("validators") || line.starts_with("min_entropy");
            let text: Vec<&str> = text.lines().filter(|line| !judges(line)).collect();
            rules.extend(schema::parse(folder, &text.join("\n"), family).unwrap());
        }
    }
    // Where a value ends, no pattern says of these; and some are found without one.
    rules.retain(|rule: &Rule| !rule.is_read() && rule.pattern().contains("<secret>"));
    rules
}

/// The engine of the rule of this number alone.
pub(crate) fn one(number: usize) -> Engine {
    Engine::new(rules().into_iter().skip(number).take(1).collect())
}

/// Rules that are the keywords of `rules` and nothing else, called k0, k1, …
pub(crate) fn of_keywords(rules: &[Rule], any_case: bool, family: Family) -> (Engine, Vec<String>) {
    let mine = rules.iter().filter(|rule| rule.case_insensitive == any_case);
    let mut keywords: Vec<String> = mine.flat_map(|rule| rule.keywords.clone()).collect();
    keywords.sort();
    keywords.dedup();
    let flag = if any_case { "(?i)" } else { "" };
    let mut text = String::new();
    for (number, keyword) in keywords.iter().enumerate() {
        let pattern = quoted(&format!("(?<secret>{flag}{})", regex::escape(keyword)));
        let keyword = quoted(keyword);
        text += &format!(
            "[[rule]]\nid = \"k{number}\"\ntitle = \"-\"\nseverity = \"low\"\nconfidence = \"low\"\n\
             remedy = \"-\"\ncase_insensitive = {any_case}\nkeywords = [{keyword}]\nregex = {pattern}\n"
        );
    }
    (Engine::new(schema::parse("keywords", &text, family).unwrap()), keywords)
}

/// A string of TOML, which those of JSON are.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// What is found in a buffer that is read at once.
pub(crate) fn whole(engine: &Engine, bytes: &[u8]) -> Vec<Found> {
    in_chunks(engine, bytes, &[])
}

/// What is found where a chunk ends at each of `cuts`, and again where each is searched before its turn.
pub(crate) fn in_chunks(engine: &Engine, bytes: &[u8], cuts: &[usize]) -> Vec<Found> {
    let (mut scan, mut other, mut scout) = (engine.begin(), engine.begin(), engine.scout());
    let (mut start, mut repeated) = (0, 0);
    for &cut in cuts.iter().chain([&bytes.len()]) {
        let (chunk, base, last) = (&bytes[start..cut], start as u64, cut == bytes.len());
        scan.chunk(chunk, repeated, base, last);
        if start == 0 {
            other.chunk(chunk, repeated, base, last);
        } else {
            let ahead = scout.search(chunk, base, last, other.manner());
            other.accept(ahead, chunk, repeated, base, last);
        }
        repeated = engine.overlap().min(cut - start);
        start = cut - repeated;
    }
    let all = found(&mut scan);
    same("searched before its turn", bytes, &found(&mut other), &all);
    all
}

fn found(scan: &mut Scan<'_>) -> Vec<Found> {
    assert_eq!(scan.dropped(), 0, "more matches than are kept: nothing can be compared");
    let matches = scan.finish();
    let mut all: Vec<Found> = matches
        .iter()
        .map(|one| Found {
            offset: one.offset,
            rule: one.advisory.id.clone(),
            secret: one.secret.reveal().to_vec(),
        })
        .collect();
    all.sort();
    all
}

/// The widest window of a rule, in bytes.
const WINDOW: usize = 17_000;

/// Demands that the two are equal, and shows the first place where they are not.
pub(crate) fn same(what: &str, bytes: &[u8], found: &[Found], expected: &[Found]) {
    // A pattern alone goes on from the mark of one key to the end of another, farther than its rule looks.
    let far: Vec<&Found> = expected.iter().filter(|one| one.secret.len() > WINDOW).collect();
    let is_near = |one: &&Found| {
        let within = |far: &&Found| {
            far.rule == one.rule && (far.offset..far.offset + far.secret.len() as u64).contains(&one.offset)
        };
        !far.iter().any(within)
    };
    let found: Vec<Found> = found.iter().filter(is_near).cloned().collect();
    let expected: Vec<Found> = expected.iter().filter(is_near).cloned().collect();
    if found == expected {
        return;
    }
    let around = |one: &Found| {
        let at = usize::try_from(one.offset).unwrap();
        let text = &bytes[at.saturating_sub(60)..bytes.len().min(at + one.secret.len().min(200) + 40)];
        let secret = String::from_utf8_lossy(&one.secret);
        format!("{} at {at}: {secret:?} in {:?}", one.rule, String::from_utf8_lossy(text))
    };
    let lost: Vec<String> = expected.iter().filter(|one| !found.contains(one)).map(around).collect();
    let more: Vec<String> = found.iter().filter(|one| !expected.contains(one)).map(around).collect();
    let first = |all: &[String]| all.iter().take(3).cloned().collect::<Vec<_>>().join("\n  ");
    panic!(
        "{what}: {} lost, {} too many\nlost: {}\ntoo many: {}",
        lost.len(),
        more.len(),
        first(&lost),
        first(&more)
    );
}
