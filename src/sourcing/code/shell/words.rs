//! The words of a command, with the variables in them.

use super::super::value::{Kind, Value};
use super::variables::Variables;

/// Begins and ends the name of a variable of which the value is not known.
pub(super) const UNKNOWN: char = '\u{1}';

/// A command that has no end within these bytes is cut.
const MAX_BYTES: usize = 16 << 10;

/// The words of a command after its name.
#[derive(Debug, Default)]
pub(super) struct Command {
    pub(super) words: Vec<String>,
    /// What follows it on its line: the commands of a pipe.
    pub(super) tail: String,
}

impl Command {
    /// The words by the options that they follow; those before any option have an empty name.
    pub(super) fn options(&self) -> Vec<(String, Vec<String>)> {
        let mut options: Vec<(String, Vec<String>)> = vec![(String::new(), Vec::new())];
        for word in &self.words {
            if let Some(option) = word.strip_prefix("--") {
                let (name, value) =
                    option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
                options.push((name.to_owned(), value.into_iter().map(str::to_owned).collect()));
            } else if word.starts_with(UNKNOWN) && is_whole(word) && is_request(word) {
                options.push((String::new(), vec![word.clone()]));
            } else if let Some((_, words)) = options.last_mut() {
                words.push(word.clone());
            }
        }
        options
    }
}

/// Whether a variable may stand for options: `"$@"`, `"${args[@]}"`, `$ARGS`.
fn is_request(word: &str) -> bool {
    let name = word.trim_matches(UNKNOWN).to_ascii_lowercase();
    ["@", "*", "arg", "opt", "param", "flag"].iter().any(|part| name.contains(part))
}

fn is_whole(word: &str) -> bool {
    word.matches(UNKNOWN).count() == 2 && word.ends_with(UNKNOWN)
}

/// The first variable in a word.
pub(super) fn variable(word: &str) -> Option<String> {
    word.split(UNKNOWN).nth(1).map(str::to_owned)
}

/// A word as a value.
pub(super) fn value(at: usize, word: &str) -> Value {
    let kind = match variable(word) {
        None => Kind::Text(word.to_owned()),
        Some(variable) if is_whole(word) && word.starts_with(UNKNOWN) => Kind::Unknown(variable),
        Some(variable) => {
            let pattern = word
                .split(UNKNOWN)
                .enumerate()
                .map(|(n, part)| if n % 2 == 0 { part } else { "*" })
                .collect();
            Kind::Partial { pattern, variable }
        }
    };
    Value::new(at, kind)
}

/// The command of which the words begin at `at`.
pub(super) fn command(text: &str, at: usize, variables: &Variables) -> Command {
    let rest = text.get(at..).unwrap_or_default();
    // A character is not cut: the first end that lies between two of them.
    let cut = (0..4).find_map(|fewer| rest.get(..MAX_BYTES - fewer)).unwrap_or(rest);
    let mut reader = Reader::new(cut, at, variables);
    reader.run();
    let tail = reader.tail();
    Command { words: reader.words, tail }
}

/// The words of a text, such as the value of a variable.
pub(super) fn split(text: &str, at: usize, variables: &Variables) -> Vec<String> {
    let mut reader = Reader::new(text, at, variables);
    reader.run();
    reader.words
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Where the text begins in the file: variables have the value that they have there.
    start: usize,
    variables: &'a Variables,
    words: Vec<String>,
    word: String,
    is_word: bool,
    quote: Option<char>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, start: usize, variables: &'a Variables) -> Self {
        let (words, word) = (Vec::new(), String::new());
        Self { text, at: 0, start, variables, words, word, is_word: false, quote: None }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn run(&mut self) {
        while let Some(letter) = self.rest().chars().next() {
            let goes_on = match self.quote {
                Some(quote) => self.quoted(letter, quote),
                None => self.bare(letter),
            };
            if !goes_on {
                break;
            }
        }
        self.end_word();
    }

    fn quoted(&mut self, letter: char, quote: char) -> bool {
        match letter {
            _ if letter == quote => self.toggle(None, 1),
            '\\' if quote == '"' => self.escape(),
            '$' if quote == '"' => self.dollar(true),
            '{' if self.rest().starts_with("{{") => self.braces("{{", "}}"),
            _ => self.push(letter),
        }
        true
    }

    fn toggle(&mut self, quote: Option<char>, length: usize) {
        self.quote = quote;
        self.is_word = true;
        self.at += length;
    }

    fn push(&mut self, letter: char) {
        self.word.push(letter);
        self.is_word = true;
        self.at += letter.len_utf8();
    }

    /// Whether the command goes on.
    fn bare(&mut self, letter: char) -> bool {
        match letter {
            '\n' if !self.is_continued() => return false,
            _ if letter.is_whitespace() => {
                self.end_word();
                self.at += letter.len_utf8();
            }
            // Lines of PowerShell and of Windows' command go on behind these.
            '`' | '^'
                if self
                    .rest()
                    .get(1..)
                    .is_some_and(|next| next.trim_start_matches('\r').starts_with('\n')) =>
            {
                self.end_word();
                let rest = self.rest();
                self.at += rest.find('\n').map_or(rest.len(), |newline| newline + 1);
            }
            '|' | ';' | '&' | ')' | '`' | '>' | '<' => return false,
            '#' if !self.is_word => return false,
            '"' | '\'' => self.toggle(Some(letter), 1),
            '\\' => self.escape(),
            '$' => self.dollar(false),
            '{' if self.rest().starts_with("{{") => self.braces("{{", "}}"),
            _ => self.push(letter),
        }
        true
    }

    /// Whether the next line is part of the command, as in the folded texts of YAML.
    fn is_continued(&self) -> bool {
        let next = self.rest().trim_start_matches('\n').lines().next().unwrap_or_default();
        next.trim_start().starts_with("--")
    }

    fn escape(&mut self) {
        let next = self.rest().chars().nth(1);
        self.at += 1;
        match next {
            Some('\n') => self.at += 1,
            Some('\r') => self.at += 2,
            // A quote in a quoted command: it opens and closes words.
            Some('"') if self.quote.is_none() => self.toggle(Some('"'), 1),
            Some('"') if self.rest().starts_with('"') => self.toggle(None, 1),
            Some('\\') if self.rest().starts_with("\\\"") => self.at += 1,
            Some(letter) if self.quote.is_none() => self.push(letter),
            Some(_) => self.push('\\'),
            None => {}
        }
        if self.word == "\\" {
            self.word.clear();
        }
    }

    /// A variable, or the output of a command.
    fn dollar(&mut self, is_quoted: bool) {
        let rest = self.rest();
        if rest.starts_with("${{") {
            self.at += 1;
            return self.braces("{{", "}}");
        }
        let body = rest.trim_start_matches('$');
        let dollars = rest.len() - body.len();
        let (name, length) = match body.chars().next() {
            Some('{') => enclosed(body, '{', '}'),
            Some('(') => enclosed(body, '(', ')'),
            Some('@' | '*' | '#' | '?' | '!') => (body.get(..1).unwrap_or_default(), 1),
            Some(c) if c.is_ascii_alphanumeric() || c == '_' => {
                let end = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(body.len());
                (body.get(..end).unwrap_or_default(), end)
            }
            _ => return self.push('$'),
        };
        self.at += dollars + length;
        self.is_word = true;
        self.expand(name, is_quoted);
    }

    fn expand(&mut self, name: &str, is_quoted: bool) {
        let words = self.variables.words(name, self.start);
        match words.as_slice() {
            [one] => self.word.push_str(one),
            several if is_quoted && !name.contains("[@]") => self.word.push_str(&several.join(" ")),
            several => {
                for one in several {
                    self.word.push_str(one);
                    self.end_word();
                }
            }
        }
    }

    /// A variable of a template: `{{ name }}`.
    fn braces(&mut self, open: &str, close: &str) {
        let rest = self.rest();
        let end = rest.find(close).unwrap_or(rest.len());
        let name = rest.get(open.len()..end).unwrap_or_default().trim();
        self.word.extend([UNKNOWN.to_string().as_str(), name, UNKNOWN.to_string().as_str()]);
        self.is_word = true;
        self.at += (end + close.len()).min(rest.len());
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        let bare = word.trim_end_matches(',');
        if self.is_word && !bare.is_empty() {
            self.words.push(bare.to_owned());
        }
        self.is_word = false;
    }

    /// The rest of the line, and of the lines that it is continued by.
    fn tail(&self) -> String {
        let mut tail = String::new();
        for line in self.rest().lines() {
            let bare = line.trim();
            if tail.ends_with('\n') && !bare.starts_with('|') {
                break;
            }
            tail.push_str(bare.trim_end_matches('\\'));
            let goes_on = bare.ends_with('\\') || bare.ends_with('|');
            tail.push(if goes_on { ' ' } else { '\n' });
        }
        tail.trim_start_matches([')', '"', '\'', '`']).trim().to_owned()
    }
}

/// The text between brackets, and the length of all of it.
fn enclosed(body: &str, open: char, close: char) -> (&str, usize) {
    let mut depth = 0_usize;
    for (at, letter) in body.char_indices() {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return (body.get(1..at).unwrap_or_default(), at + 1);
            }
        }
    }
    (body.get(1..).unwrap_or_default(), body.len())
}
