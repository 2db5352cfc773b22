//! Protocol Buffers without their descriptions: what has the form of a pair, as the maps of Kubernetes' Secrets and the
//! variables of its containers have.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>; Kubernetes puts `k8s\0` before it,
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding>.

/// What Kubernetes puts before a message.
const KUBERNETES: &[u8] = b"k8s\0";
/// Messages in messages.
const DEPTH: usize = 12;
/// Fields of one message.
const FIELDS: usize = 4096;
/// Bytes of a name.
const NAME: usize = 253;

/// A field of a message.
enum Field<'m> {
    /// A number.
    Number,
    /// Bytes: text, or a message.
    Bytes(&'m [u8]),
}

/// Hands the names and values in a message of Kubernetes to `each`.
pub(super) fn pairs(value: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) {
    if let Some(fields) = value.strip_prefix(KUBERNETES).and_then(message) {
        walk(&fields, DEPTH, each);
    }
}

/// The key and the value that a record of etcd holds.
pub(super) fn key_value(record: &[u8]) -> Option<(&[u8], &[u8])> {
    let fields = message(record)?;
    let is_known = |(number, field): &(u64, Field<'_>)| match field {
        Field::Bytes(_) => matches!(number, 1 | 5),
        Field::Number => matches!(number, 2 | 3 | 4 | 6),
    };
    let bytes = |wanted: u64| {
        fields.iter().find_map(|(number, field)| match field {
            Field::Bytes(bytes) if *number == wanted => Some(*bytes),
            _ => None,
        })
    };
    Some((bytes(1)?, bytes(5).unwrap_or_default())).filter(|_| fields.iter().all(is_known))
}

fn walk(fields: &[(u64, Field<'_>)], depth: usize, each: &mut dyn FnMut(&[u8], &[u8])) {
    if let [(1, Field::Bytes(name)), (2, Field::Bytes(value))] = fields
        && is_name(name)
    {
        each(name, value);
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    for (_, field) in fields {
        if let Field::Bytes(inner) = field
            && let Some(inner) = message(inner)
        {
            walk(&inner, depth, each);
        }
    }
}

fn is_name(name: &[u8]) -> bool {
    (1..=NAME).contains(&name.len()) && name.iter().all(u8::is_ascii_graphic)
}

/// The fields of a message, if the bytes are one from the first to the last.
fn message(bytes: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let (mut rest, mut fields) = (bytes, Vec::new());
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let len = match tag & 7 {
            0 => {
                varint(&mut rest)?;
                fields.push((tag >> 3, Field::Number));
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut rest)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (field, after) = rest.split_at_checked(len)?;
        rest = after;
        fields.push((tag >> 3, if tag & 7 == 2 { Field::Bytes(field) } else { Field::Number }));
        if fields.len() > FIELDS || tag >> 3 == 0 {
            return None;
        }
    }
    Some(fields)
}

/// A number in groups of seven bits, the lowest first.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..10_u32 {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f).checked_shl(7 * place)?;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
