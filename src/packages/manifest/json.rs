//! JSON of the image: what is not asked for is passed over, and levels within levels end at 128.

use serde::Deserialize;
use serde_json::Value;

/// What a file that is no JSON is called.
pub(super) const BROKEN: &str = "it is no JSON of the form that its installer writes";

/// Reads a file; a byte order mark may stand before it.
///
/// # Errors
/// [`BROKEN`].
pub(super) fn read<'c, T: Deserialize<'c>>(content: &'c [u8]) -> Result<T, &'static str> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    serde_json::from_slice(content).map_err(|_| BROKEN)
}

/// A value that should be a text, and is anything: then it is none.
pub(super) fn string(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// A license: a text, an object with a `type`, or a list of either, of which all texts count.
pub(super) fn license(value: Option<Value>) -> Option<String> {
    let one = |value: Value| match value {
        Value::Object(mut object) => string(object.remove("type").or_else(|| object.remove("name"))),
        other => string(Some(other)),
    };
    match value? {
        Value::Array(all) => {
            let texts: Vec<String> = all.into_iter().filter_map(one).take(8).collect();
            (!texts.is_empty()).then(|| texts.join(" OR "))
        }
        other => one(other),
    }
}
