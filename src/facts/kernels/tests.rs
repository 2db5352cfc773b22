use super::*;
use crate::files::shelf::Shelf;

/// Kernels as `release:what`, sorted.
fn kernels(files: &[(&str, &str)]) -> Vec<String> {
    let shelf = files.iter().fold(Shelf::default(), |shelf, (path, content)| shelf.with(path, content));
    let found = gather(&mut SystemReader::new(&shelf), &Packages::default());
    found.into_iter().map(|kernel| format!("{} {:?}", kernel.release, kernel.boots)).collect()
}

const TWO: [(&str, &str); 2] = [("/boot/vmlinuz-6.1.0-49-amd64", ""), ("/boot/vmlinuz-6.1.0-50-amd64", "")];
const OLD: [&str; 2] = ["6.1.0-49-amd64 Default", "6.1.0-50-amd64 Installed"];
const NEW: [&str; 2] = ["6.1.0-49-amd64 Installed", "6.1.0-50-amd64 Default"];

fn with(more: &[(&str, &str)]) -> Vec<String> {
    kernels(&[TWO.as_slice(), more].concat())
}

const GRUB: &str = r#"
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
else
   set default="DEFAULT"
fi
function gfxmode {
	set gfxpayload="${1}"
}
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-1' {
	if [ x = y ]; then
	  search --no-floppy
	fi
	linux	/boot/vmlinuz-6.1.0-50-amd64 root=UUID=1 ro  quiet
	initrd	/boot/initrd.img-6.1.0-50-amd64
}
submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced-1' {
	menuentry 'Debian GNU/Linux, with Linux 6.1.0-50-amd64' $menuentry_id_option 'gnulinux-6.1.0-50-amd64-advanced-1' {
		linux	/boot/vmlinuz-6.1.0-50-amd64 root=UUID=1 ro
	}
	menuentry 'Debian GNU/Linux, with Linux 6.1.0-49-amd64' $menuentry_id_option 'gnulinux-6.1.0-49-amd64-advanced-1' {
		linux	/boot/vmlinuz-6.1.0-49-amd64 root=UUID=1 ro
	}
}
"#;

#[test]
fn a_single_kernel_boots_whatever_the_configuration_says() {
    assert_eq!(kernels(&TWO[..1]), ["6.1.0-49-amd64 Default"]);
    assert_eq!(kernels(&[]), [""; 0]);
}

#[test]
fn without_a_boot_loader_it_is_open_which_of_two_boots() {
    assert_eq!(with(&[]), ["6.1.0-49-amd64 Unknown", "6.1.0-50-amd64 Unknown"]);
}

#[test]
fn grub_boots_the_entry_that_is_numbered_or_named_or_saved() {
    for (default, expected) in [
        ("0", NEW),
        ("1>1", OLD),
        ("1>0", NEW),
        ("gnulinux-advanced-1>gnulinux-6.1.0-49-amd64-advanced-1", OLD),
        ("Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux 6.1.0-49-amd64", OLD),
        ("there is none of this name", NEW),
        ("${saved_entry}", NEW),
    ] {
        let text = GRUB.replace("DEFAULT", default);
        assert_eq!(with(&[("/boot/grub/grub.cfg", &text)]), expected, "{default}");
    }
    let saved = GRUB.replace("DEFAULT", "${saved_entry}");
    let environment = "# GRUB Environment Block\nsaved_entry=1>1\n####";
    assert_eq!(with(&[("/boot/grub2/grub.cfg", &saved), ("/boot/grub2/grubenv", environment)]), OLD);
}

#[test]
fn what_grub_reboot_chose_comes_first() {
    let text = GRUB.replace("DEFAULT", "0");
    assert_eq!(with(&[("/boot/grub/grub.cfg", &text), ("/boot/grub/grubenv", "next_entry=1>1\n")]), OLD);
}

const BLS: [(&str, &str); 3] = [
    ("/boot/grub2/grub.cfg", "set default=\"${saved_entry}\"\ninsmod blscfg\nblscfg\n"),
    (
        "/boot/loader/entries/id-6.1.0-49-amd64.conf",
        "version 6.1.0-49-amd64\nlinux /vmlinuz-6.1.0-49-amd64\n",
    ),
    (
        "/boot/loader/entries/id-6.1.0-50-amd64.conf",
        "version 6.1.0-50-amd64\nlinux /vmlinuz-6.1.0-50-amd64\n",
    ),
];

#[test]
fn red_hats_grub_boots_the_saved_entry_or_the_newest() {
    assert_eq!(with(&BLS), NEW);
    let saved = ("/boot/grub2/grubenv", "saved_entry=id-6.1.0-49-amd64\n");
    assert_eq!(with(&[BLS.as_slice(), &[saved]].concat()), OLD);
    let gone = ("/boot/grub2/grubenv", "saved_entry=id-5.0\n");
    assert_eq!(with(&[BLS.as_slice(), &[gone]].concat()), NEW);
}

#[test]
fn systemd_boot_takes_the_first_entry_that_its_pattern_matches() {
    let of = |pattern: &str| {
        let loader = format!("timeout 3\ndefault {pattern}\n");
        with(&[BLS[1], BLS[2], ("/boot/loader/loader.conf", &loader)])
    };
    assert_eq!(of("id-*"), NEW);
    assert_eq!(of("*-49-*"), OLD);
}

#[test]
fn older_boot_loaders_number_or_name_their_entries() {
    let menu = "default=1\ntimeout=0\ntitle A\n\troot (hd0)\n\tkernel (hd0,0)/boot/vmlinuz-6.1.0-50-amd64 root=/dev/xvda1\n\
                title B\nkernel /boot/vmlinuz-6.1.0-49-amd64\n";
    assert_eq!(with(&[("/boot/grub/menu.lst", menu)]), OLD);
    let syslinux = "DEFAULT old\nLABEL new\n  KERNEL /boot/vmlinuz-6.1.0-50-amd64\nLABEL old\n  LINUX /boot/vmlinuz-6.1.0-49-amd64\n";
    assert_eq!(with(&[("/boot/extlinux.conf", syslinux)]), OLD);
}

#[test]
fn a_choice_that_leads_to_no_kernel_leaves_it_open() {
    let text = GRUB.replace("DEFAULT", "0").replace("vmlinuz-6.1.0-50-amd64", "vmlinuz-5.0");
    assert_eq!(with(&[("/boot/grub/grub.cfg", &text)]), ["6.1.0-49-amd64 Unknown", "6.1.0-50-amd64 Unknown"]);
}
