//! Each reader against a database that the format's own tool wrote (`testdata/pairs`), and against damaged ones.

use std::io::Read as _;
use std::ops::ControlFlow;

use super::*;
use crate::archive::{HEAD, UnpackMeter, members, recognise};
use crate::budget::Budget;

macro_rules! database {
    ($name:literal) => {
        unpacked(include_bytes!(concat!("../../../testdata/pairs/", $name, ".gz")))
    };
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The text of a database, and what is wrong with it.
fn read(bytes: &[u8], name: &str) -> (String, Vec<String>) {
    let format = recognise(&bytes[..HEAD.min(bytes.len())]).unwrap();
    assert_eq!((format.name, format.is_readable), (name, true));
    let (budget, mut text) = (Budget::default(), Vec::new());
    let spent = UnpackMeter::new(bytes.len() as u64, &budget);
    let problems = members(format, &mut &bytes[..], &budget, &spent, &mut |member| {
        assert_eq!(member.name, Some(&b"pairs"[..]));
        member.content.read_to_end(&mut text).unwrap();
        ControlFlow::Continue(())
    });
    (String::from_utf8_lossy(&text).into_owned(), problems.iter().map(ToString::to_string).collect())
}

/// The lines of `wanted` are in the text of a database that is whole.
fn assert_has(bytes: &[u8], name: &str, wanted: &[&str]) {
    let (text, problems) = read(bytes, name);
    assert_eq!(problems, [""; 0]);
    for line in wanted {
        assert!(text.lines().any(|have| have == *line), "{line}\n{text}");
    }
}

/// Damaged in any byte, or cut anywhere, it is read without a panic, and at a cost that is no more than twice its bytes.
fn assert_survives(bytes: &[u8], read: Read) {
    let step = (bytes.len() / 3000).max(1);
    let try_it = |bytes: &[u8]| {
        let mut pairs = Pairs::new(bytes.len());
        read(bytes, &mut pairs);
        assert!(pairs.text.len() <= 4 * bytes.len() + (2 << 20));
    };
    for at in (0..bytes.len()).step_by(step) {
        try_it(&bytes[..at]);
        for byte in [0, 1, 0x7f, 0xff] {
            let mut damaged = bytes.to_vec();
            damaged[at] = byte;
            try_it(&damaged);
        }
    }
}

#[test]
fn a_database_of_bolt_has_the_pairs_of_all_its_buckets() {
    let bytes = database!("etcd.bolt");
    let wanted = ["smtp_password=Yt5bGd3kRn8f", "api_key=Kc6jPv1zMw4h9QdT", "admin_password=Bz7xNf2qLt9s"];
    assert_has(&bytes, "Bolt database", &wanted);
    assert_survives(&bytes, bolt::read);
}

#[test]
fn keys_of_etcd_are_names_and_secrets_of_kubernetes_are_taken_apart() {
    let wanted = ["/app/prod/db_password=Hn4vQs8wLx2c", "password=Wq7rTz2mKp9x", "username=svc"];
    assert_has(&database!("etcd.bolt"), "Bolt database", &wanted);
}

#[test]
fn a_database_of_lmdb_has_values_in_pages_of_their_own_and_several_of_one_key() {
    let bytes = database!("plain.lmdb");
    let wanted = [
        "smtp_password=Yt5bGd3kRn8f",
        "api_key=Kc6jPv1zMw4h9QdT",
        "admin_password=Bz7xNf2qLt9s",
        "user0199=value-199",
    ];
    assert_has(&bytes, "LMDB database", &wanted);
    assert_survives(&bytes, lmdb::read);
    let several = database!("several.lmdb");
    assert_has(&several, "LMDB database", &["smtp_password=Yt5bGd3kRn8f", "smtp_password=Zq2wLm7vNb4x"]);
    assert_survives(&several, lmdb::read);
}

#[test]
fn a_database_of_samba_has_its_pairs_and_those_that_were_deleted() {
    let bytes = database!("deleted.tdb");
    assert_has(&bytes, "TDB database", &["smtp_password=Yt5bGd3kRn8f", "old_password=Hn4vQs8wLx2c"]);
    assert_survives(&bytes, tdb::read);
}

#[test]
fn a_constant_database_has_its_pairs() {
    let bytes = database!("plain.cdb");
    assert_has(&bytes, "constant database", &["smtp_password=Yt5bGd3kRn8f", "api_key=Kc6jPv1zMw4h9QdT"]);
    assert_survives(&bytes, cdb::read);
    assert!(recognise(&[0; HEAD]).is_none(), "zeros are none");
}

#[test]
fn a_database_of_berkeley_has_values_in_its_pages_and_on_others() {
    for name in ["hash", "btree"] {
        let bytes = if name == "hash" { database!("plain.hash") } else { database!("plain.btree") };
        let wanted = [
            "smtp_password=Yt5bGd3kRn8f",
            "api_key=Kc6jPv1zMw4h9QdT",
            "admin_password=Bz7xNf2qLt9s",
            "user0199=value-199",
            "[smtp.example.com]:587=alerts@example.com:Hn4vQs8wLx2c",
        ];
        assert_has(&bytes, "Berkeley DB database", &wanted);
        assert_survives(&bytes, in_berkeley);
    }
    let several = database!("several.btree");
    assert_has(
        &several,
        "Berkeley DB database",
        &["smtp_password=Yt5bGd3kRn8f", "smtp_password=Zq2wLm7vNb4x"],
    );
}

#[test]
fn a_database_of_gdbm_has_its_pairs() {
    let bytes = database!("plain.gdbm");
    let wanted = ["smtp_password=Yt5bGd3kRn8f", "admin_password=Bz7xNf2qLt9s", "user0199=value-199"];
    assert_has(&bytes, "GDBM database", &wanted);
    assert_survives(&bytes, gdbm::read);
}

#[test]
fn what_is_cut_off_is_a_problem_and_the_rest_is_read() {
    let (bolt, lmdb) = (database!("etcd.bolt"), database!("plain.lmdb"));
    for (bytes, name) in [
        (&bolt[..3 * 4096], "Bolt database"),
        (&lmdb[..lmdb.len() - 4096], "LMDB database"),
        (&database!("plain.cdb")[..2048 + 8 + 20], "constant database"),
        (&database!("plain.gdbm")[..8192], "GDBM database"),
    ] {
        let (_, problems) = read(bytes, name);
        assert_eq!(problems.len(), 1, "{name}: {problems:?}");
        assert!(problems[0].contains("cut off"), "{name}: {problems:?}");
    }
}

#[test]
fn values_that_lie_on_each_other_do_not_multiply() {
    let bytes = vec![b'x'; 1 << 20];
    let mut pairs = Pairs::new(bytes.len());
    for _ in 0..2000 {
        pairs.add(b"key", &bytes[..4096]);
    }
    assert!(pairs.is_over && pairs.text.len() < 4 << 20);
}
