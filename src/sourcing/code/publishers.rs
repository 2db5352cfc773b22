//! Publishers of images: their accounts, and the names that their images bear.

/// Somebody who publishes images for everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publisher {
    /// As people call it: `Canonical`.
    pub name: String,
    /// Its accounts, the first is the one of the commercial regions.
    pub accounts: Vec<String>,
    /// Patterns of the names of its images, with `*` and `?`.
    pub names: Vec<String>,
}

/// The publishers that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publishers(pub Vec<Publisher>);

impl Publishers {
    /// Whose account this is.
    pub fn of_account(&self, account: &str) -> Option<&Publisher> {
        self.0.iter().find(|publisher| publisher.accounts.iter().any(|own| own == account))
    }

    /// Whose images a search by this name pattern is meant to find.
    pub fn of_name(&self, pattern: &str) -> Option<&Publisher> {
        self.0.iter().find(|publisher| publisher.names.iter().any(|own| is_aimed_at(pattern, own)))
    }

    /// The same for a regular expression of names.
    pub fn of_name_regex(&self, expression: &str) -> Option<&Publisher> {
        self.of_name(&glob_of_regex(expression))
    }
}

/// Letters that a pattern must share with a name: `*-x86_64` is aimed at nobody.
const WORD: usize = 4;

fn is_aimed_at(pattern: &str, own: &str) -> bool {
    let starts_open = pattern.starts_with(['*', '?']);
    intersect(pattern, own) && (prefix(pattern).len() >= WORD || starts_open && shares_a_word(pattern, own))
}

fn prefix(pattern: &str) -> &str {
    pattern.split(['*', '?']).next().unwrap_or_default()
}

fn shares_a_word(pattern: &str, own: &str) -> bool {
    let mut words = own.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() >= WORD);
    words.any(|word| pattern.contains(word))
}

/// Whether some name matches both patterns.
fn intersect(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) =
        (one.chars().take(512).collect(), other.chars().take(512).collect());
    // reach[j]: the patterns up to `i` and `j` have a name in common.
    let mut reach = vec![false; other.len() + 1];
    for i in 0..=one.len() {
        let mut row = vec![false; other.len() + 1];
        for j in 0..=other.len() {
            let (above, left) = (reach.get(j).copied(), j.checked_sub(1));
            let diagonal = left.and_then(|j| reach.get(j).copied());
            let before = left.and_then(|j| row.get(j).copied());
            let (a, b) = (i.checked_sub(1).and_then(|i| one.get(i)), left.and_then(|j| other.get(j)));
            let met = i == 0 && j == 0
                || i > 0 && above == Some(true) && a == Some(&'*')
                || before == Some(true) && b == Some(&'*')
                || before == Some(true) && a == Some(&'*') && i > 0
                || i > 0 && above == Some(true) && b == Some(&'*')
                || i > 0 && diagonal == Some(true) && same(a, b);
            if let Some(cell) = row.get_mut(j) {
                *cell = met;
            }
        }
        reach = row;
    }
    reach.last() == Some(&true)
}

fn same(a: Option<&char>, b: Option<&char>) -> bool {
    match (a, b) {
        (Some('?'), Some(_)) | (Some(_), Some('?')) => true,
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// A pattern with `*` that every name of a regular expression satisfies; wider, never narrower.
fn glob_of_regex(expression: &str) -> String {
    let anchored = expression.strip_prefix('^');
    let mut glob = String::from(if anchored.is_some() { "" } else { "*" });
    let body = anchored.unwrap_or(expression);
    let closed = body.strip_suffix('$');
    let mut letters = closed.unwrap_or(body).chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => glob.push(letters.next().filter(|c| !c.is_alphanumeric()).unwrap_or('*')),
            '[' => {
                letters.by_ref().find(|&c| c == ']');
                glob.push('*');
            }
            '(' | ')' | '|' | '{' | '}' | '.' | '+' => glob.push('*'),
            '*' | '?' => {
                glob.pop();
                glob.push('*');
            }
            other => glob.push(other),
        }
    }
    if closed.is_none() {
        glob.push('*');
    }
    glob
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical() -> Publishers {
        Publishers(vec![Publisher {
            name: "Canonical".into(),
            accounts: vec!["099720109477".into()],
            names: vec!["ubuntu/images/*".into(), "ubuntu-minimal/*".into()],
        }])
    }

    #[test]
    fn a_pattern_is_aimed_at_whose_names_it_meets() {
        for pattern in
            ["ubuntu/images/hvm-ssd/*", "ubuntu*", "*ubuntu-jammy*", "ubuntu/images/x", "ubunt?/images/*"]
        {
            assert!(canonical().of_name(pattern).is_some(), "{pattern}");
        }
        for pattern in ["golden-*", "*", "*-x86_64*", "debian-12-*", "", "u*"] {
            assert!(canonical().of_name(pattern).is_none(), "{pattern}");
        }
    }

    #[test]
    fn an_expression_is_taken_as_a_wider_pattern() {
        assert_eq!(glob_of_regex("^amzn2-ami-hvm-.*-x86_64-gp2$"), "amzn2-ami-hvm-*-x86_64-gp2");
        assert_eq!(glob_of_regex("app-[0-9]+"), "*app-***");
        assert!(canonical().of_name_regex("^ubuntu/images/.*22\\.04").is_some());
    }
}
