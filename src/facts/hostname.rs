//! hostname(5).

use crate::files::{SystemReader, lines};

/// A name has at most 255 bytes; comments may stand around it.
const LIMIT: u64 = 64 << 10;
/// Bytes of a name.
const LONGEST: usize = 255;

/// What the machine calls itself in /etc/hostname (SUSE: /etc/HOSTNAME); empty where it says nothing.
pub(super) fn gather(reader: &mut SystemReader<'_>) -> Vec<u8> {
    let content = reader.read(b"/etc/hostname", LIMIT).or_else(|| reader.read(b"/etc/HOSTNAME", LIMIT));
    content.map(|content| parse(&content)).unwrap_or_default()
}

/// The first line that is neither empty nor a comment.
fn parse(content: &[u8]) -> Vec<u8> {
    let mut names = lines(content).map(|(_, line)| line.trim_ascii());
    let name = names.find(|line| !line.is_empty() && !line.starts_with(b"#")).unwrap_or_default();
    if name.len() > LONGEST { Vec::new() } else { name.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

    fn gathered(shelf: &Shelf) -> Vec<u8> {
        gather(&mut SystemReader::new(shelf))
    }

    #[test]
    fn the_name_is_the_first_line_that_says_one() {
        let shelf =
            Shelf::default().with("/etc/hostname", "\n# set by the build\n web-1.example.org \nother\n");
        assert_eq!(gathered(&shelf), b"web-1.example.org");
        assert_eq!(gathered(&Shelf::default().with("/etc/HOSTNAME", "suse\n")), b"suse");
    }

    #[test]
    fn no_name_and_no_plausible_name_are_empty() {
        assert!(gathered(&Shelf::default()).is_empty());
        assert!(gathered(&Shelf::default().with("/etc/hostname", &"a".repeat(256))).is_empty());
    }
}
