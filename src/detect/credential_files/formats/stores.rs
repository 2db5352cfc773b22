//! Stores of secrets: files that are a secret as a whole, opened by a passphrase at most. They are known by
//! their first bytes; what is in them is not read.

/// What a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Store {
    /// For people.
    pub(in super::super) what: &'static str,
    /// Whether it needs a passphrase, as far as its form says.
    pub(in super::super) locked: bool,
}

const fn locked(what: &'static str) -> Option<Store> {
    Some(Store { what, locked: true })
}

const fn open(what: &'static str) -> Option<Store> {
    Some(Store { what, locked: false })
}

/// The store that `content` is, if one.
pub(in super::super) fn store(content: &[u8]) -> Option<Store> {
    let has = |mark: &[u8]| memchr::memmem::find(content.get(..64 << 10).unwrap_or(content), mark).is_some();
    match content {
        [0x03, 0xd9, 0xa2, 0x9a, 0x65 | 0x67, 0xfb, 0x4b, 0xb5, ..] => locked("KeePass database"),
        [0xfe, 0xed, 0xfe, 0xed, ..] => java_keystore(content),
        [0xce, 0xce, 0xce, 0xce, ..] => locked("Java key store (JCEKS)"),
        [0x05, 0x02, a, b, c, d, ..] if u32::from_be_bytes([*a, *b, *c, *d]) < 1 << 20 => {
            open("Kerberos key table")
        }
        [0xa1, 0xf8, 0x4e, 0x36..=0x38, ..] => open("wallet of Oracle that opens by itself"),
        // Lucene's magic, then the name of the codec; its password is empty unless somebody set one.
        [0x3f, 0xd7, 0x6c, 0x17, ..] if has(b"elasticsearch.keystore") => open("key store of Elasticsearch"),
        [0x30, 0x80..=0x84, ..] if is_pkcs12(content) => locked("PKCS#12 store"),
        [0x95 | 0x94 | 0xc5, ..] => open("OpenPGP secret key ring"),
        [b'G', b'n', b'o', b'm', b'e', b'K', b'e', b'y', b'r', b'i', b'n', b'g', ..] => {
            locked("GNOME keyring")
        }
        _ if has(b"protected-private-key") || has(b"shadowed-private-key") => locked("OpenPGP private key"),
        _ if has(b"(11:private-key") || has(b"(private-key") => open("OpenPGP private key"),
        _ if is_berkeley(content) && has(b"key") => locked("wallet of a coin"),
        _ if content.starts_with(b"SQLite format 3\0") && has(b"walletdescriptor") => {
            locked("wallet of a coin")
        }
        _ if content.starts_with(b"BORG_KEY ") => locked("key of a Borg repository"),
        _ if content.starts_with(b"TDB file\n") && has(b"USER_") => open("password hashes of Samba"),
        _ if is_login_path(content) => open("logins of MySQL, only obfuscated"),
        _ if has(b"\"crypto\"") && has(b"\"ciphertext\"") && has(b"\"kdf\"") => locked("wallet of Ethereum"),
        _ if has(b"encryptedPassword") && has(b"\"logins\"") => locked("passwords of Firefox"),
        _ if has(b"ANSIBLE_VAULT;") => locked("Ansible vault"),
        _ => None,
    }
}

/// A Java key store with a private or secret key: one with certificates alone is a trust store.
fn java_keystore(content: &[u8]) -> Option<Store> {
    let word = |at: usize| {
        let bytes = content.get(at..at.checked_add(4)?)?;
        usize::try_from(u32::from_be_bytes(<[u8; 4]>::try_from(bytes).ok()?)).ok()
    };
    let short = |at: usize| {
        let bytes = content.get(at..at.checked_add(2)?)?;
        Some(usize::from(u16::from_be_bytes(<[u8; 2]>::try_from(bytes).ok()?)))
    };
    let count = word(8)?.min(100_000);
    let mut at = 12_usize;
    for _ in 0..count {
        if word(at)? != 2 {
            return locked("Java key store");
        }
        at = at.checked_add(4)?;
        at = at.checked_add(2 + 8)?.checked_add(short(at)?)?; // alias, date
        at = at.checked_add(2)?.checked_add(short(at)?)?; // "X.509"
        at = at.checked_add(4)?.checked_add(word(at)?)?; // the certificate
    }
    None
}

/// `SEQUENCE { INTEGER 3, SEQUENCE { OID pkcs7-data, …` with a key bag or encrypted content.
fn is_pkcs12(content: &[u8]) -> bool {
    let head = content.get(..64).unwrap_or(content);
    let find = |mark: &[u8]| memchr::memmem::find(head, mark).is_some();
    find(b"\x02\x01\x03\x30") && find(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")
}

/// The login paths of mysql_config_editor(1): four zeros, a key of 20 bytes that stands beside what it is for, and pieces
/// of AES, each behind its length.
fn is_login_path(content: &[u8]) -> bool {
    let Some(([0, 0, 0, 0], rest)) = content.split_first_chunk() else { return false };
    let Some((_, pieces)) = rest.split_first_chunk::<20>() else { return false };
    let Some((len, piece)) = pieces.split_first_chunk() else { return false };
    let len = u32::from_le_bytes(*len) as usize;
    (16..=4096).contains(&len) && len.is_multiple_of(16) && len <= piece.len()
}

/// Berkeley DB's B-tree: its magic at byte 12.
fn is_berkeley(content: &[u8]) -> bool {
    matches!(content.get(12..16), Some([0x62, 0x31, 0x05, 0x00] | [0x00, 0x05, 0x31, 0x62]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jks(tag: u8) -> Vec<u8> {
        let mut bytes = vec![0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, tag];
        bytes.extend(b"\0\x01a\0\0\0\0\0\0\0\0\0\x05X.509\0\0\0\x02xx");
        bytes
    }

    #[test]
    fn a_store_of_certificates_alone_is_none() {
        assert_eq!(store(&jks(2)), None);
        assert_eq!(store(&jks(1)).map(|store| store.what), Some("Java key store"));
    }

    #[test]
    fn login_paths_of_mysql_have_whole_pieces_of_their_length() {
        let of = |len: u32, bytes: usize| [&[0; 24][..], &len.to_le_bytes(), &vec![7; bytes]].concat();
        assert!(store(&of(32, 40)).is_some_and(|store| !store.locked));
        for (len, bytes) in [(32, 31), (33, 40), (0, 40), (u32::MAX, 40)] {
            assert_eq!(store(&of(len, bytes)), None, "{len} {bytes}");
        }
    }

    #[test]
    fn stores_are_known_by_their_bytes() {
        assert!(store(b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\0").is_some());
        assert!(store(b"(21:protected-private-key(3:rsa").is_some_and(|store| store.locked));
        assert!(store(b"(11:private-key(3:rsa").is_some_and(|store| !store.locked));
        assert!(store(b"BORG_KEY 0123\nhqlh").is_some_and(|store| store.locked));
        assert!(store(b"TDB file\n\0\0USER_bob\0").is_some_and(|store| !store.locked));
        assert_eq!(store(b"TDB file\n\0\0INFO/version\0"), None);
        assert!(store(b"SQLite format 3\0..walletdescriptor..").is_some());
        assert_eq!(store(b"hello"), None);
        assert_eq!(store(b""), None);
    }
}
