//! The forms of crypt(5): what a password field says, told by prefix and lengths.

/// What a password field means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Password<'a> {
    /// Nothing is asked.
    Empty,
    /// No password opens the account (`*`, `!`, `x`, …).
    Locked,
    /// A hash that `!` or `*` in front makes unusable for now.
    LockedHash(&'a [u8], Form),
    /// A hash.
    Hash(&'a [u8], Form),
    /// It begins like a hash and is none: crypt accepts no password for it.
    Misshapen(&'a [u8]),
}

/// How a hash was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// Name of the algorithm.
    pub(super) algorithm: &'static str,
    /// Rounds, cost or parameters, as the hash gives them.
    pub(super) cost: Option<String>,
    /// Why it is weak, if it is.
    pub(super) weakness: Option<&'static str>,
}

/// Judges a password field of shadow or passwd.
pub(super) fn judge(field: &[u8]) -> Password<'_> {
    if field.is_empty() {
        return Password::Empty;
    }
    let marks = field.iter().take_while(|byte| b"!*".contains(byte)).count();
    let rest = field.get(marks..).unwrap_or_default();
    // Solaris and some PAM modules put *LK* before the hash.
    let rest = rest.strip_prefix(b"LK*").unwrap_or(rest);
    match (form(rest), marks) {
        (Some(form), 0) => Password::Hash(rest, form),
        (Some(form), _) => Password::LockedHash(rest, form),
        (None, 0) if rest.starts_with(b"$") => Password::Misshapen(rest),
        (None, _) => Password::Locked,
    }
}

/// The form of a hash; `None` for what is none.
pub(super) fn form(hash: &[u8]) -> Option<Form> {
    match hash.strip_prefix(b"$") {
        Some(rest) => modular(rest),
        None => traditional(hash),
    }
}

fn traditional(hash: &[u8]) -> Option<Form> {
    // A word of thirteen letters ("!unprovisioned") has the alphabet, too; a hash of one case is not to be expected.
    let is_word = hash.iter().all(u8::is_ascii_lowercase);
    let is_des = hash.len() == 13 && is_base64(hash) && !is_word;
    let is_bsdi = hash.len() == 20 && hash.first() == Some(&b'_') && is_base64(hash.get(1..)?);
    if is_des {
        Some(weak("DES", "8 significant characters, seconds to try them all"))
    } else if is_bsdi {
        Some(weak("BSDi DES", "56-bit keys"))
    } else {
        None
    }
}

/// `id$…$…`, what follows the first dollar.
fn modular(rest: &[u8]) -> Option<Form> {
    let mut parts = rest.split(|&byte| byte == b'$');
    let id = parts.next()?;
    let parts: Vec<&[u8]> = parts.collect();
    match id {
        b"1" | b"apr1" => md5(id, &parts),
        b"2a" | b"2b" | b"2x" | b"2y" => bcrypt(id, &parts),
        b"3" => nt(&parts),
        b"5" => sha2("SHA-256", 43, &parts),
        b"6" => sha2("SHA-512", 86, &parts),
        b"7" => scrypt(&parts),
        b"y" => yescrypt("yescrypt", &parts),
        b"gy" => yescrypt("gost-yescrypt", &parts),
        b"sha1" => sha1(&parts),
        b"argon2i" | b"argon2d" | b"argon2id" => argon2(&parts),
        _ if id == b"md5" || id.starts_with(b"md5,rounds=") => sun_md5(&parts),
        _ => None,
    }
}

fn md5(id: &[u8], parts: &[&[u8]]) -> Option<Form> {
    let &[salt, digest] = parts else { return None };
    let fits = salt.len() <= 8 && digest.len() == 22 && is_base64(digest);
    let algorithm = if id == b"1" { "MD5" } else { "Apache MD5" };
    fits.then(|| weak(algorithm, "broken hash, 1000 fixed rounds"))
}

fn sun_md5(parts: &[&[u8]]) -> Option<Form> {
    let digest = parts.last()?;
    (digest.len() == 22 && is_base64(digest)).then(|| weak("Sun MD5", "broken hash"))
}

fn bcrypt(id: &[u8], parts: &[&[u8]]) -> Option<Form> {
    let &[cost, body] = parts else { return None };
    let number: u32 = std::str::from_utf8(cost).ok()?.parse().ok()?;
    let fits = cost.len() == 2 && (4..=31).contains(&number) && body.len() == 53 && is_base64(body);
    let weakness = match number {
        _ if id == b"2x" => Some("variant with the sign-extension bug"),
        ..=7 => Some("cost under 8"),
        _ => None,
    };
    fits.then(|| Form { algorithm: "bcrypt", cost: Some(format!("cost {number}")), weakness })
}

fn nt(parts: &[&[u8]]) -> Option<Form> {
    let &[empty, digest] = parts else { return None };
    let fits = empty.is_empty() && digest.len() == 32 && digest.iter().all(u8::is_ascii_hexdigit);
    fits.then(|| weak("NT", "MD4 without salt"))
}

fn sha2(algorithm: &'static str, length: usize, parts: &[&[u8]]) -> Option<Form> {
    let (rounds, salt, digest) = match *parts {
        [salt, digest] => (5000, salt, digest),
        [rounds, salt, digest] => {
            let digits = std::str::from_utf8(rounds.strip_prefix(b"rounds=")?).ok()?;
            (digits.parse::<u64>().ok()?, salt, digest)
        }
        _ => return None,
    };
    let fits = salt.len() <= 16 && digest.len() == length && is_base64(digest);
    let weakness = (rounds < 5000).then_some("fewer rounds than the default of 5000");
    fits.then(|| Form { algorithm, cost: Some(format!("{rounds} rounds")), weakness })
}

fn sha1(parts: &[&[u8]]) -> Option<Form> {
    let &[rounds, _, digest] = parts else { return None };
    let rounds: u64 = std::str::from_utf8(rounds).ok()?.parse().ok()?;
    let fits = digest.len() == 28 && is_base64(digest);
    fits.then(|| Form { algorithm: "SHA-1", cost: Some(format!("{rounds} rounds")), weakness: None })
}

fn scrypt(parts: &[&[u8]]) -> Option<Form> {
    let &[setting, digest] = parts else { return None };
    let head = setting.get(..11)?;
    let fits = is_base64(setting) && digest.len() == 43 && is_base64(digest);
    fits.then(|| Form { algorithm: "scrypt", cost: parameters(head), weakness: None })
}

fn yescrypt(algorithm: &'static str, parts: &[&[u8]]) -> Option<Form> {
    let &[setting, salt, digest] = parts else { return None };
    let fits = !setting.is_empty() && [setting, salt, digest].iter().all(|part| is_base64(part));
    let fits = fits && salt.len() <= 86 && digest.len() == 43;
    fits.then(|| Form { algorithm, cost: parameters(setting), weakness: None })
}

fn argon2(parts: &[&[u8]]) -> Option<Form> {
    let digest = parts.last()?;
    let fits = parts.len() >= 3 && digest.len() >= 20;
    fits.then_some(Form { algorithm: "Argon2", cost: None, weakness: None })
}

fn parameters(setting: &[u8]) -> Option<String> {
    Some(format!("parameters {}", String::from_utf8_lossy(setting)))
}

fn weak(algorithm: &'static str, weakness: &'static str) -> Form {
    Form { algorithm, cost: None, weakness: Some(weakness) }
}

/// The alphabet of crypt.
fn is_base64(text: &[u8]) -> bool {
    text.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn algorithm(field: &[u8]) -> &'static str {
        match judge(field) {
            Password::Hash(_, form) => form.algorithm,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_form_is_known_by_its_lengths() {
        let of = |prefix: &str, length: usize| [prefix, &"a".repeat(length)].concat();
        assert_eq!(algorithm(b"abJnggxhB/yWI"), "DES");
        assert!(!matches!(judge(b"!unprovisioned"), Password::LockedHash(..)));
        assert_eq!(algorithm(of("_", 19).as_bytes()), "BSDi DES");
        assert_eq!(algorithm(of("$1$salt$", 22).as_bytes()), "MD5");
        assert_eq!(algorithm(of("$2b$12$", 53).as_bytes()), "bcrypt");
        assert_eq!(algorithm(of("$3$$", 32).as_bytes()), "NT");
        assert_eq!(algorithm(of("$5$salt$", 43).as_bytes()), "SHA-256");
        assert_eq!(algorithm(of("$6$rounds=656000$salt$", 86).as_bytes()), "SHA-512");
        assert_eq!(algorithm(of("$7$CU..../....salt$", 43).as_bytes()), "scrypt");
        assert_eq!(algorithm(of("$y$j9T$salt$", 43).as_bytes()), "yescrypt");
        assert_eq!(algorithm(of("$gy$j9T$salt$", 43).as_bytes()), "gost-yescrypt");
    }

    #[test]
    fn a_wrong_length_is_no_hash() {
        let short = ["$6$salt$", &"a".repeat(85)].concat();
        assert!(matches!(judge(short.as_bytes()), Password::Misshapen(_)));
        assert!(matches!(judge(b"$unknown$"), Password::Misshapen(_)));
        assert_eq!(judge(b"abcdef"), Password::Locked);
    }

    #[test]
    fn locks_are_locks() {
        for field in [&b"!"[..], b"*", b"!!", b"!*", b"*LK*", b"x", b"NP", b"!locked"] {
            assert_eq!(judge(field), Password::Locked);
        }
        assert_eq!(judge(b""), Password::Empty);
        let hash = ["$y$j9T$salt$", &"a".repeat(43)].concat();
        let locked = format!("!{hash}");
        assert!(
            matches!(judge(locked.as_bytes()), Password::LockedHash(found, _) if found == hash.as_bytes())
        );
    }

    #[test]
    fn few_rounds_are_weak() {
        let form = form(["$5$rounds=1000$salt$", &"a".repeat(43)].concat().as_bytes()).unwrap();
        assert!(form.weakness.is_some());
    }
}
