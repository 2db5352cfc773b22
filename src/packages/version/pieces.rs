//! What versions are made of: numbers of any size, words, rows of them.

use std::cmp::Ordering;

/// A number, by its digits without leading zeros. It may have more of them than an integer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number<'a>(&'a [u8]);

impl<'a> Number<'a> {
    pub(super) const ZERO: Number<'static> = Number(b"");

    /// The number that `digits` are; no digits at all are 0.
    pub(super) fn of_digits(digits: &'a [u8]) -> Self {
        let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
        Self(digits.get(zeros..).unwrap_or_default())
    }

    /// `None` where the text has anything but digits, or nothing.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        is_number.then(|| Self::of_digits(text))
    }

    pub(super) const fn is_zero(self) -> bool {
        self.0.is_empty()
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A word whose case does not count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a>(pub(super) &'a [u8]);

impl Word<'_> {
    pub(super) fn is(self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other.as_bytes())
    }
}

impl Ord for Word<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (self.0.iter(), other.0.iter());
        left.map(u8::to_ascii_lowercase).cmp(right.map(u8::to_ascii_lowercase))
    }
}

impl PartialOrd for Word<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Word<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for Word<'_> {}

/// The bytes before the first one that `belongs` refuses, and the others.
pub(super) fn split_run(text: &[u8], belongs: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !belongs(byte)).unwrap_or(text.len());
    text.split_at(end)
}

/// The number at the start of `text`, 0 where there is none, and what follows.
pub(super) fn split_number(text: &[u8]) -> (Number<'_>, &[u8]) {
    let (digits, rest) = split_run(text, u8::is_ascii_digit);
    (Number::of_digits(digits), rest)
}

/// What is before the first `mark` and what is after it; all of the text and nothing where it has none.
pub(super) fn split_once(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(mark, text) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at.saturating_add(1)..)),
        None => (text, None),
    }
}

/// The same by the last `mark`.
pub(super) fn split_last(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memrchr(mark, text) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at.saturating_add(1)..)),
        None => (text, None),
    }
}

/// Compares two rows, the shorter of which is continued by `padding`.
pub(super) fn compare_padded<T: Ord + Copy>(
    left: impl IntoIterator<Item = T>,
    right: impl IntoIterator<Item = T>,
    padding: T,
) -> Ordering {
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    loop {
        let (one, other) = (left.next(), right.next());
        if one.is_none() && other.is_none() {
            return Ordering::Equal;
        }
        let order = one.unwrap_or(padding).cmp(&other.unwrap_or(padding));
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_are_compared() {
        let number = |text: &'static str| Number::parse(text.as_bytes()).unwrap();
        assert!(number("99999999999999999999999999999999") < number("100000000000000000000000000000000"));
        assert!(number("340282366920938463463374607431768211456") > number("18446744073709551616"));
        assert_eq!(number("007"), number("7"));
        assert_eq!(number("000"), Number::ZERO);
        for none in ["", "1a", "-1", "+1", "1.0", "\u{661}"] {
            assert_eq!(Number::parse(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn the_shorter_row_is_padded() {
        assert_eq!(compare_padded([1, 0, 0], [1], 0), Ordering::Equal);
        assert_eq!(compare_padded([1], [1, 0, 1], 0), Ordering::Less);
        assert_eq!(compare_padded([1], [1, -1], 0), Ordering::Greater);
    }
}
