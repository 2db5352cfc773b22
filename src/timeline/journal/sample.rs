//! A journal made by hand, in all the forms that there are.

/// How the journal is written.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Form {
    pub(in super::super) is_compact: bool,
    /// Marks of an object: how fields are packed.
    pub(in super::super) packed: u8,
}

/// Writes entries into a journal.
pub(in super::super) struct Writer {
    bytes: Vec<u8>,
    form: Form,
    entries: u64,
}

fn number(number: usize) -> [u8; 8] {
    u64::try_from(number).unwrap().to_le_bytes()
}

impl Writer {
    pub(in super::super) fn new(form: Form) -> Self {
        let mut bytes = b"LPKSHHRH".to_vec();
        bytes.resize(272, 0);
        bytes[12] = 4 | form.packed | if form.is_compact { 16 } else { 0 };
        if form.packed == 4 {
            bytes[12] = 4 | 8 | if form.is_compact { 16 } else { 0 };
        }
        bytes[88..96].copy_from_slice(&number(272));
        Self { bytes, form, entries: 0 }
    }

    fn object(&mut self, kind: u8, flags: u8, body: &[u8]) -> usize {
        let offset = self.bytes.len();
        self.bytes.extend([kind, flags, 0, 0, 0, 0, 0, 0]);
        self.bytes.extend(number(16 + body.len()));
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        offset
    }

    fn packed(&self, field: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        match self.form.packed {
            1 => {
                let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
                encoder.write_all(field).unwrap();
                encoder.finish().unwrap()
            }
            2 => [&number(field.len()), lz4_flex::block::compress(field).as_slice()].concat(),
            4 => zstd::encode_all(field, 3).unwrap(),
            _ => field.to_vec(),
        }
    }

    /// Adds a field; where it lies, and its hash.
    pub(in super::super) fn field(&mut self, field: &[u8]) -> (usize, u64) {
        let hash = u64::from(crc32fast::hash(field));
        let mut body = hash.to_le_bytes().to_vec();
        body.resize(if self.form.is_compact { 56 } else { 48 }, 0);
        body.extend(self.packed(field));
        (self.object(1, self.form.packed, &body), hash)
    }

    /// Adds an entry of fields that are there.
    pub(in super::super) fn entry(&mut self, realtime: u64, fields: &[(usize, u64)]) -> usize {
        self.entries += 1;
        let mut body = [self.entries, realtime, 7].map(u64::to_le_bytes).concat();
        body.extend([9; 16]);
        body.extend([0; 8]);
        for (offset, hash) in fields {
            if self.form.is_compact {
                body.extend(u32::try_from(*offset).unwrap().to_le_bytes());
            } else {
                body.extend(number(*offset));
                body.extend(hash.to_le_bytes());
            }
        }
        self.object(3, 0, &body)
    }

    /// Adds an entry with its fields.
    pub(in super::super) fn log(&mut self, realtime: u64, fields: &[&str]) -> usize {
        let fields: Vec<_> = fields.iter().map(|field| self.field(field.as_bytes())).collect();
        self.entry(realtime, &fields)
    }

    pub(in super::super) fn finish(mut self) -> Vec<u8> {
        let arena = self.bytes.len() - 272;
        self.bytes[96..104].copy_from_slice(&number(arena));
        self.bytes[152..160].copy_from_slice(&self.entries.to_le_bytes());
        self.bytes
    }
}
