//! YAML with the places of its values, tags and anchors.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::value::{Entry, Kind, Value};

/// Deeper texts are refused.
const MAX_DEPTH: usize = 128;

/// More values than these are refused: an alias repeats what its anchor holds, and aliases of aliases multiply.
const MAX_VALUES: usize = 1_000_000;

/// Why a text is no YAML, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Error {
    pub(super) at: usize,
    pub(super) reason: String,
}

/// The documents of the text, and the error behind which none could be read.
pub(super) fn parse(text: &str) -> (Vec<Value>, Option<Error>) {
    let mut loader = Loader::new(text);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let result = match event {
            Ok((event, span)) => loader.event(event, span),
            Err(error) => {
                let mark = error.marker();
                Err(Error {
                    at: loader.offset(mark.line(), mark.col()),
                    reason: format!("This is no YAML: {}.", error.info()),
                })
            }
        };
        if let Err(error) = result {
            return (loader.documents, Some(error));
        }
    }
    (loader.documents, None)
}

/// A list or map that is not complete yet.
struct Open {
    value: Value,
    anchor: usize,
    tag: Option<String>,
    /// The key that waits for its value.
    key: Option<(String, usize)>,
}

struct Loader<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
    stack: Vec<Open>,
    anchors: HashMap<usize, (Value, usize)>,
    values: usize,
    documents: Vec<Value>,
}

impl<'a> Loader<'a> {
    fn new(text: &'a str) -> Self {
        let newlines = memchr::memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1);
        let line_starts = std::iter::once(0).chain(newlines).collect();
        let (stack, documents) = (Vec::new(), Vec::new());
        Self { text, line_starts, stack, anchors: HashMap::new(), values: 0, documents }
    }

    /// Lines are counted from 1, columns in characters from 0.
    fn offset(&self, line: usize, column: usize) -> usize {
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Error> {
        let at = self.offset(span.start.line(), span.start.col());
        match event {
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::Scalar(text, style, anchor, tag) => {
                let kind = scalar(text.into_owned(), style, tag.as_deref());
                self.complete(tagged(Value::new(at, kind), tag.as_deref().and_then(local)), anchor, 1)
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(at, Kind::List(Vec::new()), anchor, tag.as_deref())
            }
            Event::MappingStart(anchor, tag) => self.open(at, Kind::Map(Vec::new()), anchor, tag.as_deref()),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn open(&mut self, at: usize, kind: Kind, anchor: usize, tag: Option<&Tag>) -> Result<(), Error> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(Error { at, reason: "The YAML is nested too deeply.".to_owned() });
        }
        let tag = tag.and_then(local);
        self.stack.push(Open { value: Value::new(at, kind), anchor, tag, key: None });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        self.complete(tagged(open.value, open.tag), open.anchor, 1)
    }

    fn alias(&mut self, anchor: usize, at: usize) -> Result<(), Error> {
        match self.anchors.get(&anchor).cloned() {
            Some((value, size)) => self.complete(Value { at, ..value }, 0, size),
            None => self.complete(Value::new(at, Kind::Unknown("an alias of itself".to_owned())), 0, 1),
        }
    }

    fn complete(&mut self, value: Value, anchor: usize, size: usize) -> Result<(), Error> {
        self.values = self.values.saturating_add(size);
        if self.values > MAX_VALUES {
            return Err(Error { at: value.at, reason: "The YAML has too many values.".to_owned() });
        }
        if anchor != 0 {
            let size = count(&value);
            self.values = self.values.saturating_add(size);
            self.anchors.insert(anchor, (value.clone(), size));
        }
        let Some(open) = self.stack.last_mut() else {
            self.documents.push(value);
            return Ok(());
        };
        match &mut open.value.kind {
            Kind::Map(entries) => match open.key.take() {
                None => open.key = Some((key(&value), value.at)),
                Some((key, _)) if key == "<<" => merge(entries, &value),
                Some((key, at)) => entries.push(Entry { key, at, value }),
            },
            Kind::List(items) => items.push(value),
            _ => {}
        }
        Ok(())
    }
}

fn count(value: &Value) -> usize {
    let inside: usize = match &value.kind {
        Kind::List(items) => items.iter().map(count).sum(),
        Kind::Map(entries) => entries.iter().map(|entry| count(&entry.value)).sum(),
        Kind::Tagged(_, inner) => count(inner),
        _ => 0,
    };
    1 + inside
}

/// `<<: *defaults` gives what is not there.
fn merge(entries: &mut Vec<Entry>, value: &Value) {
    for map in value.as_list() {
        let new: Vec<Entry> = map
            .entries()
            .iter()
            .filter(|new| entries.iter().all(|old| old.key != new.key))
            .cloned()
            .collect();
        entries.splice(0..0, new);
    }
}

fn key(value: &Value) -> String {
    value.text().unwrap_or_default().to_owned()
}

/// The name of a tag such as `!Ref`; those of YAML itself say nothing here.
fn local(tag: &Tag) -> Option<String> {
    (!tag.is_yaml_core_schema() && !tag.suffix.is_empty()).then(|| tag.suffix.clone())
}

fn tagged(value: Value, tag: Option<String>) -> Value {
    match tag {
        Some(tag) => Value::new(value.at, Kind::Tagged(tag, Box::new(value))),
        None => value,
    }
}

fn scalar(text: String, style: ScalarStyle, tag: Option<&Tag>) -> Kind {
    if style == ScalarStyle::Plain && tag.is_none() {
        match text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
            "true" | "True" | "TRUE" => return Kind::Flag(true),
            "false" | "False" | "FALSE" => return Kind::Flag(false),
            _ => {}
        }
    }
    Kind::Text(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_places_tags_and_anchors() {
        let (documents, error) = parse("a: &x {k: 0123}\nb: *x\nc: !Ref Y\n---\n- ä: [z]\n");
        assert_eq!(error, None);
        assert_eq!(documents[0].path(&["b", "k"]).unwrap().text(), Some("0123"));
        assert_eq!(
            documents[0].get("c").unwrap().kind,
            Kind::Tagged("Ref".into(), Box::new(Value::new(25, Kind::Text("Y".into()))))
        );
        assert_eq!(documents[1].items()[0].get("ä").unwrap().items()[0].text(), Some("z"));
    }

    #[test]
    fn hostile_texts_are_errors() {
        assert!(parse(&"[".repeat(100_000)).1.is_some());
        assert!(parse(&"- ".repeat(100_000)).1.is_some());
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for n in 1..12 {
            let alias = format!("*a{},", n - 1).repeat(10);
            bomb.push_str(&format!("a{n}: &a{n} [{}]\n", alias.trim_end_matches(',')));
        }
        assert_eq!(parse(&bomb).1.unwrap().reason, "The YAML has too many values.");
    }
}
