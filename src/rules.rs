//! Rule files and the search: what every rule looks for, found in one pass over the bytes.

use std::sync::{Arc, LazyLock};

use crate::finding::{Advisory, Confidence, Secret, Verification};

mod embedded;
mod engine;
mod lazy_regex;
mod mnemonic;
pub mod pair;
pub mod proof;
#[cfg(test)]
mod random;
pub mod schema;
mod utf16;
pub mod validators;

pub use engine::{Ahead, ChunkScanner, Engine, Scan, TextEncoding};
pub use schema::{Rule, RuleError};

impl Engine {
    /// The search for the rules that the program carries; built once.
    ///
    /// # Panics
    /// Never in a tested build: the rules' test reads the same files.
    #[expect(clippy::expect_used, reason = "the embedded rules are held by a test, not by an image")]
    pub fn embedded() -> &'static Self {
        static ENGINE: LazyLock<Engine> =
            LazyLock::new(|| embedded::rules().map(Engine::new).expect("the embedded rules are valid"));
        &ENGINE
    }

    /// The search for the rules that the program carries, and for those of `more`: (path below `signatures/`, text). A
    /// rule with the id of another one stands in its place. What is of no [`Family`] by its path is left out.
    ///
    /// # Errors
    /// What is wrong with a file, with its path; with a rule, its id too.
    pub fn with(more: &[(String, String)]) -> Result<Self, String> {
        let mut rules = embedded::rules().map_err(|error| error.to_string())?;
        for (path, text) in more {
            let Some(family) = Family::of(path) else { continue };
            let own = schema::parse(path, text, family).map_err(|error| match error {
                RuleError::Rule { .. } => format!("{path}: {error}"),
                RuleError::Syntax { .. } => error.to_string(),
            })?;
            for rule in own {
                let id = &rule.advisory.id;
                if let Some(problem) = proof::malformed(&rule).into_iter().next() {
                    return Err(format!("{path}: rule {id}: {problem}"));
                }
                match rules.iter_mut().find(|known| known.advisory.id == *id) {
                    Some(known) => *known = rule,
                    None => rules.push(rule),
                }
            }
        }
        Ok(Self::new(rules))
    }
}

/// The texts of the embedded rules, for telling one set from another.
pub fn text() -> String {
    embedded::text()
}

/// Which detector judges a rule's matches: the folder of `signatures/` that the rule is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// `signatures/credentials/`: tokens and keys of services.
    Credentials,
    /// `signatures/assignments/`: `password = …` and its kin.
    Assignments,
    /// `signatures/keys/`: blocks of private keys.
    Keys,
    /// `signatures/miners/`: marks of miners.
    Miners,
}

impl Family {
    /// All of them, with their folders of `signatures/`.
    pub const FOLDERS: [(Self, &'static str); 4] = [
        (Self::Credentials, "credentials"),
        (Self::Assignments, "assignments"),
        (Self::Keys, "keys"),
        (Self::Miners, "miners"),
    ];

    /// That of a file, by its path below `signatures/`.
    fn of(path: &str) -> Option<Self> {
        let (folder, _) = path.split_once('/')?;
        Self::FOLDERS.iter().find(|(_, name)| *name == folder).map(|(family, _)| *family)
    }
}

/// One match of a rule in a file.
#[derive(Clone, Debug)]
pub struct Match {
    /// What the rule says of every match (id, title, severity, remedy).
    pub advisory: Arc<Advisory>,
    /// How sure, after the rule's validators.
    pub confidence: Confidence,
    /// What the validators proved.
    pub proof: Verification,
    /// The family of the rule.
    pub family: Family,
    /// Byte offset of the secret in the file (in the member, for archives).
    pub offset: u64,
    /// Line from 1, where the file is text.
    pub line: Option<u64>,
    /// The value: what the rule's `secret` group caught. For UTF-16 text: as UTF-8.
    pub secret: Secret,
    /// The name it is assigned to (`DB_PASSWORD`), where the rule catches one in its `key` group.
    pub key: Option<Vec<u8>>,
    /// The other half of the credential, where the rule has one and it is near.
    pub other: Option<pair::Other>,
    /// The text around it (its line, at most 512 bytes): holds the secret, so never shown as it is.
    pub context: Secret,
    /// Where the value begins in it.
    pub at: usize,
    /// Whether the value is read as its syntax has it; `secret` is how it is written.
    pub is_read: bool,
    /// What stands behind it, where the rule reads values: the value may go on for lines.
    pub following: Secret,
}
