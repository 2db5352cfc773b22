//! Remains of a file system that hands over what a test says.

use std::ops::ControlFlow;

use super::*;
use crate::fs::remains::Life;
use crate::fs::remains::{Name, Remain, Take};
use crate::fs::{Identity, Node, NodeId, Note, Usage, Visit};

struct Told(Vec<Remain>);

impl FileSystem for Told {
    fn identity(&self) -> Identity {
        Identity::default()
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn root(&self) -> NodeId {
        NodeId(2)
    }

    fn read_dir(&self, _dir: NodeId, _visit: &mut Visit<'_>) -> Result<(), FsError> {
        Ok(())
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        Err(FsError::corrupt("inode", id.0, "none"))
    }

    fn unallocated(&self, _visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        Ok(())
    }

    fn remains(&self, _free: &[Span], take: &mut Take<'_>) -> Result<(), FsError> {
        let _flow = self.0.iter().cloned().try_for_each(take);
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        Vec::new()
    }
}

const BLOCK: u64 = 4096;

fn life(number: u64, generation: u64) -> Life {
    Life { number, generation }
}

fn version(life: Life, order: u64, blocks: &[u64]) -> Version {
    let extents = (0_u64..).zip(blocks).map(|(index, block)| Extent {
        start: index * BLOCK,
        len: BLOCK,
        place: Place::Disk(block * BLOCK),
    });
    let size = blocks.len() as u64 * BLOCK;
    Version {
        life,
        order,
        metadata: Metadata::bare(FileType::Regular, 0o600, size),
        content: Content::Extents(extents.collect()),
        proof: Proof::Checked,
        fate: Fate::Deleted(None),
        found_at: 0,
    }
}

fn name(dir: u64, name: &str, child: u64, order: u64) -> Remain {
    Remain::Name(Name {
        dir,
        dir_generation: None,
        name: name.as_bytes().to_vec(),
        child,
        child_generation: None,
        file_type: Some(FileType::Regular),
        order,
        proof: Proof::Checked,
    })
}

/// Path and grade of all that comes back, where blocks 10 to 99 are free and inode 2 is the root.
fn found(remains: Vec<Remain>) -> Vec<(String, Grade)> {
    let free = [Span::new(10 * BLOCK, 90 * BLOCK)];
    let root = |number: u64| (number == 2).then(|| b"/".to_vec());
    let remains = find(&Told(remains), &free, &root, &Budget::default());
    let text = |file: Recovered| (String::from_utf8(file.path).unwrap(), file.recovery.grade);
    remains.files.into_iter().map(text).collect()
}

#[test]
fn a_file_whose_blocks_nobody_used_since_is_whole_by_its_name() {
    let remains = vec![
        Remain::KnownSince(3),
        Remain::Version(version(life(12, 1), 5, &[20, 21])),
        name(2, "id_rsa", 12, 5),
    ];
    assert_eq!(found(remains), [("/id_rsa".to_owned(), Grade::Whole)]);
}

#[test]
fn what_is_not_known_to_be_all_that_was_written_since_is_likely() {
    let remains = vec![Remain::KnownSince(6), Remain::Version(version(life(12, 1), 5, &[20]))];
    assert_eq!(found(remains), [("/$ORPHAN/file-12".to_owned(), Grade::Likely)]);
}

#[test]
fn a_block_in_use_now_is_lost_and_one_of_a_later_life_too() {
    let remains = vec![
        Remain::KnownSince(1),
        Remain::Version(version(life(12, 1), 5, &[20, 5])),
        Remain::Version(version(life(13, 1), 5, &[30, 31])),
        Remain::Version(version(life(14, 1), 7, &[31])),
        Remain::Version(version(life(15, 1), 5, &[40])),
        Remain::Used { span: Span::new(40 * BLOCK, BLOCK), order: 6 },
    ];
    let grades: Vec<Grade> = found(remains).into_iter().map(|(_, grade)| grade).collect();
    assert_eq!(grades, [Grade::Partial, Grade::Partial, Grade::Whole, Grade::NameOnly]);
}

#[test]
fn an_inode_that_was_used_again_has_the_name_of_its_own_life() {
    let remains = vec![
        Remain::KnownSince(1),
        Remain::Version(version(life(12, 1), 5, &[20])),
        Remain::Version(version(life(12, 2), 8, &[21])),
        name(2, "first", 12, 5),
        name(2, "second", 12, 9),
    ];
    let paths: Vec<String> = found(remains).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/first", "/second"]);
}

#[test]
fn a_name_that_says_whose_it_is_comes_before_one_of_a_file_that_is_there() {
    let Remain::Name(own) = name(2, "mine", 12, 5) else { return };
    let own = Name { child_generation: Some(1), proof: Proof::Plausible, ..own };
    let remains =
        vec![Remain::Version(version(life(12, 1), 5, &[20])), name(2, "later", 12, 9), Remain::Name(own)];
    assert_eq!(found(remains), [("/mine".to_owned(), Grade::Likely)]);
}

#[test]
fn a_removed_directory_has_its_name_in_the_one_above() {
    let mut directory = version(life(11, 4), 4, &[50]);
    directory.metadata.file_type = FileType::Directory;
    let Remain::Name(mut above) = name(2, "srv", 11, 4) else { return };
    above.file_type = Some(FileType::Directory);
    let remains = vec![
        Remain::Version(directory),
        Remain::Version(version(life(12, 1), 5, &[20])),
        Remain::Name(above),
        name(11, "app.py", 12, 5),
    ];
    assert_eq!(found(remains), [("/srv/app.py".to_owned(), Grade::Likely)]);
}

#[test]
fn a_file_that_was_emptied_is_what_it_was_before() {
    let mut before = version(life(12, 1), 5, &[20]);
    before.fate = Fate::Changed;
    let mut same = version(life(13, 1), 5, &[5]);
    same.fate = Fate::Changed;
    let remains = vec![Remain::Version(before), Remain::Version(same), name(2, ".bash_history", 12, 5)];
    assert_eq!(found(remains), [("/.bash_history".to_owned(), Grade::Likely)]);
}

#[test]
fn lost_runs_of_a_file_are_holes_of_it() {
    let mut old = version(life(12, 1), 5, &[20, 21, 22]);
    old.proof = Proof::Checked;
    let free = [Span::new(20 * BLOCK, BLOCK), Span::new(22 * BLOCK, BLOCK)];
    let remains = find(&Told(vec![Remain::Version(old)]), &free, &|_| None, &Budget::default());
    let file = remains.files.first().unwrap();
    assert_eq!(file.recovery.lost, [Span::new(BLOCK, BLOCK)]);
    let Content::Extents(extents) = &file.content else { panic!("no extents") };
    let places: Vec<Place> = extents.iter().map(|extent| extent.place).collect();
    assert_eq!(places, [Place::Disk(20 * BLOCK), Place::Hole, Place::Disk(22 * BLOCK)]);
    assert_eq!(remains.spans, [Span::new(20 * BLOCK, BLOCK), Span::new(22 * BLOCK, BLOCK)]);
}
