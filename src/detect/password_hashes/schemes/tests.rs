//! Known answers of libxcrypt 4.4 (Debian 12's libcrypt), and, where perl is at hand, of the system's own.

use std::process::Command;

use super::*;
use crate::skipped::skip;

const LONG: &str = "a much longer password than eight, or than one block of any hash: sixty-four bytes";

/// Password and hash.
const KNOWN: [(&str, &str); 22] = [
    ("changeme", "abFhv6zf9FaNs"),
    ("root", "zZLAZRk8dlwmY"),
    (LONG, "_J9..aBcDBMps8coY/yo"),
    ("pass w\u{f6}rd", "_zz..aBcDqeVKb5WCI0s"),
    ("", "$1$saltsalt$5Jhcit4zN9UlGiA0txPkO0"),
    ("changeme", "$1$$KFGQ08mr1lw3twjczE8bT1"),
    ("root", "$5$saltstring0$0ex0Lc7GiHJj1SCVSrymF1ci/i4mZJehigfjS6ChjQ."),
    (LONG, "$5$rounds=1000$abcdefghijklmnop$wQtWUuvR9exkr0W6niZVpWJIwYuD8SUBs1J58C12uqD"),
    (
        "pass w\u{f6}rd",
        "$6$0123456789abcdef$yD68ViH7ZEKCNPAZ9TD4SEbwZuOUFnun9ZwyJ7OWjAoiJeUdQpAW.TI2Kej9foe7/pkwrj0AKj2uo6lr1YXkY/",
    ),
    (
        "",
        "$6$rounds=1400$short$obpoDhweAR128mj0AYRn0Nm.2w5W5Xb4JaLdNU3m9EQ6lnTZjlYrLZ8LjYbEdikKVT5qGEuoaT502vq2Io9Er/",
    ),
    ("changeme", "$2b$04$abcdefghijklmnopqrstuurMY81APmSEiT1iMIjNrGHNRdC0U9WWm"),
    ("root", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.fRWiDCMT6IgU3ECB1PWDroxmbUpQdx6"),
    (LONG, "$2y$04$......................ZT8LBk6AToXkHG/b.yjujPqC./BJnwm"),
    ("pass w\u{f6}rd", "$y$j75$abcdefghijklmnopqrstu.$tAlUdox0mQepm7.ZwAYdI66pDDid4Ciiaa8.QexfbGC"),
    ("", "$y$j75.0$F5Jx5fExrKuPp53xLKQ..1$UsUG9XQVd.dPsbFGNoMP2hdpbKL/qllSi2wAn75TqB6"),
    ("changeme", "$y$j75/.$F5Jx5fExrKuPp53xLKQ..1$KahciiFQl83eTSNFDOaukv8BWsHv3NchSmsdDk.mqX4"),
    ("root", "$y$j750./$F5Jx5fExrKuPp53xLKQ..1$oJHxnaXHjF3OLuBnqD6XPraMRA9E00P.coCgg53dRC."),
    (LONG, "$y$/75$abcdefghijklmnopqrstu.$RmvUiNexjsT6DJR9QA8i9uyiUjkKuV38QRs0bJyUW1."),
    ("pass w\u{f6}rd", "$y$.75$abcdefgh$63Ic.AlhWOefTMy/TTQS8NOVkcecUHKOF4hfmu0wq28"),
    ("", "$gy$j75$abcdefghijklmnopqrstu.$2/CbxumDMY1dIKdI.idd6JGB3rpGRXbVCG13AnsUSuA"),
    ("changeme", "$7$5/..../....saltsalt$QRf80pPCdW.SrQgzQIqxGqjxVgnSJ6uae4xhh0vq7OC"),
    ("root", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$7sns0mBDIWgdwoL7WtVeg8OpRLmM3pIF24UUv.9/Cu."),
];

fn fits(hash: &str, password: &str) -> bool {
    parse(hash.as_bytes()).unwrap_or_else(|| panic!("{hash} is no hash")).fits(password.as_bytes())
}

#[test]
fn known_answers_fit_and_other_passwords_do_not() {
    for (password, hash) in KNOWN {
        assert!(fits(hash, password), "{hash}");
        assert!(!fits(hash, "changemE"), "{hash}");
    }
}

#[test]
fn apache_has_its_own_magic() {
    // Of Apache's own documentation of its formats.
    assert!(fits("$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "myPassword"));
    assert!(!fits("$1$r31.....$HqJZimcKQFAMYayBlzkrA/", "myPassword"));
}

/// The hash that the system's libcrypt makes.
fn perl(password: &str, setting: &str) -> Option<String> {
    let asked =
        Command::new("perl").args(["-e", "print crypt($ARGV[0], $ARGV[1])", password, setting]).output();
    let Ok(answer) = asked else {
        skip("perl", "perl-base");
        return None;
    };
    let hash = String::from_utf8(answer.stdout).unwrap();
    assert!(hash.len() > 12 && !hash.starts_with('*'), "{setting}: libcrypt says {hash}");
    Some(hash)
}

#[test]
fn the_systems_own_libcrypt_agrees_under_salts_of_the_moment() {
    use std::hash::{BuildHasher, RandomState};
    let salt = |length: u64| -> String {
        let random = RandomState::new();
        (0..length).map(|at| char::from(digits::digit((random.hash_one(at) >> 7 & 63) as u32))).collect()
    };
    for password in ["changeme", "pass w\u{f6}rd", LONG] {
        let settings = [
            salt(2),
            format!("_1...{}", salt(4)),
            format!("$1${}$", salt(8)),
            format!("$5${}$", salt(16)),
            format!("$5$rounds=1001${}$", salt(3)),
            format!("$6${}$", salt(16)),
            format!("$6$rounds=2000${}$", salt(9)),
            format!("$2b$04${}u", salt(21)),
            format!("$7$6/..../....{}$", salt(12)),
            format!("$y$j75${}", salt(20)),
            format!("$y$/63.0${}", salt(8)),
            format!("$gy$j75${}", salt(20)),
        ];
        for setting in settings {
            let Some(hash) = perl(password, &setting) else { return };
            assert!(fits(&hash, password), "{hash}");
            assert!(!fits(&hash, "letmein"), "{hash}");
        }
    }
}

#[test]
fn what_cannot_be_computed_is_no_scheme() {
    for hash in [
        "$3$$8cc19b6a8cfeac299c2871c86b38de28",
        "$sha1$100$abc$w7p9mLNJGMyHkjkEGSmNndT6joZb",
        "$md5,rounds=100$abc$$vXB6jTilT3JaNmBWZ6D8I1",
        "$2x$04$abcdefghijklmnopqrstuufAkr.oEPMKRzIoj4GvblEuuKtPZm.pq",
        "$y$jC559$abcdefghijklmnopqrstu.$kHWjygbg2D/mrPyWWm5uY0bWULb.EYLPPcQs7GdL3D/",
        "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
        "",
        "$",
    ] {
        assert!(parse(hash.as_bytes()).is_none(), "{hash}");
    }
}

/// The costs that a hash says are known without computing anything, however much it asks for.
#[test]
fn the_cost_is_known_before_and_never_wraps() {
    let cost = |hash: &str| parse(hash.as_bytes()).map(|scheme| scheme.cost());
    let digest = "a".repeat(86);
    assert_eq!(cost(&format!("$6$salt${digest}")).unwrap().nanoseconds, 5000 * table::SHA512_ROUND);
    let most = cost(&format!("$6$rounds=18446744073709551615$salt${digest}")).unwrap();
    assert_eq!(most.nanoseconds, 999_999_999 * table::SHA512_ROUND);
    let least = cost(&format!("$5$rounds=1$salt${digest}")).unwrap();
    assert_eq!(least.nanoseconds, 1000 * table::SHA256_ROUND);
    let usual = cost("$y$j9T$abcdefghijklmnopqrstu.$kHWjygbg2D").unwrap();
    assert!(usual.nanoseconds < 100_000_000, "{usual:?}");
    assert!((16 << 20..20 << 20).contains(&usual.memory), "{usual:?}");
    // Many lanes have tables of their own, however small their blocks.
    assert!(cost("$7$H/....zz...salt$x").unwrap().memory > 64 << 20);
    // N and r at their most: no number wraps.
    let most = cost("$7$czzzz./....salt$x").unwrap();
    assert!(most.nanoseconds > 1 << 60 && most.memory > 1 << 60, "{most:?}");
    assert!(
        cost("$2b$31$abcdefghijklmnopqrstuufAkr.oEPMKRzIoj4GvblEuuKtPZm.pq").unwrap().nanoseconds > 1 << 40
    );
}

/// Measures the table of costs: `cargo test --release --lib table_of_costs -- --ignored --nocapture`.
#[test]
#[ignore = "measures this machine"]
fn table_of_costs() {
    let mut hashes: Vec<&str> = KNOWN.iter().map(|(_, hash)| *hash).collect();
    hashes.push("$2b$10$abcdefghijklmnopqrstuufAkr.oEPMKRzIoj4GvblEuuKtPZm.pq");
    for hash in hashes {
        let scheme = parse(hash.as_bytes()).unwrap();
        let cost = scheme.cost().nanoseconds;
        let tries = (300_000_000 / cost).clamp(1, 1000);
        let begun = std::time::Instant::now();
        for number in 0..tries {
            scheme.fits(format!("password{number}").as_bytes());
        }
        let each = begun.elapsed().as_nanos() / u128::from(tries);
        println!("{each:>12} ns measured, {cost:>12} in the table: {scheme}");
    }
}
