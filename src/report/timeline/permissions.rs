//! Permissions as letters.

/// The nine letters of `ls -l` for the low 12 bits of `st_mode`: `rwsr-xr-x`.
pub fn permissions(mode: u16) -> String {
    let bit = |bit: u16, c| if mode & bit == 0 { '-' } else { c };
    let special = |execute: u16, special: u16, both, only| match (mode & execute != 0, mode & special != 0) {
        (true, true) => both,
        (false, true) => only,
        (true, false) => 'x',
        (false, false) => '-',
    };
    let letters = [
        bit(0o400, 'r'),
        bit(0o200, 'w'),
        special(0o100, 0o4000, 's', 'S'),
        bit(0o040, 'r'),
        bit(0o020, 'w'),
        special(0o010, 0o2000, 's', 'S'),
        bit(0o004, 'r'),
        bit(0o002, 'w'),
        special(0o001, 0o1000, 't', 'T'),
    ];
    letters.iter().collect()
}
