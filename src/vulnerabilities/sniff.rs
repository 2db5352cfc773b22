//! What a document is, by the first field that only one format has.

use std::cell::Cell;
use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::databases::Format;
use super::kev;

/// Bytes that are looked at.
const LIMIT: u64 = 16 << 20;
/// Bytes before the root element of XML: a declaration and comments.
const XML: u64 = 4096;

/// What a document is; `None` where it is no data that is known.
pub(super) fn sniff(document: &mut dyn Read) -> Option<Format> {
    let mut head = Vec::new();
    // An error ends the document, too; it is told when the document is read.
    let _ = document.take(XML).read_to_end(&mut head);
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    match text.first()? {
        b'{' => json(std::io::Cursor::new(&head).chain(document)),
        b'<' => is_updateinfo(text).then_some(Format::Updateinfo),
        _ if kev::is_table(text) => Some(Format::Kev),
        _ if text.starts_with(b"#model_version") || text.starts_with(b"cve,epss") => Some(Format::Epss),
        _ => None,
    }
}

fn is_updateinfo(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"<updates").is_some()
}

fn json(document: impl Read) -> Option<Format> {
    let found = Cell::new(None);
    let buffered = std::io::BufReader::new(document.take(LIMIT));
    let mut reader = serde_json::Deserializer::from_reader(buffered);
    // It is stopped by an error as soon as it is known.
    let _ = reader.deserialize_map(Fields(&found));
    found.get()
}

struct Fields<'f>(&'f Cell<Option<Format>>);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key::<String>()? {
            let format = match field.as_str() {
                "affected" | "schema_version" | "modified" => Some(Format::Osv),
                "document" | "product_tree" => Some(Format::Csaf),
                "@context" | "statements" => Some(Format::OpenVex),
                "catalogVersion" | "dateReleased" => Some(Format::Kev),
                _ => None,
            };
            if format.is_none() {
                map.next_value_seed(Tracker(self.0))?;
            }
            if format.is_some() {
                self.0.set(format);
            }
            if self.0.get().is_some() {
                return Err(A::Error::custom("it is known"));
            }
        }
        Ok(())
    }
}

/// Debian's tracker has packages at the top, and vulnerabilities in them.
struct Tracker<'f>(&'f Cell<Option<Format>>);

impl<'de> DeserializeSeed<'de> for Tracker<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tracker<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key::<String>()? {
            if field.starts_with("CVE-") || field.starts_with("TEMP-") {
                self.0.set(Some(Format::DebianTracker));
                return Err(A::Error::custom("it is known"));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
