//! One unpacker at a time, whether or not its input would be recognised: patched seeds of its own, or the input
//! itself.
#![no_main]

use std::ops::ControlFlow;

use ami_assay_fuzz::seeds::{Seeds, cached};
use ami_assay_fuzz::{Patched, budget};
use assay::archive::{Format, UnpackMeter, by_name, members};
use libfuzzer_sys::fuzz_target;

static SEEDS: [Seeds; 17] = [const { Seeds::new() }; 17];
const FORMATS: [(&str, &str); 17] = [
    ("lz4", "archive-lz4"),
    ("lzma", "archive-lzma"),
    ("compress", "archive-compress"),
    ("RPM package", "archive-rpm"),
    ("git pack", "archive-git-pack"),
    ("git object", "archive-git-object"),
    ("zip", "archive-zip"),
    ("tar", "archive-tar"),
    ("PDF", "archive-pdf"),
    ("Office document", "archive-document"),
    ("cpio", "archive-cpio"),
    ("Debian package", "archive-deb"),
    ("Bolt database", "archive-bolt"),
    ("LMDB database", "archive-lmdb"),
    ("TDB database", "archive-tdb"),
    ("constant database", "archive-cdb"),
    ("self-extracting script", "archive-script"),
];

fuzz_target!(|input: &[u8]| {
    let [choice, input @ ..] = input else { return };
    let number = usize::from(choice >> 1) % FORMATS.len();
    let (name, prefix) = FORMATS[number];
    let format = by_name(name).unwrap();
    if choice % 2 == 1 {
        return unpack(format, input);
    }
    let Some(patched) = Patched::new(cached(&SEEDS[number], &[prefix]), input) else { return };
    unpack(format, &patched.bytes());
});

fn unpack(format: &'static Format, bytes: &[u8]) {
    let spent = UnpackMeter::new(bytes.len() as u64, &budget());
    let _ = members(format, &mut &*bytes, &budget(), &spent, &mut |member| {
        let _ = member.content.read_to_end(&mut Vec::new());
        ControlFlow::Continue(())
    });
    assert!(spent.bytes() <= budget().unpacked_bytes + (1 << 20));
    assert!(spent.members() <= budget().archive_members + 1);
}
