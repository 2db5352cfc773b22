//! Percent-encoding, as package URLs have it.

use std::fmt;

/// Text that is encoded when it is shown.
pub(super) struct Encoded<'a> {
    text: &'a str,
    /// Whether slashes separate segments, and so stay.
    is_path: bool,
}

impl<'a> Encoded<'a> {
    pub(super) const fn text(text: &'a str) -> Self {
        Self { text, is_path: false }
    }

    pub(super) const fn path(text: &'a str) -> Self {
        Self { text, is_path: true }
    }
}

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.text.bytes() {
            let is_plain = byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte);
            if is_plain || (self.is_path && byte == b'/') {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}
