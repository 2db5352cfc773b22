//! What is judged: the tree and the facts, through one door that knows what could not be read.

use assay_disk::path::glob;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::budget::Budget;
use crate::facts::Facts;
use crate::finding::{Gap, GapKind, Location, Loss};
use assay_disk::fs::{FileType, Metadata};
use assay_disk::text::Escaped;
use assay_disk::tree::{EntryId, SystemKind, Tree, View, fstab};

/// Bytes of a configuration file that is read.
const LIMIT: u64 = 16 << 20;
/// Paths that one pattern may name.
const PATHS: usize = 10_000;

/// A system under judgement.
pub struct Subject<'a> {
    /// Its entries.
    pub tree: &'a Tree,
    /// What it says of itself.
    pub facts: &'a Facts,
    /// Its number among the systems of the tree.
    pub system: usize,
    /// Its paths; none in an empty tree.
    view: Option<View<'a>>,
    /// How much configuration may include.
    pub(super) budget: Budget,
    /// What lies here was not looked at: a directory, or a file.
    blind: Vec<(Vec<u8>, String)>,
    read: RefCell<BTreeMap<Vec<u8>, Rc<Reading>>>,
    /// Bytes of all that was read.
    held: Cell<u64>,
    modules: OnceCell<BTreeSet<Vec<u8>>>,
    /// Of the files that the check at hand read, the first that could not be understood whole.
    doubt: RefCell<Option<Unreadable>>,
    /// What was not read while it was judged.
    gaps: RefCell<BTreeSet<(Vec<u8>, GapKind, String)>>,
}

/// What reading a file came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Reading {
    /// There is none.
    Missing,
    /// Its content.
    Content(Vec<u8>),
    /// It is there, or may be, and cannot be read; why.
    Unreadable(String),
}

/// A file and its content.
pub struct ConfigFile {
    /// Where it is.
    pub path: Vec<u8>,
    reading: Rc<Reading>,
}

impl ConfigFile {
    /// Its lines, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let content: &[u8] = match &*self.reading {
            Reading::Content(content) => content,
            Reading::Missing | Reading::Unreadable(_) => b"",
        };
        crate::files::lines(content)
    }
}

/// Why something cannot be decided: a place that could not be read, and why.
pub type Unreadable = (Vec<u8>, String);

impl<'a> Subject<'a> {
    /// The machine; `gaps` are what of it could not be opened or walked.
    pub fn new(tree: &'a Tree, facts: &'a Facts, gaps: &[Gap]) -> Self {
        Self::of(tree, facts, 0, gaps)
    }

    /// A system of the tree, by its number; `facts` are those of the machine.
    pub fn of(tree: &'a Tree, facts: &'a Facts, system: usize, gaps: &[Gap]) -> Self {
        let mut subject = Self {
            tree,
            facts: facts.of(system),
            system,
            view: tree.view(system),
            budget: Budget::default(),
            blind: Vec::new(),
            read: RefCell::default(),
            held: Cell::new(0),
            modules: OnceCell::new(),
            doubt: RefCell::default(),
            gaps: RefCell::default(),
        };
        let of_tree = tree.gaps();
        for gap in of_tree.iter().chain(gaps).filter(|gap| gap.loss >= Loss::File) {
            if let Some(path) = subject.inside(&gap.location.path).filter(|path| !path.is_empty()) {
                subject.blind.push((path.to_vec(), gap.reason.clone()));
            }
        }
        subject.look_for_absent_mounts();
        subject.blind.sort();
        subject.blind.dedup();
        subject
    }

    /// The path of an entry in the system, by that of findings; none where it is not in it.
    fn inside<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        match self.view.map(|view| view.system()) {
            Some(system) if !matches!(system.kind, SystemKind::Machine | SystemKind::Mounted) => {
                let base = system.name.strip_suffix(b"/").unwrap_or(&system.name);
                path.strip_prefix(base).filter(|rest| rest.starts_with(b"/"))
            }
            _ => Some(path),
        }
    }

    /// Finds `path` (absolute) in the system, following links.
    pub fn find(&self, path: &[u8]) -> Option<EntryId> {
        self.view?.find(path)
    }

    /// Like [`Subject::find`], but a link at the end of the path is not followed.
    pub fn find_link(&self, path: &[u8]) -> Option<EntryId> {
        self.view?.find_link(path)
    }

    /// The system; none in an empty tree.
    pub fn view(&self) -> Option<View<'a>> {
        self.view
    }

    /// The same within other limits.
    #[must_use]
    pub fn within(mut self, budget: &Budget) -> Self {
        self.budget = *budget;
        self
    }

    /// What was not read while it was judged, and nobody else tells of.
    pub fn gaps(&self) -> Vec<Gap> {
        let gaps = self.gaps.borrow();
        let gap = |(path, kind, reason): &(Vec<u8>, GapKind, String)| Gap {
            location: Location { path: path.clone(), ..Location::default() },
            kind: *kind,
            loss: Loss::Part,
            bytes: None,
            reason: reason.clone(),
        };
        gaps.iter().map(gap).collect()
    }

    /// Something was not read, which is a gap: it may decide the check at hand.
    pub(super) fn tell(&self, path: &[u8], kind: GapKind, reason: String) {
        self.doubt(path, reason.clone());
        self.gaps.borrow_mut().insert((path.to_vec(), kind, reason));
    }

    /// Something was not read, and is a gap already: it may decide the check at hand.
    pub(super) fn doubt(&self, path: &[u8], why: String) {
        self.doubt.borrow_mut().get_or_insert_with(|| (path.to_vec(), why));
    }

    /// What may decide the check that was just judged, and begins the next one.
    pub(super) fn take_doubt(&self) -> Option<Unreadable> {
        self.doubt.borrow_mut().take()
    }

    /// What fstab mounts and the image does not hold may hold anything.
    fn look_for_absent_mounts(&mut self) {
        let Reading::Content(content) = &*self.content(b"/etc/fstab") else { return };
        for line in fstab::parse(content) {
            const IN_MEMORY: [&[u8]; 6] = [b"swap", b"tmpfs", b"proc", b"sysfs", b"devpts", b"none"];
            let mount = line.mount.strip_suffix(b"/").unwrap_or(&line.mount);
            let is_place = mount.len() > 1 && mount.starts_with(b"/");
            let held = |place: &[u8]| {
                self.tree.volumes().iter().any(|mounted| mounted.mount.as_deref() == Some(place))
            };
            let bound = line.options.split(|&byte| byte == b',').any(|option| option == b"bind");
            if is_place && !IN_MEMORY.contains(&line.fstype.as_slice()) && !bound && !held(mount) {
                // A folder is audited with its mounts in it: what lies there is what is mounted.
                let filled = !self.entries(mount).is_empty();
                if !filled {
                    self.blind.push((mount.to_vec(), "its file system is not in the image".to_owned()));
                }
            }
        }
    }

    fn entries(&self, path: &[u8]) -> Vec<(Vec<u8>, FileType)> {
        self.view.map_or_else(Vec::new, |view| view.list(path))
    }

    /// Why `path`, or what lies under it, may be unknown.
    pub fn blind_at(&self, path: &[u8]) -> Option<Unreadable> {
        let covers = |above: &[u8], below: &[u8]| {
            above == b"/"
                || below.strip_prefix(above).is_some_and(|rest| rest.first().is_none_or(|&byte| byte == b'/'))
        };
        self.blind.iter().find(|(blind, _)| covers(blind, path)).cloned()
    }

    /// Why something below the directory `path` may be unknown.
    pub fn blind_below(&self, path: &[u8]) -> Option<Unreadable> {
        let below = |blind: &[u8]| {
            path == b"/" || blind.strip_prefix(path).is_some_and(|rest| rest.first() == Some(&b'/'))
        };
        self.blind_at(path).or_else(|| self.blind.iter().find(|(blind, _)| below(blind)).cloned())
    }

    /// The content of a file, links followed.
    pub fn content(&self, path: &[u8]) -> Rc<Reading> {
        if let Some(known) = self.read.borrow().get(path) {
            return Rc::clone(known);
        }
        let view = self.view;
        let size =
            view.and_then(|view| view.lookup(path)).map_or(0, |(_, metadata)| metadata.size.min(LIMIT));
        let held = self.held.get().saturating_add(size);
        if held > self.budget.configuration_bytes {
            let limit = self.budget.configuration_bytes;
            let reason = format!("all configuration has more than {limit} bytes: it was not read");
            self.tell(path, GapKind::OverLimit, reason.clone());
            return Rc::new(Reading::Unreadable(reason));
        }
        self.held.set(held);
        let reading = Rc::new(match view.map_or(Ok(None), |view| view.read(path, LIMIT)) {
            Ok(Some(content)) => Reading::Content(content),
            Ok(None) => match self.blind_at(path) {
                Some((_, why)) => Reading::Unreadable(why),
                None => Reading::Missing,
            },
            Err(error) => Reading::Unreadable(error.to_string()),
        });
        self.read.borrow_mut().insert(path.to_vec(), Rc::clone(&reading));
        reading
    }

    /// What is at `path`, links followed: the path it leads to, and its metadata.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn metadata(&self, path: &[u8]) -> Result<Option<(Vec<u8>, Metadata)>, Unreadable> {
        match self.view.and_then(|view| view.lookup(path)) {
            Some(found) => Ok(Some(found)),
            None => self.blind_at(path).map_or(Ok(None), Err),
        }
    }

    /// Names and types in a directory.
    ///
    /// # Errors
    /// Why not all of them are known.
    pub fn list(&self, path: &[u8]) -> Result<Vec<(Vec<u8>, FileType)>, Unreadable> {
        let children = |blind: &Vec<u8>| {
            blind
                .strip_prefix(path)
                .and_then(|rest| rest.strip_prefix(b"/"))
                .is_some_and(|name| !name.contains(&b'/'))
        };
        let blind = self.blind_at(path);
        // An entry that could not be opened is not in the list.
        let blind = blind.or_else(|| {
            self.blind.iter().find(|(at, _)| children(at) && self.find_link(at).is_none()).cloned()
        });
        blind.map_or_else(|| Ok(self.entries(path)), Err)
    }

    /// The paths that a pattern with stars names, in the order of their names.
    ///
    /// # Errors
    /// Why not all of them are known.
    pub fn expand(&self, pattern: &str) -> Result<Vec<Vec<u8>>, Unreadable> {
        let mut found = vec![Vec::new()];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            let mut next = Vec::new();
            for directory in &found {
                self.step(directory, part.as_bytes(), &mut next)?;
            }
            next.truncate(PATHS);
            found = next;
        }
        Ok(found)
    }

    fn step(&self, directory: &[u8], part: &[u8], found: &mut Vec<Vec<u8>>) -> Result<(), Unreadable> {
        let below = |name: &[u8]| [directory, b"/", name].concat();
        if !part.iter().any(|byte| b"*?[".contains(byte)) {
            let path = below(part);
            match self.find_link(&path) {
                Some(_) => found.push(path),
                None => self.blind_at(&path).map_or(Ok(()), Err)?,
            }
            return Ok(());
        }
        let from = if directory.is_empty() { b"/" } else { directory };
        let names = self.list(from)?.into_iter().map(|(name, _)| name);
        let names = names.filter(|name| part.starts_with(b".") || !name.starts_with(b"."));
        found.extend(names.filter(|name| glob(part, name)).map(|name| below(&name)));
        Ok(())
    }

    /// The files that patterns name, one after the other, with their content; directories are left out.
    ///
    /// # Errors
    /// Why one of them is not known.
    pub fn pages(&self, patterns: &[impl AsRef<str>]) -> Result<Vec<ConfigFile>, Unreadable> {
        let mut pages = Vec::new();
        for pattern in patterns {
            for path in self.expand(pattern.as_ref())? {
                pages.extend(self.page(path)?);
            }
        }
        Ok(pages)
    }

    /// One file.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn page(&self, path: Vec<u8>) -> Result<Option<ConfigFile>, Unreadable> {
        let reading = self.content(&path);
        match &*reading {
            Reading::Missing => Ok(None),
            Reading::Content(_) => {
                if let Some(why) = self.facts.unparsed.get(&path) {
                    self.doubt(&path, why.clone());
                }
                Ok(Some(ConfigFile { path, reading }))
            }
            Reading::Unreadable(why) => Err((path, why.clone())),
        }
    }

    /// Files of the same names in several directories, as systemd reads them: a name in an earlier directory
    /// stands for that name in the later ones, and all are read in the order of their names.
    ///
    /// # Errors
    /// Why not all of them are known.
    pub fn drop_ins(&self, directories: &[&str], suffix: &str) -> Result<Vec<ConfigFile>, Unreadable> {
        let mut pages = Vec::new();
        for path in self.drop_in_paths(directories, suffix)? {
            pages.extend(self.page(path)?);
        }
        Ok(pages)
    }

    /// The paths of [`Subject::drop_ins`].
    ///
    /// # Errors
    /// Why not all of them are known.
    pub fn drop_in_paths(&self, directories: &[&str], suffix: &str) -> Result<Vec<Vec<u8>>, Unreadable> {
        let mut by_name: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        for directory in directories.iter().map(|directory| directory.trim_end_matches('/')) {
            for (name, _) in self.list(directory.as_bytes())? {
                if name.ends_with(suffix.as_bytes()) {
                    let path = [directory.as_bytes(), b"/", &name].concat();
                    by_name.entry(name).or_insert(path);
                }
            }
        }
        Ok(by_name.into_values().collect())
    }

    /// The names of the kernel modules there are, `-` written as `_`, without suffixes.
    pub fn kernel_modules(&self) -> &BTreeSet<Vec<u8>> {
        self.modules.get_or_init(|| {
            let mut names = BTreeSet::new();
            for id in self.tree.present() {
                let Some((mounted, walked)) = self.tree.get(id) else { continue };
                let name = mounted.walk.name(walked);
                let at = memchr::memmem::find(name, b".ko");
                let is_suffix =
                    |at: &usize| matches!(name.get(at + 3..), Some(b"" | b".xz" | b".zst" | b".gz"));
                if let Some(stem) = at.filter(is_suffix).and_then(|at| name.get(..at))
                    && memchr::memmem::find(&self.tree.path(id), b"/lib/modules/").is_some()
                {
                    names.insert(stem.iter().map(|&byte| if byte == b'-' { b'_' } else { byte }).collect());
                }
            }
            names
        })
    }
}

/// Bytes of the image as a report may show them, cut to a line.
pub(super) fn shown(bytes: &[u8]) -> String {
    const WIDTH: usize = 160;
    let bytes = bytes.trim_ascii();
    match bytes.get(..WIDTH) {
        Some(start) if bytes.len() > WIDTH => format!("{}…", Escaped(start)),
        _ => Escaped(bytes).to_string(),
    }
}
