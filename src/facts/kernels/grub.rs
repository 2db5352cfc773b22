//! GRUB 2: grub.cfg and its environment block.
//!
//! The configuration is a script. It is not run: what grub-mkconfig writes is read, and what is not understood leaves
//! the choice open.

use super::{LIMIT, bls, without_device};
use crate::files::{SystemReader, lines};

/// Where it lies; on EFI systems the first one that is read may only lead to another.
const CONFIGURATIONS: [&[u8]; 2] = [b"/boot/grub/grub.cfg", b"/boot/grub2/grub.cfg"];
const ENVIRONMENTS: [&[u8]; 2] = [b"/boot/grub/grubenv", b"/boot/grub2/grubenv"];
/// On EFI systems of Red Hat's family, `/boot/efi/EFI/<vendor>/`.
const EFI: &[u8] = b"/boot/efi/EFI";
/// Menu entries.
const ENTRIES: usize = 1000;

/// Variables and their values.
type Environment = Vec<(String, String)>;

/// An entry of the menu.
struct MenuEntry {
    /// Titles and ids of the submenus around it and its own, from the outside: each by title, id and number.
    names: Vec<Name>,
    /// What its line `linux` loads.
    kernel: Option<String>,
}

#[derive(Clone)]
struct Name {
    title: String,
    id: Option<String>,
    number: usize,
}

/// The path of the kernel that boots by default.
pub(super) fn chosen(reader: &mut SystemReader<'_>) -> Option<String> {
    let (configuration, environment) = read(reader)?;
    let text = String::from_utf8_lossy(&configuration);
    let default = default(&text, &environment);
    if text.lines().any(|line| line.split_whitespace().next() == Some("blscfg")) {
        return bls::of_grub(reader, default.as_deref());
    }
    let menu = menu(&text);
    let wanted = default.unwrap_or_else(|| "0".to_owned());
    let entry = menu.iter().find(|entry| is_named(entry, &wanted));
    // GRUB takes the first entry if there is none of that name.
    entry.or(menu.first())?.kernel.clone()
}

/// The configuration, and what its environment block says.
fn read(reader: &mut SystemReader<'_>) -> Option<(Vec<u8>, Environment)> {
    let efi: Vec<Vec<u8>> =
        reader.list(EFI).into_iter().map(|(name, _)| [EFI, b"/", name.as_slice()].concat()).collect();
    let beside =
        |name: &[u8]| efi.iter().map(|place| [place, b"/".as_slice(), name].concat()).collect::<Vec<_>>();
    let own = |paths: [&[u8]; 2]| paths.map(<[u8]>::to_vec).to_vec();
    let configurations = [own(CONFIGURATIONS), beside(b"grub.cfg")].concat();
    let is_menu = |text: &[u8]| {
        [b"menuentry".as_slice(), b"blscfg"].iter().any(|word| memchr::memmem::find(text, word).is_some())
    };
    let configuration =
        configurations.iter().find_map(|path| reader.read(path, LIMIT).filter(|text| is_menu(text)))?;
    let environments = [own(ENVIRONMENTS), beside(b"grubenv")].concat();
    let environment = environments.iter().find_map(|path| reader.read(path, LIMIT)).unwrap_or_default();
    let pair = |line: &[u8]| {
        let line = String::from_utf8_lossy(line).into_owned();
        line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    Some((configuration, lines(&environment).filter_map(|(_, line)| pair(line)).collect()))
}

/// What the script sets as the default, with the variables of the environment block put in; `None` where it sets
/// nothing. What grub-reboot chose for one start (`next_entry`) comes first: a copy of the image starts with it.
fn default(text: &str, environment: &[(String, String)]) -> Option<String> {
    let of = |name: &str| {
        let value = environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        value.filter(|value| !value.is_empty())
    };
    let assigned = |line: &str| {
        let line = line.trim();
        let value = line.strip_prefix("set default=").or_else(|| line.strip_prefix("default="))?;
        Some(value.trim_matches(['"', '\'']).to_owned())
    };
    let variable = |value: &str| value.strip_prefix('$').map(|name| name.trim_matches(['{', '}']).to_owned());
    let values: Vec<String> = text.lines().filter_map(assigned).collect();
    let is_once = |value: &String| variable(value).as_deref() == Some("next_entry");
    if let Some(next) = of("next_entry").filter(|_| values.iter().any(is_once)) {
        return Some(next);
    }
    let last = values.into_iter().rfind(|value| !is_once(value))?;
    variable(&last).map_or(Some(last), |name| of(&name))
}

/// The entries of the menu, in its order.
fn menu(text: &str) -> Vec<MenuEntry> {
    let mut entries: Vec<MenuEntry> = Vec::new();
    // The blocks that are open: a submenu or an entry with its name, anything else without.
    let mut open: Vec<Option<Name>> = Vec::new();
    let mut numbers: Vec<usize> = vec![0];
    for line in text.lines().map(str::trim) {
        let word = line.split_whitespace().next().unwrap_or_default();
        match word {
            "menuentry" | "submenu" if line.ends_with('{') && entries.len() < ENTRIES => {
                let number =
                    numbers.last_mut().map_or(0, |next| std::mem::replace(next, next.saturating_add(1)));
                open.push(Some(name(line, number)));
                if word == "submenu" {
                    numbers.push(0);
                } else {
                    entries.push(MenuEntry { names: open.iter().flatten().cloned().collect(), kernel: None });
                    // What is opened within is none of the menu.
                    numbers.push(usize::MAX);
                }
            }
            "linux" | "linuxefi" | "linux16" => {
                let kernel =
                    line.split_whitespace().nth(1).map(|path| without_device(path.trim_matches(['"', '\''])));
                if let Some(entry) = entries.last_mut().filter(|entry| entry.kernel.is_none()) {
                    entry.kernel = kernel;
                }
            }
            "}" => {
                if let Some(Some(_)) = open.pop() {
                    numbers.pop();
                }
            }
            _ if line.ends_with('{') => open.push(None),
            _ => {}
        }
    }
    entries
}

/// Title and id of a line `menuentry 'title' … --id x {`, or `$menuentry_id_option 'x'`.
fn name(line: &str, number: usize) -> Name {
    let words = words(line);
    let option = words.iter().position(|word| {
        word == "--id" || word == "$menuentry_id_option" || word == "${menuentry_id_option}"
    });
    let id = option.and_then(|at| words.get(at.saturating_add(1))).cloned();
    let joined = words.iter().find_map(|word| word.strip_prefix("--id=").map(str::to_owned));
    Name { title: words.get(1).cloned().unwrap_or_default(), id: id.or(joined), number }
}

/// Words, with those in quotes as one.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match quote {
            Some(mark) if c == mark => quote = None,
            Some(_) => word.push(c),
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            None => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether an entry is the one that `wanted` names: `0`, `1>2`, a title, an id, or a path of them.
fn is_named(entry: &MenuEntry, wanted: &str) -> bool {
    let parts: Vec<&str> = wanted.split('>').map(str::trim).collect();
    let is_part = |(name, part): (&Name, &&str)| {
        name.title == **part || name.id.as_deref() == Some(*part) || part.parse() == Ok(name.number)
    };
    // A submenu that is named alone boots its first entry.
    parts.len() <= entry.names.len() && entry.names.iter().zip(&parts).all(is_part)
}
