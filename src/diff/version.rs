//! Which of two versions of a package is the later one.
//!
//! dpkg: deb-version(7). RPM: rpm-version(7). apk: its suffixes (`_alpha`, `_beta`, `_pre`, `_rc`) stand before the
//! release, as `~` does with dpkg; the rest of its order is that of dpkg.

use std::cmp::Ordering;

/// Whose order it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Debian and its kin.
    Dpkg,
    /// Red Hat and its kin.
    Rpm,
    /// Alpine.
    Apk,
}

/// Compares two whole versions: `[epoch:]version[-revision]`.
pub fn compare(a: &str, b: &str, order: Order) -> Ordering {
    if order == Order::Apk {
        let plain = |version: &str| {
            ["_alpha", "_beta", "_pre", "_rc"].iter().fold(version.to_owned(), |version, suffix| {
                version.replace(suffix, &suffix.replace('_', "~"))
            })
        };
        return compare(&plain(a), &plain(b), Order::Dpkg);
    }
    let (epoch_a, version_a, revision_a) = parts(a);
    let (epoch_b, version_b, revision_b) = parts(b);
    let each = if order == Order::Rpm { rpm } else { dpkg };
    digits(epoch_a.as_bytes(), epoch_b.as_bytes())
        .then_with(|| each(version_a.as_bytes(), version_b.as_bytes()))
        .then_with(|| each(revision_a.as_bytes(), revision_b.as_bytes()))
}

fn parts(version: &str) -> (&str, &str, &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (version, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, version, revision)
}

/// Numbers of any length.
fn digits(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (without_zeros(a), without_zeros(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == b'0').count();
    number.get(zeros..).unwrap_or_default()
}

/// What is at the start of `rest` and fits, taken off it.
fn take<'a>(rest: &mut &'a [u8], fits: impl Fn(u8) -> bool) -> &'a [u8] {
    let len = rest.iter().take_while(|&&byte| fits(byte)).count();
    let (taken, after) = rest.split_at_checked(len).unwrap_or((rest, b""));
    *rest = after;
    taken
}

fn dpkg(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (words_a, words_b) =
            (take(&mut a, |byte| !byte.is_ascii_digit()), take(&mut b, |byte| !byte.is_ascii_digit()));
        let order = letters(words_a, words_b).then_with(|| {
            digits(take(&mut a, |byte| byte.is_ascii_digit()), take(&mut b, |byte| byte.is_ascii_digit()))
        });
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// `~` stands before the end, the end before letters, letters before all else.
fn letters(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(&byte) if byte.is_ascii_alphabetic() => i32::from(byte),
        Some(&byte) => i32::from(byte) + 256,
    };
    let ranks = (0..a.len().max(b.len())).map(|at| rank(a.get(at)).cmp(&rank(b.get(at))));
    ranks.into_iter().find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
}

fn rpm(mut a: &[u8], mut b: &[u8]) -> Ordering {
    let counts = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'~' || byte == b'^';
    loop {
        take(&mut a, |byte| !counts(byte));
        take(&mut b, |byte| !counts(byte));
        match (a.first(), b.first()) {
            (Some(b'~'), Some(b'~')) | (Some(b'^'), Some(b'^')) => {
                (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default());
                continue;
            }
            (Some(b'~'), _) => return Ordering::Less,
            (_, Some(b'~')) => return Ordering::Greater,
            (Some(b'^'), None) => return Ordering::Greater,
            (None, Some(b'^')) => return Ordering::Less,
            (Some(b'^'), Some(_)) => return Ordering::Less,
            (Some(_), Some(b'^')) => return Ordering::Greater,
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(_), Some(_)) => {}
        }
        let is_number = |text: &[u8]| text.first().is_some_and(u8::is_ascii_digit);
        // A number is later than letters.
        let order = match (is_number(a), is_number(b)) {
            (true, true) => {
                digits(take(&mut a, |byte| byte.is_ascii_digit()), take(&mut b, |byte| byte.is_ascii_digit()))
            }
            (false, false) => {
                let word = |byte: u8| byte.is_ascii_alphabetic();
                take(&mut a, word).cmp(take(&mut b, word))
            }
            (first, second) => return first.cmp(&second),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascend(order: Order, versions: &[&str]) {
        for pair in versions.windows(2) {
            assert_eq!(compare(pair[0], pair[1], order), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0], order), Ordering::Greater, "{pair:?}");
        }
    }

    #[test]
    fn dpkg_orders_tildes_letters_and_epochs() {
        let versions = ["1.0~rc1-1", "1.0~rc1-2", "1.0-1", "1.0a-1", "1.0+b-1", "1.2-1", "1.10-1", "1:0.1-1"];
        ascend(Order::Dpkg, &versions);
        ascend(Order::Dpkg, &["2.36-9+deb12u4", "2.36-9+deb12u10"]);
        assert_eq!(compare("1.00", "1.0", Order::Dpkg), Ordering::Equal);
    }

    #[test]
    fn rpm_orders_tildes_carets_and_numbers_over_letters() {
        ascend(Order::Rpm, &["1.0~rc1-1", "1.0-1", "1.0^git1-1", "1.0.a-1", "1.0.1-1", "1.10-1", "1:0-1"]);
        ascend(Order::Rpm, &["5.5.p1", "5.5.p2", "5.5.p10"]);
        assert_eq!(compare("1_0", "1.0", Order::Rpm), Ordering::Equal);
    }

    #[test]
    fn apk_orders_what_comes_before_a_release() {
        ascend(
            Order::Apk,
            &["1.2.0_alpha1-r0", "1.2.0_rc2-r0", "1.2.0-r0", "1.2.0-r1", "1.2.0_p1-r0", "1.10-r0"],
        );
    }
}
