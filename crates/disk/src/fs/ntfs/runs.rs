//! Data runs: which clusters hold a value.

/// Clusters of a value that lie together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// First cluster of the value.
    pub(super) start: u64,
    /// How many.
    pub(super) len: u64,
    /// First cluster of the volume; none for a hole.
    pub(super) cluster: Option<u64>,
}

/// Decodes the runs of a value from its cluster `start` on; what is wrong, if they make no sense.
pub(super) fn decode(bytes: &[u8], mut start: u64, limit: u64) -> Result<Vec<Run>, String> {
    let mut runs = Vec::new();
    let mut cluster = 0_i64;
    let mut rest = bytes;
    while let Some((&head, after)) = rest.split_first().filter(|(head, _)| **head != 0) {
        let (len_bytes, place_bytes) = (usize::from(head & 15), usize::from(head >> 4));
        let len = after.get(..len_bytes).and_then(signed).and_then(|len| u64::try_from(len).ok());
        let len =
            len.filter(|&len| len > 0).ok_or_else(|| format!("a run of no length at cluster {start}"))?;
        let place = after.get(len_bytes..len_bytes + place_bytes).and_then(signed);
        let moved = place.and_then(|by| cluster.checked_add(by)).filter(|&at| at >= 0);
        let moved = moved.ok_or_else(|| format!("a run of cluster {start} lies nowhere"))?;
        cluster = moved;
        let hole = place_bytes == 0;
        runs.push(Run { start, len, cluster: u64::try_from(moved).ok().filter(|_| !hole) });
        if runs.len() as u64 > limit {
            return Err(format!("more than {limit} runs"));
        }
        start = start.checked_add(len).ok_or_else(|| format!("a run of {len} clusters"))?;
        rest = after.get(len_bytes + place_bytes..).unwrap_or_default();
    }
    Ok(runs)
}

/// A signed little-endian number of at most 8 bytes; no bytes are 0.
fn signed(bytes: &[u8]) -> Option<i64> {
    let fill = if bytes.last().is_some_and(|&last| last >= 0x80) { 0xff } else { 0 };
    let mut all = [fill; 8];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(start: u64, len: u64, cluster: Option<u64>) -> Run {
        Run { start, len, cluster }
    }

    #[test]
    fn runs_count_from_the_one_before() {
        // 0x18 clusters at 0x5634; a hole of 0x10; 5 clusters 0x34 before.
        let bytes = [0x21, 0x18, 0x34, 0x56, 0x01, 0x10, 0x11, 0x05, 0xcc, 0x00];
        let want = [run(0, 0x18, Some(0x5634)), run(0x18, 0x10, None), run(0x28, 5, Some(0x5600))];
        assert_eq!(decode(&bytes, 0, 9).unwrap(), want);
    }

    #[test]
    fn nonsense_is_an_error() {
        assert!(decode(&[0x11, 0, 1], 0, 9).is_err());
        assert!(decode(&[0x11, 1, 0xff], 0, 9).is_err());
        assert!(decode(&[0xff; 16], 0, 9).is_err());
        assert!(decode(&[0x21, 1], 0, 9).is_err());
        assert!(decode(&[0x11, 1, 1, 0x11, 1, 1], 0, 1).is_err());
        assert!(
            decode(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x01, 1], u64::MAX - 5, 9)
                .is_err()
        );
    }
}
