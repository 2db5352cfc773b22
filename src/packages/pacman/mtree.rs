//! The digests in a package's `mtree`.

use std::collections::HashMap;

use crate::files::lines;
use crate::packages::Recorded;

/// The digests of files, by path without a slash in front. Lines with `/set`, directories and links have none.
pub(super) fn digests(text: &[u8]) -> HashMap<Vec<u8>, Recorded> {
    let of_line = |line: &[u8]| {
        let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        let path = plain(words.next()?.strip_prefix(b"./")?);
        let digest = words.find_map(|word| word.strip_prefix(b"sha256digest="))?;
        Some((path, Recorded::from_hex(digest).filter(|one| matches!(one, Recorded::Sha256(_)))?))
    };
    lines(text).filter_map(|(_, line)| of_line(line)).collect()
}

/// A path without escapes: `\040` is a blank, as vis(3) writes it.
fn plain(path: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.get(..3).filter(|digits| first == b'\\' && is_octal(digits));
        if let Some(digits) = digits {
            let value = digits.iter().fold(0_u8, |sum, digit| (sum << 3) | (digit & 7));
            plain.push(value);
            rest = behind.get(3..).unwrap_or_default();
        } else {
            plain.push(first);
            rest = behind;
        }
    }
    plain
}

fn is_octal(digits: &[u8]) -> bool {
    digits.iter().all(|digit| (b'0'..=b'7').contains(digit))
        && digits.first().is_some_and(|first| *first < b'4')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_have_a_digest_and_escapes_are_undone() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let text = format!(
            "#mtree\n/set type=file uid=0 gid=0 mode=644\n./usr time=1.0 mode=755 type=dir\n\
             ./usr/a\\040b time=1.0 size=0 md5digest=d41d8cd98f00b204e9800998ecf8427e sha256digest={empty}\n\
             ./usr/l type=link link=a\n./usr/bad sha256digest=12\n"
        );
        let digests = digests(text.as_bytes());
        assert_eq!(digests.keys().map(Vec::as_slice).collect::<Vec<_>>(), [b"usr/a b"]);
        assert!(digests.values().all(|digest| digest.is_of(b"")));
        assert_eq!(plain(b"a\\777\\04\\"), b"a\\777\\04\\");
    }
}
