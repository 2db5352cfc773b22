//! Journals of systemd: patched ones of both layouts, plain and packed by LZ4, and cut.
#![no_main]

use std::ops::ControlFlow;

use ami_assay_fuzz::feed::patched;
use assay::timeline::journal::entries;
use libfuzzer_sys::fuzz_target;

/// Twelve entries of three fields each; one field is shared by all.
fn journal(is_compact: bool, is_packed: bool) -> Vec<u8> {
    let mut bytes = b"LPKSHHRH".to_vec();
    bytes.resize(272, 0);
    bytes[12] = 4 | if is_packed { 2 } else { 0 } | if is_compact { 16 } else { 0 };
    bytes[88..96].copy_from_slice(&272_u64.to_le_bytes());
    let shared = field(&mut bytes, b"_HOSTNAME=golden", is_compact, is_packed);
    for number in 0..12_u64 {
        let message = format!("MESSAGE=message {number} {}", "again and ".repeat(8));
        let message = field(&mut bytes, message.as_bytes(), is_compact, is_packed);
        let program = field(&mut bytes, b"SYSLOG_IDENTIFIER=sshd", is_compact, is_packed);
        let mut body = [number, 1_700_000_000_000_000 + number, number].map(u64::to_le_bytes).concat();
        body.extend([7; 16]);
        body.extend([0; 8]);
        for place in [shared, message, program] {
            if is_compact {
                body.extend((place as u32).to_le_bytes());
            } else {
                body.extend((place as u64).to_le_bytes());
                body.extend(1_u64.to_le_bytes());
            }
        }
        object(&mut bytes, 3, 0, &body);
    }
    let arena = bytes.len() as u64 - 272;
    bytes[96..104].copy_from_slice(&arena.to_le_bytes());
    bytes[152..160].copy_from_slice(&12_u64.to_le_bytes());
    bytes
}

fn object(bytes: &mut Vec<u8>, kind: u8, flags: u8, body: &[u8]) -> usize {
    let place = bytes.len();
    bytes.extend([kind, flags, 0, 0, 0, 0, 0, 0]);
    bytes.extend((16 + body.len() as u64).to_le_bytes());
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    place
}

fn field(bytes: &mut Vec<u8>, text: &[u8], is_compact: bool, is_packed: bool) -> usize {
    let mut body = 1_u64.to_le_bytes().to_vec();
    body.resize(if is_compact { 56 } else { 48 }, 0);
    if is_packed {
        // A block of literals: the length, then a token for 15 letters and more.
        body.extend((text.len() as u64).to_le_bytes());
        body.extend([0xf0, (text.len() - 15) as u8]);
    }
    body.extend(text);
    object(bytes, 1, if is_packed { 2 } else { 0 }, &body)
}

fuzz_target!(|input: &[u8]| {
    let [choice, cut, patches @ ..] = input else { return };
    let mut bytes = patched(&journal(choice & 1 != 0, choice & 2 != 0), patches);
    if *cut > 200 {
        bytes.truncate(bytes.len() / 56 * usize::from(255 - cut));
    }
    let whole = bytes.len();
    let (mut count, mut kept) = (0_u64, 0);
    let summary = entries(&bytes, &mut |entry| {
        count += 1;
        kept += entry.fields.iter().map(Vec::len).sum::<usize>();
        ControlFlow::Continue(())
    });
    if let Ok(summary) = summary {
        assert_eq!(summary.entries, count);
    }
    assert!(count <= whole as u64 / 64 && kept <= (128 << 20), "{count} entries of {kept} bytes from {whole}");
});
