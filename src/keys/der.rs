//! A checked reader of DER: only what keys are made of.

/// INTEGER.
pub(super) const INTEGER: u8 = 0x02;
/// BIT STRING.
pub(super) const BITS: u8 = 0x03;
/// OCTET STRING.
pub(super) const OCTETS: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub(super) const OID: u8 = 0x06;
/// SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;

/// Takes one element off `rest`: its tag and its content.
pub(super) fn any<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&tag, after) = rest.split_first()?;
    let (&first, after) = after.split_first()?;
    let (len, after) = match first {
        0..=0x7f => (usize::from(first), after),
        0x81..=0x84 => {
            let (digits, after) = after.split_at_checked(usize::from(first & 0x7f))?;
            let len = digits.iter().fold(0_u32, |len, &digit| (len << 8) | u32::from(digit));
            (usize::try_from(len).ok()?, after)
        }
        _ => return None, // without a length, or longer than any key
    };
    let (content, after) = after.split_at_checked(len)?;
    *rest = after;
    Some((tag, content))
}

/// Takes one element of this tag off `rest`.
pub(super) fn take<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    any(rest).filter(|(found, _)| *found == tag).map(|(_, content)| content)
}

/// The content of a bit string without unused bits.
pub(super) fn whole_bytes(bits: &[u8]) -> Option<&[u8]> {
    bits.split_first().filter(|(unused, _)| **unused == 0).map(|(_, bytes)| bytes)
}
