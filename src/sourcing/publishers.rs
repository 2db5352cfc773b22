//! Publishers of images: whose accounts they are, and what their images are called. The table is `signatures/publishers.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::glob;

/// The text of the table.
pub const TEXT: &str = include_str!("../../signatures/publishers.toml");

/// A publisher.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    /// As people know it.
    pub name: String,
    /// What it publishes.
    #[serde(default)]
    pub product: String,
    /// Its accounts, of all partitions.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// Accounts that it had once.
    #[serde(default)]
    pub former: Vec<String>,
    /// The alias that its images have.
    #[serde(default)]
    pub alias: Option<String>,
    /// Patterns of names that only its images have.
    #[serde(default)]
    pub names: Vec<String>,
    /// Where accounts and names are published.
    pub sources: Vec<String>,
    /// The day on which the sources were read.
    pub checked: toml::value::Datetime,
}

impl Publisher {
    /// Whether the account is its own, or once was.
    pub fn has_account(&self, account: &str) -> bool {
        self.accounts.iter().chain(&self.former).any(|own| own == account)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    publisher: Vec<Publisher>,
}

/// All publishers.
#[derive(Clone, Debug, Default)]
pub struct Publishers {
    all: Vec<Publisher>,
    by_account: BTreeMap<String, usize>,
}

impl Publishers {
    /// Reads a table.
    ///
    /// # Errors
    /// What is wrong with it, and in which line.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let all = toml::from_str::<Table>(text)?.publisher;
        let accounts = |(number, one): (usize, &Publisher)| {
            one.accounts.iter().map(|account| (account.clone(), number)).collect::<Vec<_>>()
        };
        let by_account = all.iter().enumerate().flat_map(accounts).collect();
        Ok(Self { all, by_account })
    }

    /// The table that the program carries.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn embedded() -> Result<Self, String> {
        Self::parse(TEXT).map_err(|error| format!("signatures/publishers.toml: {error}"))
    }

    /// All of them, in the order of the table.
    pub fn all(&self) -> &[Publisher] {
        &self.all
    }

    /// The one whose account it is.
    pub fn of_account(&self, account: &str) -> Option<&Publisher> {
        self.by_account.get(account).and_then(|&number| self.all.get(number))
    }

    /// Those whose images have such names: one name may be sold by two.
    pub fn of_name<'p, 'n>(&'p self, name: &'n str) -> impl Iterator<Item = &'p Publisher> + use<'p, 'n> {
        self.all.iter().filter(move |one| one.names.iter().any(|pattern| glob::fits(pattern, name)))
    }

    /// The one at whose images a search by `pattern` is aimed.
    pub fn of_pattern(&self, pattern: &str) -> Option<&Publisher> {
        self.all.iter().find(|one| one.names.iter().any(|own| is_aimed_at(pattern, own)))
    }

    /// The same of a regular expression of names.
    pub fn of_expression(&self, expression: &str) -> Option<&Publisher> {
        self.of_pattern(&glob_of_regex(expression))
    }
}

/// Letters that a pattern must share with a name: `*-x86_64` is aimed at nobody.
const WORD: usize = 4;

fn is_aimed_at(pattern: &str, own: &str) -> bool {
    let starts_open = pattern.starts_with(['*', '?']);
    glob::intersects(pattern, own)
        && (prefix(pattern).len() >= WORD || starts_open && shares_a_word(pattern, own))
}

fn prefix(pattern: &str) -> &str {
    pattern.split(['*', '?']).next().unwrap_or_default()
}

fn shares_a_word(pattern: &str, own: &str) -> bool {
    let mut words = own.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() >= WORD);
    words.any(|word| pattern.contains(word))
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

    #[test]
    fn the_table_is_sound() {
        let publishers = Publishers::parse(TEXT).unwrap();
        assert!(publishers.all().len() >= 40, "{}", publishers.all().len());
        for one in publishers.all() {
            let is_account = |text: &String| super::super::is_account(text);
            assert!(one.accounts.iter().chain(&one.former).all(is_account), "{}", one.name);
            assert!(
                !one.sources.is_empty() && one.sources.iter().all(|source| source.starts_with("http")),
                "{}",
                one.name
            );
            assert!(!one.accounts.is_empty() || !one.names.is_empty(), "{}", one.name);
            assert!(
                one.alias.as_deref().is_none_or(|alias| alias == "amazon" || alias.starts_with("aws-")),
                "{}",
                one.name
            );
            for pattern in &one.names {
                let letters = pattern.chars().filter(|c| c.is_alphanumeric()).count();
                assert!(letters >= 4, "{}: {pattern} fits the images of others", one.name);
                assert!(!glob::fits(pattern, "golden-web-2024.05.01"), "{}: {pattern}", one.name);
            }
        }
    }

    #[test]
    fn a_name_and_an_account_lead_to_their_publisher() {
        let publishers = Publishers::parse(TEXT).unwrap();
        assert_eq!(publishers.of_account("099720109477").unwrap().name, "Canonical");
        let name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240501";
        assert_eq!(publishers.of_name(name).next().unwrap().name, "Canonical");
        assert!(publishers.of_pattern("*ubuntu-jammy-22.04-amd64-server-*").is_some());
        assert!(publishers.of_name("golden-web-7").next().is_none());
    }

    #[test]
    fn a_pattern_is_aimed_at_whose_names_it_meets() {
        let publishers = Publishers::embedded().unwrap();
        let aimed_at = |pattern: &str| publishers.of_pattern(pattern).map(|one| one.name.as_str());
        for pattern in
            ["ubuntu/images/hvm-ssd/*", "ubuntu/im*", "*ubuntu-jammy*", "ubuntu/images/x", "ubunt?/images/*"]
        {
            assert_eq!(aimed_at(pattern), Some("Canonical"), "{pattern}");
        }
        for pattern in ["golden-*", "*", "*-x86_64*", "", "u*"] {
            assert_eq!(aimed_at(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn an_expression_is_taken_as_a_wider_pattern() {
        assert_eq!(glob_of_regex("^amzn2-ami-hvm-.*-x86_64-gp2$"), "amzn2-ami-hvm-*-x86_64-gp2");
        assert_eq!(glob_of_regex("app-[0-9]+"), "*app-***");
        let publishers = Publishers::embedded().unwrap();
        assert!(publishers.of_expression("^ubuntu/images/.*22\\.04").is_some());
    }
}
