//! Containers of disks: patched qcow2, VMDK, VHD, VHDX, VDI, packed files, OVA.
#![no_main]

use std::cell::RefCell;
use std::io::{Seek, Write};

use ami_assay_fuzz::reading::bytes;
use ami_assay_fuzz::seeds::{Seeds, cached};
use ami_assay_fuzz::{Patched, disk_budget};
use assay_disk::image::{Options, open};
use libfuzzer_sys::fuzz_target;
use tempfile::NamedTempFile;

static SEEDS: Seeds = Seeds::new();

thread_local! {
    /// Images are files.
    static FILE: RefCell<NamedTempFile> = RefCell::new(NamedTempFile::new().unwrap());
}

fuzz_target!(|input: &[u8]| {
    let Some(patched) = Patched::new(cached(&SEEDS, &["image"]), input) else { return };
    FILE.with_borrow_mut(|file| {
        file.as_file().set_len(0).unwrap();
        file.rewind().unwrap();
        file.write_all(&patched.bytes()).unwrap();
        let options = Options { temporary: std::env::temp_dir(), ..Options::default() };
        if let Ok(image) = open(file.path(), &options, &disk_budget(), &|_| {}) {
            bytes(&*image.source);
        }
    });
});
