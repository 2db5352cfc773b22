//! Private keys of each format, right in form and of random numbers: they open nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::values::Random;

/// The key that `name` stands for; `-escaped` at its end: as a string of JSON has it.
pub(crate) fn of(name: &str, random: &mut Random) -> String {
    if let Some(name) = name.strip_suffix("-escaped") {
        return of(name, random).replace('\n', "\\n");
    }
    match name {
        "pem" => frame("PRIVATE KEY", &pkcs8(random)),
        "pem-ec" => frame("EC PRIVATE KEY", &ec(random)),
        "pem-rsa" => frame("RSA PRIVATE KEY", &rsa(random)),
        "pem-encrypted" => frame("ENCRYPTED PRIVATE KEY", &encrypted(random)),
        "pem-openssh" => frame("OPENSSH PRIVATE KEY", &openssh(random)),
        "pem-putty" => putty(random),
        "pem-pgp" => pgp(random),
        other => panic!("no key is called {other}"),
    }
}

fn frame(label: &str, body: &[u8]) -> String {
    let dashes = "-----";
    format!("{dashes}BEGIN {label}{dashes}\n{}{dashes}END {label}{dashes}\n", lines(body, 64))
}

fn lines(body: &[u8], width: usize) -> String {
    let text = STANDARD.encode(body);
    text.as_bytes().chunks(width).map(|line| format!("{}\n", std::str::from_utf8(line).unwrap())).collect()
}

/// An element of DER.
fn der(tag: u8, body: &[u8]) -> Vec<u8> {
    let long = u16::try_from(body.len()).unwrap().to_be_bytes();
    let length = match body.len() {
        0..=0x7f => vec![long[1]],
        0x80..=0xff => vec![0x81, long[1]],
        _ => vec![0x82, long[0], long[1]],
    };
    [&[tag], length.as_slice(), body].concat()
}

/// Ed25519 in PKCS#8 (RFC 8410).
fn pkcs8(random: &mut Random) -> Vec<u8> {
    let algorithm = der(0x30, &[6, 3, 0x2b, 0x65, 0x70]);
    let key = der(4, &der(4, &random.bytes(32)));
    der(0x30, &[vec![2, 1, 0], algorithm, key].concat())
}

/// P-256 (RFC 5915).
fn ec(random: &mut Random) -> Vec<u8> {
    let curve = der(0xa0, &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
    let point = der(0xa1, &der(3, &[vec![0, 4], random.bytes(64)].concat()));
    der(0x30, &[vec![2, 1, 1], der(4, &random.bytes(32)), curve, point].concat())
}

/// 2048 bits (RFC 8017, appendix A.1.2).
fn rsa(random: &mut Random) -> Vec<u8> {
    let mut number = |len: usize| {
        let mut bytes = random.bytes(len);
        bytes[0] |= 0x80;
        bytes[len - 1] |= 1;
        der(2, &[vec![0], bytes].concat())
    };
    let (modulus, exponent) = (number(256), number(256));
    let halves: Vec<u8> = (0..5).flat_map(|_| number(128)).collect();
    der(0x30, &[vec![2, 1, 0], modulus, vec![2, 3, 1, 0, 1], exponent, halves].concat())
}

/// PBES2 with PBKDF2 and AES-256-CBC (RFC 8018).
fn encrypted(random: &mut Random) -> Vec<u8> {
    let rounds = [2, 2, 8, 0];
    let hash = der(0x30, &[6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 2, 9, 5, 0]);
    let derived = der(0x30, &[der(4, &random.bytes(8)), rounds.to_vec(), hash].concat());
    let derive = der(0x30, &[vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 5, 0xc], derived].concat());
    let cipher = [vec![6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a], der(4, &random.bytes(16))].concat();
    let scheme = der(0x30, &[derive, der(0x30, &cipher)].concat());
    let pbes2 = [vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 5, 0xd], scheme].concat();
    der(0x30, &[der(0x30, &pbes2), der(4, &random.bytes(64))].concat())
}

fn string(body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len()).unwrap().to_be_bytes(), body].concat()
}

/// Ed25519 without a passphrase (OpenSSH's PROTOCOL.key).
fn openssh(random: &mut Random) -> Vec<u8> {
    let (public, check) = (random.bytes(32), random.bytes(4));
    let blob = [string(b"ssh-ed25519"), string(&public)].concat();
    let secret = [random.bytes(32), public].concat();
    let mut inner = [check.clone(), check, blob.clone(), string(&secret), string(b"dev@host")].concat();
    for pad in 1.. {
        if inner.len().is_multiple_of(8) {
            break;
        }
        inner.push(pad);
    }
    let head = [string(b"none"), string(b"none"), string(b""), 1_u32.to_be_bytes().to_vec()].concat();
    [b"openssh-key-v1\0".to_vec(), head, string(&blob), string(&inner)].concat()
}

/// Version 3 of PuTTY's own format.
fn putty(random: &mut Random) -> String {
    let public = [string(b"ssh-ed25519"), string(&random.bytes(32))].concat();
    let mac: String = random.bytes(32).iter().map(|byte| format!("{byte:02x}")).collect();
    let (public, private) = (lines(&public, 64), lines(&string(&random.bytes(32)), 64));
    let of = |text: &str| text.lines().count();
    format!(
        "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: dev\nPublic-Lines: {}\n{public}Private-Lines: {}\n{private}Private-MAC: {mac}\n",
        of(&public),
        of(&private),
    )
}

/// A secret-key packet of version 4, EdDSA, not protected (RFC 4880, RFC 9580).
fn pgp(random: &mut Random) -> String {
    let number = |bits: u16, body: Vec<u8>| [bits.to_be_bytes().to_vec(), body].concat();
    let point = number(263, [vec![0x40], random.bytes(32)].concat());
    let mut secret = random.bytes(32);
    secret[0] |= 0x80;
    let secret = number(256, secret);
    let sum = secret.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    let curve = vec![9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 0xf, 1];
    let head = vec![4, 0x65, 0, 0, 0, 22];
    let packet = [head, curve, point, vec![0], secret, sum.to_be_bytes().to_vec()].concat();
    let packets = [vec![0x94, u8::try_from(packet.len()).unwrap()], packet].concat();
    let crc = STANDARD.encode(&crc24(&packets).to_be_bytes()[1..]);
    let dashes = "-----";
    let label = "PGP PRIVATE KEY BLOCK";
    format!("{dashes}BEGIN {label}{dashes}\n\n{}={crc}\n{dashes}END {label}{dashes}\n", lines(&packets, 64))
}

fn crc24(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 0x80_0000 == 0 { crc << 1 } else { (crc << 1) ^ 0x186_4cfb };
    bytes.iter().fold(0xb7_04ce, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 16), |crc, _| step(crc)) & 0xff_ffff
    })
}
