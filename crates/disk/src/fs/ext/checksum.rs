//! The two checksums of ext4: CRC-32C of metadata, CRC-16 of older group descriptors.

/// CRC-32C as the kernel chains it: without the final inversion.
pub(super) fn crc32c(seed: u32, bytes: &[u8]) -> u32 {
    !crc32c::crc32c_append(!seed, bytes)
}

/// CRC-16 (polynomial 0xA001, reflected), as `gdt_csum` uses it.
pub(super) fn crc16(seed: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(seed, |crc, &byte| {
        (0..8).fold(crc ^ u16::from(byte), |crc, _| if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xA001 })
    })
}

/// The CRC-32C of `bytes` in which each field of `blanked` (offset, length) counts as zeros.
pub(super) fn crc32c_blanked(seed: u32, bytes: &[u8], blanked: &[(usize, usize)]) -> u32 {
    let mut copy = bytes.to_vec();
    for &(offset, len) in blanked {
        if let Some(field) = copy.get_mut(offset..offset.saturating_add(len)) {
            field.fill(0);
        }
    }
    crc32c(seed, &copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        assert_eq!(crc16(0xFFFF, b"123456789"), 0x4B37);
        assert_eq!(!crc32c(!0, b"123456789"), 0xE306_9283);
    }
}
