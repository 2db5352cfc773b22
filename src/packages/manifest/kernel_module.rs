//! Modules of Linux that are not of its own tree: drivers of vendors, what DKMS built.
//!
//! Modules of the tree lie below `kernel/` and say `intree=Y`; there are thousands, and their version is the kernel's.
//! What the others say of themselves stands in the section `.modinfo`: `key=value`, each with a zero at its end.
//! Source: include/linux/moduleparam.h, modinfo(8).

use super::text::text;
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;

/// Longest value that is read, in bytes.
const VALUE: usize = 256;

pub(super) static READER: Reader = Reader { name: "module of a kernel", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    // Packed modules are members: `x.ko.xz!/x.ko`.
    Wish::content_if(place.name.ends_with(b".ko") && place.is_file() && is_out_of_tree(place))
}

/// Whether it lies in `lib/modules/RELEASE/`, and there in another directory than `kernel/`.
fn is_out_of_tree(place: &Place<'_>) -> bool {
    let (mut before, mut last) = ([b"".as_slice(); 2], None);
    for part in place.path.split(|&byte| byte == b'/') {
        if before == [b"lib".as_slice(), b"modules"] {
            last = Some(false);
        } else if last == Some(false) {
            return part != b"kernel";
        }
        before = [before[1], part];
    }
    false
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    if !content.starts_with(b"\x7fELF") || value(content, b"intree=").is_some() {
        return Ok(());
    }
    let kernel = value(content, b"vermagic=").ok_or("it does not say which kernel it is for")?;
    let kernel = kernel.split(|&byte| byte == b' ').next().unwrap_or(kernel);
    let name = value(content, b"name=").or_else(|| place.name.strip_suffix(b".ko")).unwrap_or_default();
    let version = value(content, b"version=").unwrap_or_default();
    let mut component = Component::new(Ecosystem::Kernel, text(name), text(version));
    component.license = value(content, b"license=").map(text);
    component.qualifiers.push(("kernel", text(kernel)));
    emit(component);
    Ok(())
}

/// The value of a key that stands between zeros.
fn value<'c>(content: &'c [u8], key: &[u8]) -> Option<&'c [u8]> {
    let is_start = |at: &usize| at.checked_sub(1).is_some_and(|before| content.get(before) == Some(&0));
    let at = memchr::memmem::find_iter(content, key).find(is_start)?;
    let rest = content.get(at.checked_add(key.len())?..)?;
    let rest = rest.get(..VALUE).unwrap_or(rest);
    rest.get(..memchr::memchr(0, rest)?).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{names, read};

    const MODULE: &str = "\x7fELF\0license=GPL\0version=1.2.3\0srcversion=ABC\0name=ena\0vermagic=6.1.0-50-amd64 SMP mod_unload \0";

    #[test]
    fn a_module_of_a_vendor_is_listed() {
        for path in [
            "/lib/modules/6.1.0-50-amd64/updates/dkms/ena.ko",
            "/usr/lib/modules/6.1.0/extra/ena.ko.xz!/ena.ko",
        ] {
            assert_eq!(names(path, MODULE), ["ena 1.2.3"], "{path}");
        }
        let (found, _) = read("/lib/modules/6.1.0/misc/ena.ko", MODULE);
        assert_eq!(found[0].qualifiers, [("kernel", "6.1.0-50-amd64".to_owned())]);
    }

    #[test]
    fn modules_of_the_tree_are_not() {
        assert!(names("/lib/modules/6.1.0/kernel/drivers/net/ena.ko", MODULE).is_empty());
        let own = MODULE.replace("license=", "intree=Y\0license=");
        assert!(names("/lib/modules/6.1.0/updates/ena.ko", own).is_empty());
        assert!(names("/root/build/ena.ko", MODULE).is_empty());
        assert!(read("/lib/modules/6.1.0/updates/ena.ko", "\x7fELF\0\0").1.is_some());
    }
}
