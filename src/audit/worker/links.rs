//! Links to files: a file is asked for by the name of every link that leads to it, where rules know that name.

use super::gaps::file_gap;
use super::{Subject, Worker};
use crate::detect::{Collector, Interest, Sink};
use assay_disk::fs::{FileType, Metadata};
use assay_disk::tree::{Entry, EntryId, Place};

impl Worker<'_> {
    /// Looks at the file that the link `id` leads to, under the names of the link.
    pub(super) fn follow(&mut self, id: EntryId) {
        let shared = self.shared;
        let Some((mounted, walked)) = shared.tree.get(id) else { return };
        if walked.target.is_none() || mounted.is_raw() {
            return;
        }
        let mut names = shared.tree.places(id);
        if mounted.is_placed() {
            names.push(Place { system: 0, path: shared.tree.path(id) });
        }
        // Most links have names that nobody wants: where these lead is not looked up.
        let assumed = Metadata::bare(FileType::Regular, walked.metadata.mode, 1);
        names.retain(|name| self.is_wanted(name, &assumed, id));
        let mut targets: Vec<(EntryId, Place)> = Vec::new();
        for name in names {
            let target = shared.tree.view(name.system).and_then(|view| view.find(&name.path));
            targets.extend(target.map(|target| (target, name)));
        }
        targets.sort_unstable();
        for (target, name) in targets {
            self.target(target, name);
        }
    }

    fn is_wanted(&self, name: &Place, metadata: &Metadata, id: EntryId) -> bool {
        let Some((_, walked)) = self.shared.tree.get(id) else { return false };
        let entry = Entry { path: &name.path, metadata, node: walked.node, target: None };
        let facts = self.shared.facts.of(name.system);
        let mut detectors = self.shared.detectors.files.iter();
        detectors.any(|detector| detector.interest(&entry, facts) != Interest::Skip)
    }

    fn target(&mut self, id: EntryId, name: Place) {
        let shared = self.shared;
        let Some((mounted, walked)) = shared.tree.get(id) else { return };
        if !mounted.is_file(walked) {
            return;
        }
        let location = shared.tree.location(id);
        let path = location.path.clone();
        let entry = Entry { path: &path, metadata: &walked.metadata, node: walked.node, target: None };
        let (mut collected, mut wanted) = (Collector::default(), Vec::new());
        self.ask_for(&entry, &location, name, &mut wanted, &mut collected);
        let mut subject = Subject { entry, location, wanted, is_asked_for: true, is_watched: false };
        if !subject.wanted.is_empty() && !shared.tree.is_opened(id) {
            let read = shared
                .tree
                .open(id)
                .and_then(|mut node| self.regular(&mut subject, &mut *node, false, &mut collected));
            if let Err(error) = read {
                collected.gap(file_gap(&subject.location, &error));
            }
        }
        self.settle(id, collected, &[]);
    }
}
