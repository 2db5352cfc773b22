//! utmp, wtmp and btmp of both layouts: patched records, cut anywhere.
#![no_main]

use ami_assay_fuzz::feed::patched;
use assay::timeline::Source;
use assay::timeline::utmp::events;
use libfuzzer_sys::fuzz_target;

fn record(size: usize, kind: u8, user: &[u8], seconds: u32) -> Vec<u8> {
    let mut bytes = vec![0; size];
    bytes[0] = kind;
    bytes[8..13].copy_from_slice(b"pts/0");
    bytes[44..44 + user.len()].copy_from_slice(user);
    bytes[76..85].copy_from_slice(b"192.0.2.1");
    let at = if size == 384 { 340 } else { 344 };
    bytes[at..at + 4].copy_from_slice(&seconds.to_le_bytes());
    bytes
}

fuzz_target!(|input: &[u8]| {
    let [choice, cut, patches @ ..] = input else { return };
    let size = if choice & 1 == 0 { 384 } else { 400 };
    let records = [(2, b"reboot".as_slice()), (7, b"admin"), (8, b""), (1, b"shutdown"), (6, b"LOGIN")];
    let all: Vec<u8> = records.iter().flat_map(|(kind, user)| record(size, *kind, user, 1_700_000_000)).collect();
    let mut bytes = patched(&all, patches);
    if *cut > 200 {
        bytes.truncate(bytes.len() / 56 * usize::from(255 - cut));
    }
    let source = [Source::Utmp, Source::Wtmp, Source::Btmp][usize::from(*choice >> 1) % 3];
    let mut count = 0_u64;
    let wrong = events(&mut bytes.as_slice(), source, &mut |_| count += 1).unwrap();
    assert!(count + wrong.records <= bytes.len() as u64 / 384 && wrong.rest < 400);
});
