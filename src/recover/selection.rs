//! Which files are wanted.

use crate::date::Date;
use assay_disk::fs::recovered::Grade;
use assay_disk::fs::remains::Fate;
use assay_disk::fs::{FileType, Time};
use assay_disk::path::glob_folded;
use assay_disk::tree::{EntryId, Tree};

/// What a file must be like.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Patterns of paths, of which one must fit; none: all paths.
    pub paths: Vec<Vec<u8>>,
    /// Whether it was deleted; otherwise it is there.
    pub deleted: bool,
    /// So sure, or surer.
    pub grade: Option<Grade>,
    /// The owner's number.
    pub owner: Option<u32>,
    /// Deleted (or changed, if it is there) on this day (UTC) or later, where that is known.
    pub after: Option<Date>,
    /// On this day or earlier.
    pub before: Option<Date>,
}

/// The files that are wanted, in the order of the tree.
pub fn select(tree: &Tree, wanted: &Selection) -> Vec<EntryId> {
    tree.ids().filter(|&id| wanted.fits(tree, id).unwrap_or(false)).collect()
}

impl Selection {
    fn fits(&self, tree: &Tree, id: EntryId) -> Option<bool> {
        let (mounted, walked) = tree.get(id)?;
        let metadata = &walked.metadata;
        let is_file = matches!(metadata.file_type, FileType::Regular | FileType::Symlink);
        if !is_file || mounted.is_raw() || mounted.is_deleted() != self.deleted {
            return Some(false);
        }
        let recovery = tree.recovery(id);
        let is_sure = self.grade.is_none_or(|least| recovery.is_none_or(|one| one.grade >= least));
        let is_owned = self.owner.is_none_or(|owner| metadata.uid == owner);
        if !is_sure || !is_owned {
            return Some(false);
        }
        let moment = match recovery.map(|one| one.fate) {
            Some(Fate::Deleted(at)) => at,
            Some(Fate::Changed) | None => Some(metadata.changed),
        };
        Some(self.is_in_time(moment) && self.is_wanted_path(&super::path(tree, id)))
    }

    /// What has no time is left out where one is asked for.
    fn is_in_time(&self, moment: Option<Time>) -> bool {
        if self.after.is_none() && self.before.is_none() {
            return true;
        }
        let day = moment.and_then(|time| u64::try_from(time.seconds).ok()).map(Date::of_seconds);
        let is_after = |day: Date| self.after.is_none_or(|after| day >= after);
        let is_before = |day: Date| self.before.is_none_or(|before| day <= before);
        day.is_some_and(|day| is_after(day) && is_before(day))
    }

    fn is_wanted_path(&self, path: &[u8]) -> bool {
        let fits = |pattern: &Vec<u8>| {
            let beneath = path.strip_prefix(pattern.as_slice()).is_some_and(|rest| rest.starts_with(b"/"));
            beneath || glob_folded(pattern, path)
        };
        self.paths.is_empty() || self.paths.iter().any(fits)
    }
}
