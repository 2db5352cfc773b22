//! Kernel modules that must not be loaded: modprobe.d(5), modules-load.d(5).

use super::evaluate::Judged;
use super::{Evidence, Outcome, Subject};

const DIRECTORIES: [&str; 5] = [
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
];

/// Passes where the module is in no kernel of the image, or `install` makes it a command that does nothing and
/// `blacklist` keeps its aliases from loading it.
pub(super) fn off(name: &str, subject: &Subject<'_>) -> Judged {
    let plain =
        |word: &[u8]| word.iter().map(|&byte| if byte == b'-' { b'_' } else { byte }).collect::<Vec<u8>>();
    let name = plain(name.as_bytes());
    if let Some(blind) =
        subject.blind_below(b"/usr/lib/modules").or_else(|| subject.blind_below(b"/lib/modules"))
    {
        return Err(blind);
    }
    if !subject.kernel_modules().contains(&name) {
        return Ok(Outcome::of(true, Evidence::at(b"/lib/modules", "no kernel of the image has it")));
    }
    let (mut install, mut blacklist) = (None, None);
    for page in subject.drop_ins(&DIRECTORIES, ".conf")? {
        for (line, text) in page.lines() {
            let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let (command, module, rest) = (words.next(), words.next(), words.next());
            if module.map(plain).as_deref() != Some(name.as_slice()) {
                continue;
            }
            let nothing =
                matches!(rest, Some(b"/bin/false" | b"/bin/true" | b"/usr/bin/false" | b"/usr/bin/true"));
            match command {
                Some(b"install") if nothing => install = Some((page.path.clone(), line)),
                Some(b"blacklist") => blacklist = Some((page.path.clone(), line)),
                _ => {}
            }
        }
    }
    Ok(match (install, blacklist) {
        (Some((path, line)), Some(_)) => {
            Outcome::of(true, Evidence::line(&path, line, "made a command that does nothing"))
        }
        (Some(_), None) => {
            Outcome::of(false, Evidence::at(b"/etc/modprobe.d", "its aliases are not blacklisted"))
        }
        (None, _) => Outcome::of(false, Evidence::at(b"/etc/modprobe.d", "nothing forbids to load it")),
    })
}
