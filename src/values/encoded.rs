//! What a value says in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Shortest text that chance does not make, in bytes.
const SHORTEST: usize = 6;

/// The printable text that a value is in base64, and, where that is a login, its password.
pub fn texts(value: &[u8]) -> Vec<Vec<u8>> {
    let is_text = |text: &Vec<u8>| {
        text.len() >= SHORTEST
            && text.iter().all(|byte| byte.is_ascii_graphic() || *byte == b'\n' || *byte == b' ')
    };
    let Some(text) = STANDARD.decode(value).ok().filter(is_text) else { return Vec::new() };
    let password = text.splitn(2, |byte| *byte == b':').nth(1).filter(|password| password.len() >= SHORTEST);
    let password = password.map(<[u8]>::to_vec);
    std::iter::once(text).chain(password).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_base64_has_a_password() {
        assert_eq!(texts(b"ZGVwbG95OlprODNoZDky"), [&b"deploy:Zk83hd92"[..], b"Zk83hd92"]);
        assert_eq!(texts(b"Wms4M2hkOTI="), [b"Zk83hd92"]);
        assert!(texts(b"/w==").is_empty() && texts(b"no base64").is_empty());
    }
}
