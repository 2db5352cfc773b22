//! Free space, from $Bitmap: a bit for each cluster.

use std::ops::ControlFlow;

use super::record::kind;
use super::volume::Volume;
use crate::bytes::Span;
use crate::fs::FsError;

const BITMAP: u64 = 6;
/// Bytes of the bitmap that are read at once.
const PIECE: u64 = 1 << 20;

/// Hands each run of free bytes to `visit`, in order.
///
/// # Errors
/// [`FsError`], if the bitmap cannot be read, after what could be read was handed on.
pub(super) fn unallocated(
    volume: &Volume,
    visit: &mut dyn FnMut(Span) -> ControlFlow<()>,
) -> Result<(), FsError> {
    let bitmap = volume.file(BITMAP)?.value(volume, kind::DATA, b"")?;
    let wanted = volume.boot.clusters.div_ceil(8);
    let mut runs = Runs { cluster: volume.boot.cluster, visit, start: 0, end: 0 };
    let mut at = 0;
    while at < wanted.min(bitmap.size) {
        let len = PIECE.min(wanted.min(bitmap.size).saturating_sub(at));
        let bytes = bitmap.piece(volume, at, usize::try_from(len).unwrap_or(0));
        let flow = bytes.map(|bytes| runs.piece(at.saturating_mul(8), &bytes, volume.boot.clusters));
        match flow {
            Ok(ControlFlow::Continue(())) => at = at.saturating_add(len),
            Ok(ControlFlow::Break(())) => return Ok(()),
            Err(error) => {
                let _flow = runs.flush();
                return Err(error);
            }
        }
    }
    let _flow = runs.flush();
    if bitmap.size < wanted {
        let problem = format!("{} bytes for {} clusters", bitmap.size, volume.boot.clusters);
        return Err(FsError::corrupt("bitmap of clusters", BITMAP, problem));
    }
    Ok(())
}

struct Runs<'a> {
    cluster: u64,
    visit: &'a mut dyn FnMut(Span) -> ControlFlow<()>,
    /// The run at hand, in clusters.
    start: u64,
    end: u64,
}

impl Runs<'_> {
    /// The bits of `bytes`, the first for cluster `at`; those from `clusters` on are none.
    fn piece(&mut self, mut at: u64, bytes: &[u8], clusters: u64) -> ControlFlow<()> {
        for &byte in bytes {
            // Most bytes are all used.
            if byte != 0xff {
                for bit in 0..8 {
                    let cluster = at.saturating_add(bit);
                    if byte >> bit & 1 == 0 && cluster < clusters {
                        self.free(cluster)?;
                    }
                }
            }
            at = at.saturating_add(8);
        }
        ControlFlow::Continue(())
    }

    fn free(&mut self, cluster: u64) -> ControlFlow<()> {
        if cluster != self.end {
            self.flush()?;
            self.start = cluster;
        }
        self.end = cluster.saturating_add(1);
        ControlFlow::Continue(())
    }

    fn flush(&mut self) -> ControlFlow<()> {
        let len = self.end.saturating_sub(self.start).saturating_mul(self.cluster);
        let span = Span::new(self.start.saturating_mul(self.cluster), len);
        self.start = self.end;
        if span.len == 0 { ControlFlow::Continue(()) } else { (self.visit)(span) }
    }
}
