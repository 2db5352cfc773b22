//! The proof that each pattern carries: its texts, as the words of a program, at its start, in the middle, at its end,
//! and where one piece of it ends.

use super::{Program, Words};
use crate::packages::programs::{BLOCK, Reader};

impl Words {
    /// What is wrong with the words, a line each; none if all is right.
    pub fn check(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for program in &self.programs {
            let product = &program.raw.product;
            if program.raw.matches.is_empty() || program.raw.lookalikes.is_empty() {
                problems.push(format!("{product}: needs an example each way"));
            }
            for (text, version) in &program.raw.matches {
                if let Some(place) = self.lost(program, text, version) {
                    problems.push(format!("{product}: {place}: not found as it must be: {text:?}"));
                }
            }
            for text in &program.raw.lookalikes {
                if program.regex.is_match(text.as_bytes()) {
                    problems.push(format!("{product}: found, and must not be: {text:?}"));
                }
            }
        }
        problems
    }

    /// The first place at which a text is not found.
    fn lost(&self, program: &Program, text: &str, version: &str) -> Option<&'static str> {
        let filler = |len: usize| "\0nothing\0".repeat(len.div_ceil(9)).into_bytes();
        let places = [
            ("at the start", 0, 100),
            ("in the middle", 1000, 1000),
            ("at the end", 1000, 0),
            ("across a cut", BLOCK.saturating_sub(text.len() / 2), 1000),
        ];
        places.into_iter().find_map(|(place, before, after)| {
            // What must stand at the very start is found nowhere else.
            if program.raw.pattern.starts_with("\\A") && before > 0 {
                return None;
            }
            let mut before = filler(before);
            before.truncate(before.len() / 9 * 9);
            let content = [before.as_slice(), text.as_bytes(), &filler(after)].concat();
            (!self.finds(program, &content, version)).then_some(place)
        })
    }

    fn finds(&self, program: &Program, content: &[u8], version: &str) -> bool {
        let name = program.raw.names.first().map(|name| name.replace('*', "")).unwrap_or_default();
        let mut reader = Reader::new(self);
        // A head without segments: anything may be anywhere.
        let mut head = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0".to_vec();
        head.resize(64, 0);
        let content = if program.raw.anywhere { [&head, content].concat() } else { content.to_vec() };
        if !reader.start(name.as_bytes(), content.get(..64).unwrap_or(&content), || false) {
            return false;
        }
        reader.piece(&content);
        let (found, _) = reader.end();
        found.iter().any(|one| one.name == program.raw.product && one.version.as_deref() == Some(version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_proves_itself() {
        let problems = Words::embedded().check();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn at_least_forty_products_are_known() {
        let words = Words::embedded();
        let mut products: Vec<&str> =
            words.programs.iter().map(|program| program.raw.product.as_str()).collect();
        products.dedup();
        assert!(products.len() >= 40, "{}", products.len());
    }
}
