//! JSON of the image. What is not asked for is passed over without a copy, lists are kept up to a length, and levels
//! within levels end at 128: no file takes more memory than it has bytes.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a file that is no JSON is called.
const BROKEN: &str = "it is no JSON of the form that its installer writes";
/// What a file is called that names more than is listed.
const OVER: &str = "it names more packages than are listed";
/// Entries of one list.
const ENTRIES: usize = 20_000;
/// Texts of a list that are joined: licenses.
const JOINED: usize = 8;

/// Reads a file; a byte order mark may stand before it.
///
/// # Errors
/// That it is no such JSON.
pub(super) fn read<'c, T: Deserialize<'c>>(content: &'c [u8]) -> Result<T, &'static str> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    serde_json::from_slice(content).map_err(|_| BROKEN)
}

/// A text, where there should be one. A number is its digits; of an object its `type` or `name` counts, of a list all
/// texts, joined by `OR`, as licenses are; anything else is no text.
#[derive(Debug, Default)]
pub(super) struct Text(Option<String>);

impl Text {
    /// The text, if there is one.
    pub(super) fn get(self) -> Option<String> {
        self.0.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextVisitor)
    }
}

/// What most installers write of a package.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Package {
    pub(super) name: Text,
    pub(super) version: Text,
    pub(super) license: Text,
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(Some(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
        Ok(Text(Some(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Text, E> {
        Ok(Text(Some(number.to_string())))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        let mut found = Text::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" | "name" if found.0.is_none() => found = map.next_value()?,
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Text, A::Error> {
        let mut texts: Vec<String> = Vec::new();
        while texts.len() < JOINED {
            let Some(text) = list.next_element::<Self::Value>()? else { break };
            texts.extend(text.get());
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text((!texts.is_empty()).then(|| texts.join(" OR "))))
    }
}

/// The first of a list, or of the entries of an object with their keys.
#[derive(Debug)]
pub(super) struct First<T> {
    pub(super) entries: Vec<(String, T)>,
    is_over: bool,
}

impl<T> Default for First<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), is_over: false }
    }
}

impl<T> First<T> {
    /// Whether it had no more than are kept.
    ///
    /// # Errors
    /// That it had.
    pub(super) fn whole(&self) -> Result<(), &'static str> {
        if self.is_over { Err(OVER) } else { Ok(()) }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FirstVisitor(PhantomData))
    }
}

struct FirstVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for FirstVisitor<T> {
    type Value = First<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<First<T>, A::Error> {
        let mut first = First::default();
        while first.entries.len() < ENTRIES {
            let Some(entry) = map.next_entry()? else { return Ok(first) };
            first.entries.push(entry);
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            first.is_over = true;
        }
        Ok(first)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<First<T>, A::Error> {
        let mut first = First::default();
        while first.entries.len() < ENTRIES {
            let Some(entry) = list.next_element()? else { return Ok(first) };
            first.entries.push((String::new(), entry));
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            first.is_over = true;
        }
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_may_stand_where_a_text_should() {
        let text = |json: &str| read::<Text>(json.as_bytes()).map(Text::get);
        assert_eq!(text(r#""a""#), Ok(Some("a".to_owned())));
        assert_eq!(text(r#"{"x": [1, {"y": 2}], "type": "MIT"}"#), Ok(Some("MIT".to_owned())));
        assert_eq!(text(r#"["MIT", {"type": "BSD"}, 7, null]"#), Ok(Some("MIT OR BSD OR 7".to_owned())));
        for json in ["null", "true", "-1", "{}", "[]", r#"" ""#] {
            assert_eq!(text(json), Ok(None), "{json}");
        }
        assert_eq!(text(&format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000))), Err(BROKEN));
    }

    #[test]
    fn of_a_long_list_the_first_are_kept() {
        let list = format!("[{}]", vec!["1"; ENTRIES + 1].join(","));
        let first = read::<First<u8>>(list.as_bytes()).unwrap();
        assert_eq!((first.entries.len(), first.whole()), (ENTRIES, Err(OVER)));
        let whole = read::<First<u8>>(br#"{"a": 1}"#).unwrap();
        assert_eq!((whole.entries.as_slice(), whole.whole()), (&[("a".to_owned(), 1)][..], Ok(())));
    }
}
