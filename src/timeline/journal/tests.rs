use super::sample::{Form, Writer};
use super::*;

fn forms() -> Vec<Form> {
    let packed = [0, 1, 2, 4];
    packed
        .into_iter()
        .flat_map(|packed| [false, true].map(|is_compact| Form { is_compact, packed }))
        .collect()
}

fn journal(form: Form) -> Vec<u8> {
    let mut writer = Writer::new(form);
    let host = writer.field(b"_HOSTNAME=golden");
    for number in 0..20_u64 {
        let message = writer.field(format!("MESSAGE=number {number} {}", "of many ".repeat(40)).as_bytes());
        writer.entry(1_700_000_000_000_000 + number, &[host, message]);
    }
    writer.finish()
}

fn read(bytes: &[u8]) -> (Vec<Entry>, Summary) {
    let mut all = Vec::new();
    let summary = entries(&bytes.to_vec(), &mut |entry| {
        all.push(entry);
        ControlFlow::Continue(())
    });
    (all, summary.unwrap())
}

#[test]
fn all_entries_of_every_form_are_read_with_all_fields() {
    for form in forms() {
        let (all, summary) = read(&journal(form));
        let whole = Summary { entries: 20, counted: 20, ..Summary::default() };
        assert_eq!(summary, whole, "{form:?}");
        assert_eq!((all[3].seqnum, all[3].realtime), (4, 1_700_000_000_000_003));
        assert_eq!((all[3].monotonic, all[3].boot), (7, [9; 16]));
        assert_eq!(all[3].field("_HOSTNAME"), Some(b"golden".as_slice()));
        assert!(all[19].field("MESSAGE").unwrap().starts_with(b"number 19 of"), "{form:?}");
        assert_eq!(all[3].field("HOSTNAME"), None);
    }
}

#[test]
fn a_journal_cut_anywhere_gives_what_is_before() {
    let bytes = journal(Form::default());
    let mut most = 0;
    for len in (208..bytes.len()).step_by(24) {
        let (all, summary) = read(&bytes[..len]);
        assert!(all.len() >= most && all.iter().all(|entry| entry.unread == 0), "{len}");
        assert!(summary.cut > 0 && summary.entries < 20);
        most = all.len();
    }
    assert_eq!(most, 19);
}

#[test]
fn a_journal_that_was_never_closed_ends_in_zeros() {
    for form in forms() {
        let mut bytes = journal(form);
        bytes.resize(bytes.len() + (1 << 20), 0);
        bytes[152..160].fill(0);
        let (all, summary) = read(&bytes);
        assert_eq!((all.len(), summary.damaged), (20, 0));
    }
}

#[test]
fn what_lies_behind_a_damaged_object_is_found() {
    let bytes = journal(Form::default());
    // The size of each object in turn is too large, zero, or absurd.
    let mut at = 272;
    while at < bytes.len() {
        let size = usize::try_from(u64::from_le_bytes(bytes[at + 8..at + 16].try_into().unwrap())).unwrap();
        for wrong in [0, 15, u64::MAX, u64::MAX - 7, 1 << 62] {
            let mut bytes = bytes.clone();
            bytes[at + 8..at + 16].copy_from_slice(&wrong.to_le_bytes());
            let (all, summary) = read(&bytes);
            assert!(all.len() >= 19, "{at} {wrong}: {}", all.len());
            assert!(summary.damaged > 0);
        }
        at = (at + size).next_multiple_of(8);
    }
}

#[test]
fn a_field_that_is_not_the_one_of_its_hash_is_not_read() {
    let mut writer = Writer::new(Form::default());
    let (one, hash) = writer.field(b"MESSAGE=one");
    let (two, _) = writer.field(b"MESSAGE=two");
    let past = 1 << 40;
    writer
        .entry(1, &[(one, hash), (two, hash), (one + 4, hash), (past, hash), (usize::MAX - 7, hash), (0, 0)]);
    let (all, _) = read(&writer.finish());
    assert_eq!((all[0].fields.len(), all[0].unread), (1, 5));
}

#[test]
fn an_entry_that_leads_to_itself_or_to_others_has_no_such_field() {
    let mut writer = Writer::new(Form::default());
    let first = writer.log(1, &["MESSAGE=one"]);
    writer.entry(2, &[(first, 0), (first + 64, 0)]);
    let (all, _) = read(&writer.finish());
    assert_eq!((all[1].fields.len(), all[1].unread), (0, 2));
}

#[test]
fn a_field_that_unpacks_without_end_costs_what_is_kept_of_it() {
    for packed in [1, 2, 4] {
        let mut writer = Writer::new(Form { is_compact: false, packed });
        let bomb = [b"MESSAGE=".as_slice(), &vec![b'0'; 7 << 20]].concat();
        let bomb = writer.field(&bomb);
        for number in 0..50 {
            writer.entry(number, &[bomb; 200]);
        }
        let (all, _) = read(&writer.finish());
        assert_eq!(all.len(), 50);
        assert!(all[0].fields.iter().all(|field| field.len() == 64 << 10));
        let bytes: usize = all.iter().flat_map(|entry| &entry.fields).map(Vec::len).sum();
        assert!(bytes < 160 << 20 && all[49].unread > 0, "{packed}: {bytes}");
    }
}

#[test]
fn packed_fields_that_are_damaged_are_counted() {
    for form in forms().into_iter().filter(|form| form.packed != 0) {
        let mut bytes = journal(form);
        // The second field, behind its head.
        let first = usize::try_from(u64::from_le_bytes(bytes[280..288].try_into().unwrap())).unwrap();
        let second = (272 + first).next_multiple_of(8) + if form.is_compact { 72 } else { 64 };
        bytes[second..second + 12].fill(0xff);
        let (all, summary) = read(&bytes);
        assert_eq!((all.len(), summary.unread), (20, 1), "{form:?}");
    }
}

#[test]
fn what_is_no_journal_is_said_to_be_none() {
    for bytes in [Vec::new(), b"LPKSHHRH".to_vec(), vec![0; 4096]] {
        let none = entries(&bytes, &mut |_| ControlFlow::Continue(()));
        assert!(matches!(none, Err(JournalError::NotOne)));
    }
}

#[test]
fn a_header_of_an_absurd_size_does_not_hide_the_entries() {
    for size in [0, 207, u64::MAX, 1 << 20] {
        let mut bytes = journal(Form::default());
        bytes[88..96].copy_from_slice(&size.to_le_bytes());
        assert_eq!(read(&bytes).0.len(), 20, "{size}");
    }
}
