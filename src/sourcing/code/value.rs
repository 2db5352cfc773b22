//! What an expression is worth, as far as one file tells.

/// A value, and where it stands in the text of its file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    /// Byte offset of its first character.
    pub(super) at: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// `null`, `None`, `undefined`, or nothing.
    Null,
    Flag(bool),
    /// Text; numbers, too, as they are written: an account keeps its leading zeros.
    Text(String),
    /// Text of which a part comes from elsewhere: that part is a `*` here.
    Partial {
        pattern: String,
        variable: String,
    },
    List(Vec<Value>),
    Map(Vec<Entry>),
    /// What another place decides: the name of the variable.
    Unknown(String),
    /// One of these, as a condition decides.
    OneOf(Vec<Value>),
    /// A value with a tag of YAML: `!Ref x`.
    Tagged(String, Box<Value>),
}

/// A member of a map.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Byte offset of the key.
    pub(super) at: usize,
    pub(super) value: Value,
}

impl Value {
    pub(super) fn new(at: usize, kind: Kind) -> Self {
        Self { at, kind }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match &self.kind {
            Kind::Flag(flag) => Some(*flag),
            Kind::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" => Some(true),
                "false" | "no" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The member `key`, written exactly so; the last one wins, as it does in all languages here.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().rev().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The member at the end of a path of keys.
    pub(super) fn path(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// A single value as a list of one.
    pub(super) fn as_list(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::List(items) => items.iter().collect(),
            _ => vec![self],
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.kind == Kind::Null
    }

    /// Sets a member, in place of an older one of the same key.
    pub(super) fn set(&mut self, key: &str, value: Self) {
        if !matches!(self.kind, Kind::Map(_)) {
            self.kind = Kind::Map(Vec::new());
        }
        let Kind::Map(entries) = &mut self.kind else { return };
        match entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => entry.value = value,
            None => entries.push(Entry { key: key.to_owned(), at: value.at, value }),
        }
    }

    /// Adds to the end of a list.
    pub(super) fn push(&mut self, value: Self) {
        match &mut self.kind {
            Kind::List(items) => items.push(value),
            Kind::Null => self.kind = Kind::List(vec![value]),
            _ => {
                let first = std::mem::replace(&mut self.kind, Kind::Null);
                self.kind = Kind::List(vec![Self::new(self.at, first), value]);
            }
        }
    }
}

/// The most readings of one value: more conditions than these give an unknown.
const MAX_READINGS: usize = 32;

/// Every value that conditions inside it allow; the conditions of members multiply.
pub(super) fn readings(value: &Value) -> Vec<Value> {
    let all = expand(value);
    if all.len() < MAX_READINGS { all } else { all.into_iter().take(MAX_READINGS).collect() }
}

fn expand(value: &Value) -> Vec<Value> {
    match &value.kind {
        Kind::OneOf(arms) => arms.iter().flat_map(expand).take(MAX_READINGS).collect(),
        Kind::List(items) => {
            let lists = product(items.iter().map(expand).collect());
            lists.into_iter().map(|items| Value::new(value.at, Kind::List(items))).collect()
        }
        Kind::Map(entries) => {
            let rows = product(entries.iter().map(|entry| expand(&entry.value)).collect());
            rows.into_iter().map(|row| with_values(value.at, entries, row)).collect()
        }
        Kind::Null
        | Kind::Flag(_)
        | Kind::Text(_)
        | Kind::Partial { .. }
        | Kind::Unknown(_)
        | Kind::Tagged(..) => {
            vec![value.clone()]
        }
    }
}

fn with_values(at: usize, entries: &[Entry], values: Vec<Value>) -> Value {
    let entry = |(entry, value): (&Entry, Value)| Entry { key: entry.key.clone(), at: entry.at, value };
    Value::new(at, Kind::Map(entries.iter().zip(values).map(entry).collect()))
}

fn product(columns: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for column in columns {
        if let [only] = column.as_slice() {
            rows.iter_mut().for_each(|row| row.push(only.clone()));
            continue;
        }
        rows = rows
            .iter()
            .flat_map(|row| {
                column.iter().map(move |value| [row.as_slice(), std::slice::from_ref(value)].concat())
            })
            .take(MAX_READINGS)
            .collect();
    }
    rows
}
