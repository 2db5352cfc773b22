//! GRUB Legacy, which Amazon's first Linux and paravirtual instances have, and Syslinux.

use super::{LIMIT, without_device};
use crate::files::{SystemReader, lines};

/// GRUB Legacy's menu.
const MENUS: [&[u8]; 2] = [b"/boot/grub/menu.lst", b"/boot/grub/grub.conf"];
/// Configurations of Syslinux and Extlinux.
const SYSLINUX: [&[u8]; 4] = [
    b"/boot/extlinux.conf",
    b"/boot/extlinux/extlinux.conf",
    b"/boot/syslinux/syslinux.cfg",
    b"/extlinux.conf",
];

/// The kernel of the entry that `default` numbers.
pub(super) fn grub(reader: &mut SystemReader<'_>) -> Option<String> {
    let content = MENUS.into_iter().find_map(|path| reader.read(path, LIMIT))?;
    let mut default = 0_usize;
    let mut kernels: Vec<Option<String>> = Vec::new();
    for (_, line) in lines(&content) {
        let line = String::from_utf8_lossy(line);
        let (word, rest) = split(&line);
        match word {
            "default" => default = rest.parse().unwrap_or(0),
            "title" => kernels.push(None),
            "kernel" => {
                let path = rest.split_whitespace().next().map(without_device);
                if let Some(kernel) = kernels.last_mut().filter(|kernel| kernel.is_none()) {
                    *kernel = path;
                }
            }
            _ => {}
        }
    }
    kernels.get(default).or(kernels.first())?.clone()
}

/// The kernel of the label that `DEFAULT` names, else of the first.
pub(super) fn syslinux(reader: &mut SystemReader<'_>) -> Option<String> {
    let content = SYSLINUX.into_iter().find_map(|path| reader.read(path, LIMIT))?;
    let (mut default, mut label) = (None, String::new());
    let mut kernels: Vec<(String, String)> = Vec::new();
    for (_, line) in lines(&content) {
        let line = String::from_utf8_lossy(line);
        let (word, rest) = split(&line);
        match word.to_ascii_lowercase().as_str() {
            "default" => default = default.or_else(|| Some(rest.to_owned())),
            "label" => rest.clone_into(&mut label),
            "kernel" | "linux" => {
                kernels.push((
                    label.clone(),
                    without_device(rest.split_whitespace().next().unwrap_or_default()),
                ));
            }
            _ => {}
        }
    }
    let chosen = kernels.iter().find(|(label, _)| Some(label) == default.as_ref());
    chosen.or(kernels.first()).map(|(_, kernel)| kernel.clone())
}

/// The first word of a line, and the rest; `=` may stand between them.
fn split(line: &str) -> (&str, &str) {
    let line = line.trim();
    let (word, rest) = line.split_once([' ', '\t', '=']).unwrap_or((line, ""));
    (word, rest.trim_start_matches([' ', '\t', '=']).trim())
}
