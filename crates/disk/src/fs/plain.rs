//! Bytes that no file system describes, as files of one directory: what lies outside of partitions, behind a
//! file system, in boot partitions, swap and volumes of an unknown kind. They are searched as they are.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::content::{Content, Map, append};
use super::table::{Listed, Listing};
use super::{
    Area, Attribute, Extent, FileSystem, FileType, FsError, Identity, Metadata, Node, NodeId, Note, Place,
    Usage, Visit,
};
use crate::budget::Budget;
use crate::bytes::{Source, Span};

/// Zeros before each run of an area: what follows is no neighbour on the disk, and no file system or archive begins with
/// the file.
const BETWEEN: u64 = 64;
/// Runs up to this size are not asked for holes.
const SMALL: u64 = 1 << 20;

/// Opens runs of `source` as files that are called by where they lie.
pub fn open(source: Arc<dyn Source>, runs: &[Span], budget: &Budget) -> Box<dyn FileSystem> {
    let named =
        |run: &Span| (format!("<{} bytes at {}>", run.len, run.offset), Runs { runs: vec![*run], before: 0 });
    listed(source, runs.iter().map(named), budget)
}

/// Opens what a file system uses for itself: a file for each area, with all runs of it.
pub fn open_areas(
    source: Arc<dyn Source>,
    areas: Vec<(Area, Vec<Span>)>,
    budget: &Budget,
) -> Box<dyn FileSystem> {
    let named =
        |(area, runs): (Area, Vec<Span>)| (format!("<{}>", area.name()), Runs { runs, before: BETWEEN });
    listed(source, areas.into_iter().map(named), budget)
}

fn listed(
    source: Arc<dyn Source>,
    files: impl Iterator<Item = (String, Runs)>,
    budget: &Budget,
) -> Box<dyn FileSystem> {
    let root = Listed {
        name: Vec::new(),
        metadata: Metadata::bare(FileType::Directory, 0o400, 0),
        children: Vec::new(),
        content: Runs { runs: Vec::new(), before: 0 },
    };
    let mut listing = Listing { entries: vec![root] };
    for (name, content) in files {
        let metadata = Metadata::bare(FileType::Regular, 0o400, content.size());
        listing.add(0, Listed { name: name.into_bytes(), metadata, children: Vec::new(), content });
    }
    Box::new(Plain { source, listing, extents: budget.extents })
}

/// What a file is made of.
struct Runs {
    runs: Vec<Span>,
    /// Zeros before each of them.
    before: u64,
}

impl Runs {
    fn size(&self) -> u64 {
        let zeros = (self.runs.len() as u64).saturating_mul(self.before);
        self.runs.iter().fold(zeros, |sum, run| sum.saturating_add(run.len))
    }
}

struct Plain {
    source: Arc<dyn Source>,
    listing: Listing<Runs>,
    /// Most extents of one file.
    extents: u64,
}

impl Plain {
    fn entry(&self, id: NodeId) -> Result<&Listed<Runs>, FsError> {
        self.listing.get(id).ok_or_else(|| FsError::corrupt("entry", id.0, "there is no such entry"))
    }

    /// The data of all runs, without the holes of the image.
    fn map(&self, content: &Runs) -> Map {
        let mut map = Map::default();
        let full = |count| FsError::over_limit("runs of data", count);
        let mut size = 0_u64;
        for run in &content.runs {
            size = size.saturating_add(content.before);
            let filled = fill_to(&mut map.extents, size, self.extents).map_err(full);
            if let Err(error) = filled.and_then(|()| self.fill(*run, &mut map.extents)) {
                map.damage = Some(error);
                break;
            }
            size = size.saturating_add(run.len);
        }
        map
    }

    fn fill(&self, run: Span, extents: &mut Vec<Extent>) -> Result<(), FsError> {
        let end = run.end().unwrap_or(u64::MAX);
        let full = |count| FsError::over_limit("runs of data", count);
        if run.len <= SMALL {
            return append(extents, run.len, Place::Disk(run.offset), self.extents).map_err(full);
        }
        let mut at = run.offset;
        while let Some(data) = self.source.next_data(at)?.filter(|data| data.offset < end) {
            let start = data.offset.max(at);
            let stop = data.end().unwrap_or(u64::MAX).min(end);
            append(extents, start.saturating_sub(at), Place::Hole, self.extents).map_err(full)?;
            append(extents, stop.saturating_sub(start), Place::Disk(start), self.extents).map_err(full)?;
            at = stop;
            if at >= end {
                break;
            }
        }
        Ok(())
    }
}

/// Makes the extents reach to byte `size` of their file, with a hole.
fn fill_to(extents: &mut Vec<Extent>, size: u64, limit: u64) -> Result<(), u64> {
    let end = extents.last().map_or(0, |last| last.start.saturating_add(last.len));
    append(extents, size.saturating_sub(end), Place::Hole, limit)
}

impl FileSystem for Plain {
    fn identity(&self) -> Identity {
        Identity { kind: "bytes", ..Identity::default() }
    }

    fn usage(&self) -> Usage {
        Usage { total: self.source.len(), free: 0, block: 512, data: None }
    }

    fn root(&self) -> NodeId {
        NodeId(0)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        self.listing.visit(self.entry(dir)?, visit);
        Ok(())
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        let listed = self.entry(id)?;
        let content = Content::mapped(self.map(&listed.content), listed.metadata.size);
        Ok(Box::new(Run { source: &*self.source, listed, content }))
    }

    fn unallocated(&self, _: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        Vec::new()
    }
}

struct Run<'p> {
    source: &'p dyn Source,
    listed: &'p Listed<Runs>,
    content: Content,
}

impl Node for Run<'_> {
    fn metadata(&self) -> &Metadata {
        &self.listed.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        Ok(self.content.extents())
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        self.content.read_at(self.source, self.listed.metadata.size, offset, dst)
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        Err(FsError::corrupt("entry", 0, "is no symbolic link"))
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_file_of_its_bytes() {
        let source: Arc<dyn Source> = Arc::new((0..=255).collect::<Vec<u8>>());
        let fs = open(source, &[Span::new(10, 5), Span::new(100, 2)], &Budget::default());
        let mut names = Vec::new();
        fs.read_dir(fs.root(), &mut |name, id, _| {
            names.push((name.to_vec(), id));
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(names[0].0, b"<5 bytes at 10>");
        let mut node = fs.node(names[1].1).unwrap();
        let mut bytes = [0; 9];
        assert_eq!(node.read_at(0, &mut bytes).unwrap(), 2);
        assert_eq!(bytes[..2], [100, 101]);
        assert_eq!(node.extents().unwrap(), [Extent { start: 0, len: 2, place: Place::Disk(100) }]);
    }

    #[test]
    fn an_area_is_one_file_of_all_its_runs_which_are_no_neighbours() {
        let source: Arc<dyn Source> = Arc::new((0..=255).collect::<Vec<u8>>());
        let runs = vec![Span::new(10, 2), Span::new(12, 1), Span::new(100, 2)];
        let fs = open_areas(source, vec![(Area::Slack, runs)], &Budget::default());
        let mut node = fs.node(NodeId(1)).unwrap();
        assert_eq!(node.metadata().size, 5 + 3 * BETWEEN);
        let mut bytes = vec![0xee; 5 + 192];
        assert_eq!(node.read_at(0, &mut bytes).unwrap(), bytes.len());
        let bytes = bytes.split_off(64);
        assert_eq!(
            (&bytes[..3], &bytes[66..67], &bytes[131..]),
            (&[10, 11, 0][..], &[12][..], &[100, 101][..])
        );
        let last = *node.extents().unwrap().last().unwrap();
        assert_eq!(last, Extent { start: 195, len: 2, place: Place::Disk(100) });
    }
}
