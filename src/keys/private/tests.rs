//! Throw-away keys made by openssl and gpg for these tests; the fingerprints are what `ssh-keygen -l` says.

use super::*;
use crate::keys::fingerprint;

const RSA: &str = "MIICXQIBAAKBgQDGrNkCyMEkVk9y/WuUWZZEpcDc0of/AaZEIJ3uu4q8zgm6q5Iw\npu1YbN/wpTX5yS9Qp4xmMm+YwsUbTVKCh9HMLwdDfVfJh03pvB1sZ8Z7NwSYc107\n+/3kpjS6xypQMc67eVIsbXI19eNtj/5jiWfTYpR0tIujX2jsGTDXRQrH5wIDAQAB\nAoGBAMJ6ABORoD6JnkvZda1J5KZd+mQuUaF1Y+Pcabx/KFeY+D0aJYgqXrroGG3f\nyu4v2XkCCZUgWc0XGwqWreXIPbv/3z7zBQktZIbP75gvy5j/b48ylhK+dRilDrda\nuaVOgonUd7ftPbHBeZ05gyYqHN1/bnvRkYN+KBJJDtGRkQZBAkEA5EI6yMA1PwsU\ne41O4Dsi77WdbzEa4G8YqyUE6bLAgFDCmnQK5HRetNJlXXYwSPWV0/tPAtCEQsWK\nHmwP0al7DQJBAN7SMQRCSwGvlPiUjWTsZCRpxTcqizSecXeRdu/Rx2aAt126bBcY\neDgdQ6CzbUTW9noF7o+dWRZmFie2qHuTAcMCQDGu/M6fj7d2OPIfsvB5zsPweyEt\nxhTd+bee6i/YGbCUY5ds9MX/UnH3bdrnE+F9myw2Al+xdWh3SPYQPW08f60CQQDW\n7ugLVKsnkCfh9OHDNWeP3Fs5UJeBBUksbivNP4zZqlW2WqoDST5F2qyuagV//t84\na1poO/6AZa7/VemFchOjAkA8BYjL+cidxuoy4O2ZatjdyJ4U1aJqHZu1eqVC4ATV\nFLBWi0YGnGitHinRzziDk9Zuvb0rpxCM9yR9MQbxr37c";
const RSA_PKCS8: &str = "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAMas2QLIwSRWT3L9\na5RZlkSlwNzSh/8BpkQgne67irzOCbqrkjCm7Vhs3/ClNfnJL1CnjGYyb5jCxRtN\nUoKH0cwvB0N9V8mHTem8HWxnxns3BJhzXTv7/eSmNLrHKlAxzrt5UixtcjX1422P\n/mOJZ9NilHS0i6NfaOwZMNdFCsfnAgMBAAECgYEAwnoAE5GgPomeS9l1rUnkpl36\nZC5RoXVj49xpvH8oV5j4PRoliCpeuugYbd/K7i/ZeQIJlSBZzRcbCpat5cg9u//f\nPvMFCS1khs/vmC/LmP9vjzKWEr51GKUOt1q5pU6CidR3t+09scF5nTmDJioc3X9u\ne9GRg34oEkkO0ZGRBkECQQDkQjrIwDU/CxR7jU7gOyLvtZ1vMRrgbxirJQTpssCA\nUMKadArkdF600mVddjBI9ZXT+08C0IRCxYoebA/RqXsNAkEA3tIxBEJLAa+U+JSN\nZOxkJGnFNyqLNJ5xd5F279HHZoC3XbpsFxh4OB1DoLNtRNb2egXuj51ZFmYWJ7ao\ne5MBwwJAMa78zp+Pt3Y48h+y8HnOw/B7IS3GFN35t57qL9gZsJRjl2z0xf9Scfdt\n2ucT4X2bLDYCX7F1aHdI9hA9bTx/rQJBANbu6AtUqyeQJ+H04cM1Z4/cWzlQl4EF\nSSxuK80/jNmqVbZaqgNJPkXarK5qBX/+3zhrWmg7/oBlrv9V6YVyE6MCQDwFiMv5\nyJ3G6jLg7Zlq2N3InhTVomodm7V6pULgBNUUsFaLRgacaK0eKdHPOIOT1m69vSun\nEIz3JH0xBvGvftw=";
const RSA_PKCS8_ENCRYPTED: &str = "MIIC3TBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIbeH73QJ+OwYCAggA\nMAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBDnK+K0tIGAqY7kJzHrsjwcBIIC\ngBgLnkJv/ZRDQtk3eqyzgC4hR+Z4UkXUl54zN4kZPmXCshxrvYNeDqc7qL5FnWUT\naHbUAycJ+Ngzf2kgMBH4EOCv0VjGSdIQkTB2fwM/pYyeT/slUQ380/k/6XQo1u9e\n3WLOnbsthUCOa++SuOk1+KSq66WYtxJCpw1l7xtBD/A4DW7FfsjaWA1yX7WUJK+y\nFRqRB017uQSTkZD4jbscqUoogJ7Tr2/KtvJPw5tOwfWok/l7WdVQuqiNVfqqRyYE\n+JwSjjEMLyFDqhYDMj/QRUGifoQZCWvd12EGmg/VmQGj78mEzIPEYRWRr++L0eqQ\npoUK+slDvztSUFqHaIGg1sCf9Q2PazMUw7zbTYN+m8R/oLP//P00Qr6aeKtEPQ1N\nlB6IMOUqiIt7sTd9uW9pQ7F7KPOfUPPhuIKwvHu+g3bIAVbOhFKYMUStV9RbQwbI\nQ7rrBwjWapzJZ+dut97vk4sqqEEqMRsnOdCSdqQyNm/lA7ffuWOZ7Hd3WfdekR/q\nHJb4vk7z/19JgLVk5/E7PNFUX4FtT+9UYBwjdwQnOW4fx5WD+VdPyCiZDUgozSe0\n4485ADIblc8lBpTUQLQhq3mi3a8ZFQQBh8ViHMQd5H5yqD9KPtvWJ7wVupJSbFW4\nD/l1zFPDL21UV55K5RH6WHaF6Hf5cYjjnP0W6J3q1xppJ41y8SW6CyIccfFKZhNr\nM2XFbCdmq6XqNufRCDWRDbKZZxg24CN4fSe6SLYCZVWSxVozmhGb8TIQ3PMuGFhC\nhowx+IE7yEsG14k322roEfT3gM0XS0LId6167RmxpKMW4V/R+HBxrON4P9pCS5Ws\nY21rEv2nHn+SAp/fzSqFefo=";
const RSA_ENCRYPTED: &str = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,E33F55A70144135D03ACA76190B43854\n\neMM3U7wgJ1NNxxYDhLfURr/r8UlqEHFVAshTnUuYv8XbULSXShw9aGYjeSXRBzIf\n9m9SB7Ha1rQlbKmpoCTv5rV373mFgyuCoC7cIpmidwmdo6hq/O3O/FfgTnQPHAnK\nkV2G7oDP/DrNFnKEwuRwgtzV8HvMi4f2M5vSx8laCBw8EcHFqgUEJB3Yu2k8vN6e\nW79JsNlvAAk1NSU/x2iFjrfTcMvJLo6S6robaZAoCGeRjnl6KadBQmSfEmgGgcAg\nyRs1F3yOqVSyjNYHcwUVyfe5lQE6I97EKifYqQLyeRe8GKYWm9pzK5REgJUEvYdM\nfJfBqvph/Ls80n1cnfOfeRresknXAPOOLhRG4e3fnrmLBfEitL3px+ZYf5uYVVLi\nz+yS4RtCkb5n0Ka+B+sXhud50yRBszDkGl35zeyTWyWjo4NAzmSjpDOcpoeZe1k5\n5WXmvj3IeW6zh55qItaZ6/gmPcbwNxZ4zcwVNHxSmGjnOQMk6MpWgUh51kr61G77\npOefetCX2pFq4hEsnwYjM7HwXWRsNxcKxm+N87tKDhIATcg6TT/WRETomsDKJ42a\nRyaE7QiSISBsKHbbgpDMMTQWsxF0kpvKHGiRgN2wp36SLZIUY7xXbsOmhXp/68B7\nv5DpewOXnlPyoiqoZOKsRiew7kMMvkq+s42N5bj7QkbsdqyXtwSShDS6tK9pnuri\nShc/WTX6a5PSkzdge2TWbTiBEoR1D+9tXkwQOlJ8WUJwyCGVFV/6BYZ0kl3KHXSA\n+qMJ1+wJsLOD0MT+CgchIgIqTXyO7tDIIOze2Gv0LTUVuGoSu10k+sL4PFxKMI4t";
const EC: &str = "MHcCAQEEIFXyqfv1HS7oNsFt//Tt6Fa8+KpvV/xPTGakmPxQyIfPoAoGCCqGSM49\nAwEHoUQDQgAEq3N2n1zOoW2+s9No6yrMVfBuHJPY+E7OYql6M639534/iS9aT+Yj\nAmRZyeBD/uut9b4vKmXvkYStNpoIKCUo8w==";
const EC_PKCS8: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVfKp+/UdLug2wW3/\n9O3oVrz4qm9X/E9MZqSY/FDIh8+hRANCAASrc3afXM6hbb6z02jrKsxV8G4ck9j4\nTs5iqXozrf3nfj+JL1pP5iMCZFnJ4EP+6631vi8qZe+RhK02mggoJSjz";
const ED25519_PKCS8: &str = "MC4CAQAwBQYDK2VwBCIEIPrTR7L6mc9s6YNMLyj5IPUTw16xsKUwmc8zN8t6lmiZ";
const PGP: &str = "\nlFgEawT9cBYJKwYBBAHaRw8BAQdA2X66UeEFIEWQ1hp8fx+n4WTeb90NHhuGmzGW\n4PYkwCcAAP9i1ROfq1+OUbDoRfjpR4Ht5DlVuirI7qjU2def85k9vRShtAN0QHiI\nkAQTFggAOBYhBK1JjyFHNSL5gANLTeHwXKHBM7OABQJrBP1wAhsDBQsJCAcCBhUK\nCQgLAgQWAgMBAh4BAheAAAoJEOHwXKHBM7OAxvQA/jbZofXDgQJu2ZiL7PNQ5mJ/\nXK/Tk4EmLktlIOXJKdwEAP9+rAUu4Jybm9bnf6YL5MfwhZ7aNCljQIX7XQLHBVmF\nCw==\n=mNA4";
const RSA_FINGERPRINT: &str = "SHA256:Sxfv7ry0dPxJEppbOVtoTe36E6iCIbxfQrbiVNAXoXI";
const EC_FINGERPRINT: &str = "SHA256:mNhcobTcu7s0d8cJdCTcKSmlMNA4kV1LpClL5RxVmlA";
const EC_PUBLIC: [&str; 2] = [
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBKtzdp9czqFt",
    "vrPTaOsqzFXwbhyT2PhOzmKpejOt/ed+P4kvWk/mIwJkWcngQ/7rrfW+Lypl75GErTaaCCglKPM=",
];

/// A block with this label; its first line is put together here, so that no search takes this file for a key.
fn block(label: &str, body: &str) -> String {
    let label = [label, "PRIVATE", "KEY"].join(" ").trim_start().to_owned();
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----")
}

fn found(text: &str) -> Block {
    find_private(text.as_bytes()).unwrap()
}

fn says(text: &str, algorithm: &str, bits: usize, print: &str) {
    let key = found(text).key;
    assert_eq!((key.algorithm.as_str(), key.bits, key.encrypted), (algorithm, Some(bits), false));
    assert_eq!(fingerprint(&key.public_blob.unwrap()), print);
}

#[test]
fn fingerprints_are_those_of_ssh_keygen() {
    says(&block("RSA", RSA), "ssh-rsa", 1024, RSA_FINGERPRINT);
    says(&block("", RSA_PKCS8), "ssh-rsa", 1024, RSA_FINGERPRINT);
    says(&block("EC", EC), "ecdsa-sha2-nistp256", 256, EC_FINGERPRINT);
    says(&block("", EC_PKCS8), "ecdsa-sha2-nistp256", 256, EC_FINGERPRINT);
}

#[test]
fn ed25519_in_pkcs8_has_no_public_half() {
    let key = found(&block("", ED25519_PKCS8)).key;
    assert_eq!((key.algorithm.as_str(), key.public_blob), ("ssh-ed25519", None));
}

#[test]
fn encrypted_keys_say_so() {
    let key = found(&block("ENCRYPTED", RSA_PKCS8_ENCRYPTED)).key;
    assert_eq!((key.encrypted, key.format), (true, Format::Pkcs8));
    let key = found(&block("RSA", RSA_ENCRYPTED)).key;
    assert_eq!((key.encrypted, key.algorithm.as_str()), (true, "ssh-rsa"));
}

#[test]
fn a_string_of_json_is_unescaped() {
    let plain = block("", RSA_PKCS8);
    for escaped in [r"\n", r"\\n"] {
        let json = format!("{}{escaped}\"}}", plain.replace('\n', escaped).replace('=', r"\u003d"));
        let block = found(&json);
        assert_eq!(block.text, plain.as_bytes());
    }
    says(&plain.replace('\n', r"\n"), "ssh-rsa", 1024, RSA_FINGERPRINT);
}

#[test]
fn lines_of_source_code_and_indentation_are_taken_off() {
    let plain = block("EC", EC);
    let code = format!("\"{}\\n\";", plain.replace('\n', "\\n\" +\n  \""));
    assert_eq!(found(&code).text, plain.as_bytes());
    let yaml = format!("  {}", plain.replace('\n', "\n  "));
    assert_eq!((found(&yaml).at, found(&yaml).text.as_slice()), (2, plain.as_bytes()));
}

#[test]
fn crlf_stays() {
    let windows = block("RSA", RSA).replace('\n', "\r\n");
    assert_eq!(found(&format!("{windows}\r\n")).text, windows.as_bytes());
    says(&windows, "ssh-rsa", 1024, RSA_FINGERPRINT);
}

#[test]
fn a_key_after_a_mark_without_end_is_found() {
    let key = block("EC", EC);
    let text = format!("{}\nMIIE...\n\n{key}", block("RSA", "").lines().next().unwrap());
    assert_eq!(found(&text).at, text.len() - key.len());
}

#[test]
fn garbage_and_keys_cut_short_are_no_keys() {
    for body in ["MIIEpAIBAAKCAQEA...", "aGVsbG8gd29ybGQhIGhlbGxvIHdvcmxkIQ==", "", "\u{e9}"] {
        assert_eq!(find_private(block("RSA", body).as_bytes()), None, "{body}");
    }
    let bytes = base64(RSA_PKCS8.as_bytes()).unwrap();
    for end in 0..bytes.len() {
        let cut = STANDARD.encode(&bytes[..end]);
        assert_eq!(find_private(block("", &cut).as_bytes()), None, "{end}");
    }
    let bytes = base64(EC.as_bytes()).unwrap();
    for at in 0..bytes.len() {
        for value in [0, 0x7f, 0x80, 0x84, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            find_private(block("EC", &STANDARD.encode(&bytes)).as_bytes()); // must not panic
        }
    }
}

#[test]
fn putty_keys_hold_their_public_half() {
    let mark = ["PuTTY-User", "-Key-File-"].concat();
    for (version, cipher, end) in [(2, "none", "\r\n"), (3, "aes256-cbc", "\n")] {
        let [first, second] = EC_PUBLIC;
        let text = format!(
            "{mark}{version}: ecdsa-sha2-nistp256\nEncryption: {cipher}\nComment: a: b\nPublic-Lines: 2\n{first}\n{second}\nPrivate-Lines: 1\nAAAAIQC0\nPrivate-MAC: 00"
        )
        .replace('\n', end);
        let block = found(&text);
        assert_eq!(block.text, text.as_bytes());
        assert_eq!((block.key.encrypted, block.key.bits), (version == 3, Some(256)));
        assert_eq!(fingerprint(&block.key.public_blob.unwrap()), EC_FINGERPRINT);
    }
    assert_eq!(find_private(format!("{mark}2: ssh-rsa\nPublic-Lines: 99999999999\n").as_bytes()), None);
}

#[test]
fn openpgp_keys_are_read() {
    let text = block("PGP", PGP).replace(" KEY-", " KEY BLOCK-");
    let key = found(&text).key;
    assert_eq!((key.format, key.algorithm.as_str(), key.encrypted), (Format::Pgp, "pgp-eddsa", false));
}

#[test]
fn openpgp_keys_of_an_unknown_algorithm_are_keys() {
    let armoured =
        |bytes: &[u8]| block("PGP", &format!("\n{}", STANDARD.encode(bytes))).replace(" KEY-", " KEY BLOCK-");
    let packet = |start: &[u8], rest: usize| [start, &vec![0x5a; rest]].concat();
    let key = found(&armoured(&packet(&[0x95, 5, 0x58, 4, 0x65, 0, 0, 0, 99], 200))).key;
    assert_eq!((key.format, key.algorithm.as_str()), (Format::Pgp, "unknown"));
    for other in
        [packet(&[0x99, 1, 0x0d, 4], 200), packet(&[0x95, 5, 0x58, 9], 200), packet(&[0x95, 5, 0x58, 4], 60)]
    {
        assert_eq!(find_private(armoured(&other).as_bytes()), None);
    }
}

#[test]
fn a_file_of_bare_der_is_a_key_as_a_whole() {
    let der = |body: &str| base64(body.replace('\n', "").as_bytes()).unwrap();
    for (body, print) in [(RSA, RSA_FINGERPRINT), (RSA_PKCS8, RSA_FINGERPRINT), (EC, EC_FINGERPRINT)] {
        let key = parse_der(&der(body)).unwrap();
        assert_eq!(fingerprint(&key.public_blob.unwrap()), print);
        assert_eq!(parse_der(&[der(body), vec![0]].concat()), None, "something follows");
        assert_eq!(parse_der(&der(body)[..60]), None, "cut off");
    }
    assert!(parse_der(&der(ED25519_PKCS8)).is_some());
    assert_eq!(parse_der(&der(RSA_PKCS8_ENCRYPTED)), None);
}
