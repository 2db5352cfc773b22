//! Rule files and the search: what every rule looks for, found in one pass over the bytes.

use std::sync::{Arc, LazyLock};

use crate::finding::{Advisory, Confidence, Proof, Secret};

mod embedded;
mod engine;
mod filter;
mod late;
pub mod pair;
pub mod proof;
#[cfg(test)]
mod random;
pub mod schema;
mod shape;
mod utf16;
pub mod validators;

pub use engine::{Ahead, Engine, Manner, Scan, Scout};
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

/// One match of a rule in a file.
#[derive(Clone, Debug)]
pub struct Match {
    /// What the rule says of every match (id, title, severity, remedy).
    pub advisory: Arc<Advisory>,
    /// How sure, after the rule's validators.
    pub confidence: Confidence,
    /// What the validators proved.
    pub proof: Proof,
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
}
