//! A regex that is compiled when it is first used: of most rules that is never.
//!
//! Each thread searches with a copy of its own: the compiled program is shared, the memory that a search builds its
//! automaton in is the thread's, and goes with it. Shared, it would stay as long as the program, and an audit after
//! another one, whose threads are others, would add its own.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use regex::bytes::{Regex, RegexBuilder};

/// Largest compiled form of one regex, in bytes: a rule over it is an error, never dropped. A search takes up to
/// twice as much again in each thread. A repetition that counts to thousands has a state for each number; the
/// rule's window bounds an open one as well.
const LIMIT: usize = 1 << 20;

/// A pattern, and its regex once it was used.
#[derive(Debug)]
pub(super) struct LazyRegex {
    number: usize,
    pattern: String,
    regex: OnceLock<Option<Regex>>,
}

/// The number of the next pattern.
static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// This thread's copies, by the numbers of their patterns.
    static COPIES: RefCell<Vec<Option<Rc<Regex>>>> = const { RefCell::new(Vec::new()) };
}

impl LazyRegex {
    pub(super) fn new(pattern: String) -> Self {
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), pattern, regex: OnceLock::new() }
    }

    pub(super) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The regex; none, if the pattern is not one, which the rules' proof would tell.
    pub(super) fn get(&self) -> Option<Rc<Regex>> {
        COPIES.with_borrow_mut(|copies| {
            if copies.len() <= self.number {
                copies.resize(self.number.saturating_add(1), None);
            }
            let copy = copies.get_mut(self.number)?;
            if copy.is_none() {
                let regex = self.regex.get_or_init(|| self.compile().ok());
                *copy = regex.clone().map(Rc::new);
            }
            copy.clone()
        })
    }

    /// Compiles the pattern.
    pub(super) fn compile(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&self.pattern).unicode(false).size_limit(LIMIT).dfa_size_limit(2 << 20).build()
    }

    /// What is wrong with the pattern, which is to have one group of this name.
    pub(super) fn problem(&self, group: &str) -> Option<String> {
        match self.compile() {
            Ok(regex) if regex.capture_names().flatten().filter(|name| *name == group).count() == 1 => None,
            Ok(_) => Some(format!("needs one group called {group}")),
            Err(error) => Some(error.to_string()),
        }
    }
}
