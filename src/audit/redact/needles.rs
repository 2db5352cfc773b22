//! The texts of known secrets, and a search for all of them at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::finding::Secret;

/// Shorter secrets cannot be told from other words.
pub(super) const SHORTEST: usize = 4;
/// Lines of a longer secret (a key in PEM) that are looked for by themselves.
const LINE: usize = 16;
/// Steps of one search; more would need secrets that are all beginnings of each other.
const STEPS: usize = 64;

/// The secret, and its lines where it has several.
pub(super) fn parts(secret: &Secret) -> Vec<&[u8]> {
    let whole = secret.reveal().trim_ascii();
    let lines = whole.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let long =
        lines.filter(|line| line.len() >= LINE && line.len() < whole.len() && !line.starts_with(b"-----"));
    std::iter::once(whole).chain(long).collect()
}

/// The forms in which a text may hold `secret`.
pub(super) fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_vec()];
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    if !secret.iter().all(is_plain) {
        for is_upper in [true, false] {
            let percent = |byte: &u8| match (is_plain(byte), is_upper) {
                (true, _) => char::from(*byte).to_string(),
                (false, true) => format!("%{byte:02X}"),
                (false, false) => format!("%{byte:02x}"),
            };
            forms.push(secret.iter().map(percent).collect::<String>().into_bytes());
        }
    }
    forms.extend(escaped(secret));
    // Base64 of text around it is the same from its second or third byte on: the letters that no neighbour changes.
    for skip in 0..3 {
        let inner = secret.get(skip..).unwrap_or_default();
        let inner = inner.get(..inner.len().saturating_sub(inner.len() % 3)).unwrap_or_default();
        if inner.len() >= SHORTEST.saturating_add(skip) {
            forms.push(STANDARD_NO_PAD.encode(inner).into_bytes());
        }
    }
    forms
}

/// A secret as strings of JSON, of C, and XML write it, where that is not as it is.
fn escaped(secret: &[u8]) -> Vec<Vec<u8>> {
    let by = |escape: &dyn Fn(u8) -> Option<&'static str>| -> Vec<u8> {
        let each = secret.iter().map(|byte| escape(*byte).map_or_else(|| vec![*byte], Into::into));
        each.flatten().collect()
    };
    let mut all = vec![
        by(&|byte| match byte {
            b'"' => Some("\\\""),
            b'\\' => Some("\\\\"),
            _ => None,
        }),
        by(&|byte| match byte {
            b'\'' => Some("\\'"),
            b'\\' => Some("\\\\"),
            _ => None,
        }),
        by(&|byte| match byte {
            b'&' => Some("&amp;"),
            b'<' => Some("&lt;"),
            b'>' => Some("&gt;"),
            b'"' => Some("&quot;"),
            _ => None,
        }),
    ];
    all.retain(|text| text != secret);
    all
}

/// Texts to look for.
#[derive(Debug, Default)]
pub(super) struct Needles {
    /// In order.
    all: Vec<Vec<u8>>,
    /// A bit for each beginning that one of them has: most places of a text are passed over by it.
    beginnings: Vec<u64>,
}

/// Bits of [`Needles::beginnings`] for each needle.
const BITS: usize = 16;

impl Needles {
    pub(super) fn new(mut all: Vec<Vec<u8>>) -> Self {
        all.retain(|needle| needle.len() >= SHORTEST);
        all.sort_unstable();
        all.dedup();
        let words = all.len().saturating_mul(BITS).div_ceil(64).next_power_of_two();
        let mut needles = Self { beginnings: vec![0; words], all };
        for needle in &needles.all {
            let (word, bit) = place(needle, words);
            needles.beginnings.get_mut(word).into_iter().for_each(|word| *word |= bit);
        }
        needles
    }

    /// Whether one of them may begin as `text` does.
    fn may_begin(&self, text: &[u8]) -> bool {
        let (word, bit) = place(text, self.beginnings.len());
        self.beginnings.get(word).is_some_and(|word| word & bit != 0)
    }

    /// `bytes` with each of them replaced by its redacted form, where there is one.
    pub(super) fn replaced(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut sealed: Option<Vec<u8>> = None;
        let (mut at, mut copied) = (0, 0);
        while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= SHORTEST) {
            let found = if self.may_begin(rest) { self.longest(rest) } else { None };
            let Some(found) = found else {
                at = at.saturating_add(1);
                continue;
            };
            let sealed = sealed.get_or_insert_with(Vec::new);
            sealed.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
            sealed.extend_from_slice(Secret::new(found).redacted().as_bytes());
            at = at.saturating_add(found.len());
            copied = at;
        }
        sealed.map(|mut sealed| {
            sealed.extend_from_slice(bytes.get(copied..).unwrap_or_default());
            sealed
        })
    }

    /// The longest of them that `text` begins with. All that lie between a beginning of the text and the text share
    /// that beginning, so each step looks at the nearest below, and shortens the text to what it has in common.
    fn longest<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let mut text = text;
        for _ in 0..STEPS {
            let below = self.all.partition_point(|needle| needle.as_slice() <= text).checked_sub(1)?;
            let nearest = self.all.get(below)?;
            let common = nearest.iter().zip(text).take_while(|(a, b)| a == b).count();
            if common == nearest.len() {
                return text.get(..common);
            }
            text = text.get(..common).filter(|text| text.len() >= SHORTEST)?;
        }
        None
    }
}

/// The bit of the first bytes of `text`, among so many words (a power of two).
fn place(text: &[u8], words: usize) -> (usize, u64) {
    let first = text.iter().take(SHORTEST).fold(0_u32, |first, &byte| first << 8 | u32::from(byte));
    // Knuth's multiplicative hash: the upper bits are the good ones.
    let hash = first.wrapping_mul(0x9e37_79b1);
    let word = (hash >> 12) as usize & words.saturating_sub(1);
    (word, 1 << (hash >> 6 & 63))
}
