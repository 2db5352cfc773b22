//! The paths of the search, each by itself.

use std::path::PathBuf;

use assay::archive::base64_blocks::Finder;
use assay::rules::{Engine, Family, Scan, schema};

/// Bytes that are searched at once, as in the audit.
const CHUNK: usize = 2 << 20;

const TOKENS: [(&str, Family); 3] =
    [("credentials", Family::Credentials), ("keys", Family::Keys), ("miners", Family::Miners)];
const ASSIGNMENTS: [(&str, Family); 1] = [("assignments", Family::Assignments)];

/// The engines of some rules only.
pub(crate) struct Paths {
    tokens: Engine,
    assignments: Engine,
}

/// One way of looking at bytes.
pub(crate) struct Path<'p> {
    pub(crate) name: &'static str,
    look: Look<'p>,
}

enum Look<'p> {
    Keywords(Scan<'p>),
    Rules(Scan<'p>, usize),
    Base64(Finder),
}

impl Paths {
    pub(crate) fn new() -> Self {
        Self { tokens: engine(&TOKENS), assignments: engine(&ASSIGNMENTS) }
    }

    pub(crate) fn all<'p>(&'p self) -> Vec<Path<'p>> {
        let all = Engine::embedded();
        let rules = |name, engine: &'p Engine| {
            let look = Look::Rules(engine.begin(), engine.overlap());
            Path { name, look }
        };
        vec![
            Path { name: "filter", look: Look::Keywords(all.begin()) },
            rules("token rules", &self.tokens),
            rules("assignment rules", &self.assignments),
            rules("all rules", all),
            Path { name: "base64", look: Look::Base64(Finder::default()) },
        ]
    }
}

/// The engine of the rules of these folders of `signatures/`.
fn engine(folders: &[(&str, Family)]) -> Engine {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("signatures");
    let mut rules = Vec::new();
    for (folder, family) in folders {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            rules.extend(schema::parse(folder, &text, *family).unwrap());
        }
    }
    Engine::new(rules)
}

impl Path<'_> {
    /// Looks at the bytes of one file; returns how much was found.
    pub(crate) fn search(&mut self, bytes: &[u8]) -> usize {
        match &mut self.look {
            Look::Keywords(scan) => bytes.chunks(CHUNK).map(|chunk| scan.keywords(chunk)).sum(),
            Look::Rules(scan, overlap) => rules(scan, *overlap, bytes),
            Look::Base64(finder) => {
                let mut count = 0;
                finder.reset(0);
                bytes.chunks(CHUNK).for_each(|chunk| finder.piece(chunk, &mut |_| count += 1));
                finder.finish(&mut |_| count += 1);
                count
            }
        }
    }
}

fn rules(scan: &mut Scan<'_>, overlap: usize, bytes: &[u8]) -> usize {
    scan.reset();
    let (mut start, mut repeated, mut found) = (0, 0, 0);
    loop {
        let end = bytes.len().min(start + overlap + CHUNK);
        scan.chunk(bytes.get(start..end).unwrap_or_default(), repeated, start as u64, end == bytes.len());
        if end == bytes.len() {
            return found + scan.finish().len();
        }
        (start, repeated) = (end - overlap, overlap);
        found += scan.take((start as u64).saturating_sub(4096)).len();
    }
}
