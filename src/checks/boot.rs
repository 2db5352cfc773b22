//! The arguments of the kernel, and the password of the boot loader.
//!
//! What boots is what counts: the entries of grub.cfg, and those of the Boot Loader Specification with grubenv;
//! /etc/default/grub only says what the next update-grub would write, and is read where there is no other.

use super::evaluate::Judged;
use super::schema::KernelArgument;
use super::subject::{ConfigFile, Unreadable, shown};
use super::{Evidence, Outcome, Subject};

const MENUS: [&str; 5] = [
    "/boot/grub/grub.cfg",
    "/boot/grub2/grub.cfg",
    "/boot/efi/EFI/*/grub.cfg",
    "/boot/loader/entries/*.conf",
    "/boot/extlinux/extlinux.conf",
];
const DEFAULTS: [&str; 3] = ["/etc/default/grub", "/etc/default/grub.d/*.cfg", "/etc/kernel/cmdline"];
const ENVIRONMENT: [&str; 2] = ["/boot/grub2/grubenv", "/boot/grub/grubenv"];

pub(super) fn argument(rule: &KernelArgument, subject: &Subject<'_>) -> Judged {
    let lines = command_lines(subject)?;
    if lines.is_empty() {
        let absent = Evidence::plain("there is no entry of a boot loader");
        return Ok(Outcome::new(super::Verdict::NotApplicable, absent));
    }
    let mut wrong = Vec::new();
    for (evidence, words) in lines {
        let mut own = words.iter().filter_map(|word| {
            let rest = word.strip_prefix(rule.name.as_bytes())?;
            if rest.is_empty() { Some(rest) } else { rest.strip_prefix(b"=") }
        });
        let holds = own.next_back().is_some_and(|value| rule.value.holds(value));
        if holds == rule.absent {
            wrong.push(evidence);
        }
    }
    Ok(Outcome::none_of(wrong, &format!("{}: in every entry as it should be", rule.name)))
}

/// A line that boots a kernel: where it stands, and its words.
type CommandLine = (Evidence, Vec<Vec<u8>>);

/// Each line that boots a kernel, as words; recovery entries are left out, as CIS does.
fn command_lines(subject: &Subject<'_>) -> Result<Vec<CommandLine>, Unreadable> {
    let environment = environment(&subject.pages(&ENVIRONMENT)?);
    let mut found = Vec::new();
    for page in subject.pages(&MENUS)? {
        for (line, text) in page.lines() {
            let words: Vec<&[u8]> =
                text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
            let boots = matches!(
                words.first(),
                Some(&(b"linux" | b"linux16" | b"linuxefi" | b"options" | b"append" | b"APPEND"))
            );
            let rescue = words.iter().any(|word| matches!(*word, b"single" | b"recovery"));
            if !boots || rescue {
                continue;
            }
            let full = words.iter().skip(1).flat_map(|word| match *word {
                b"$kernelopts" => environment.clone(),
                word => vec![word.to_vec()],
            });
            found.push((Evidence::line(&page.path, line, shown(text)), full.collect()));
        }
    }
    if found.is_empty() {
        found.extend(defaults(&subject.pages(&DEFAULTS)?));
    }
    Ok(found)
}

fn environment(pages: &[ConfigFile]) -> Vec<Vec<u8>> {
    let options =
        pages.iter().flat_map(ConfigFile::lines).filter_map(|(_, line)| line.strip_prefix(b"kernelopts="));
    options.flat_map(|line| line.split(u8::is_ascii_whitespace)).map(<[u8]>::to_vec).collect()
}

/// The two variables of /etc/default/grub, joined as update-grub does it.
fn defaults(pages: &[ConfigFile]) -> Option<CommandLine> {
    let mut words = Vec::new();
    let mut evidence = None;
    for page in pages {
        for (number, line) in page.lines() {
            let value = ["GRUB_CMDLINE_LINUX=", "GRUB_CMDLINE_LINUX_DEFAULT="];
            let value = value.iter().find_map(|name| line.strip_prefix(name.as_bytes()));
            let Some(value) = value else { continue };
            let plain = value.iter().filter(|byte| !b"\"'".contains(byte)).copied().collect::<Vec<u8>>();
            words.extend(plain.split(u8::is_ascii_whitespace).map(<[u8]>::to_vec));
            evidence = Some(Evidence::line(&page.path, number, shown(line)));
        }
    }
    Some((evidence?, words))
}

pub(super) fn password(subject: &Subject<'_>) -> Judged {
    const PLACES: [&str; 5] = [
        "/boot/grub/grub.cfg",
        "/boot/grub2/user.cfg",
        "/boot/grub2/grub.cfg",
        "/boot/grub/user.cfg",
        "/boot/efi/EFI/*/user.cfg",
    ];
    for page in subject.pages(&PLACES)? {
        let says = |line: &[u8]| {
            let line = line.trim_ascii();
            line.starts_with(b"password_pbkdf2 ") && memchr::memmem::find(line, b"${").is_none()
                || line.starts_with(b"GRUB2_PASSWORD=grub.pbkdf2")
        };
        if let Some((number, _)) = page.lines().find(|(_, line)| says(line)) {
            return Ok(Outcome::of(true, Evidence::line(&page.path, number, "asks for a password")));
        }
    }
    Ok(Outcome::of(false, Evidence::at(b"/boot", "no entry of the boot loader asks for a password")))
}
