//! Reads all records of a system, and keeps what is wanted of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

use assay_disk::fs::file_source::FileSource;
use assay_disk::fs::{FsError, Place};
use assay_disk::tree::walk::gap_kind;
use assay_disk::tree::{EntryId, Tree, View};

use super::event::{Event, EventKind, Moment, Subject};
use super::filter::Filter;
use super::log_file::{self, Problem};
use super::places::{self, Found};
use super::source::Source;
use super::zone::Zone;
use super::{cloud_init, history, journal, lastlog, login_databases, messages, package_logs, syslog, utmp};
use crate::archive::sqlite::Pages;
use crate::archive::sqlite::log::Logged;
use crate::budget::Budget;
use crate::facts::Facts;
use crate::finding::{Gap, GapKind, Loss};
use crate::packages::PackageManager;

/// Bytes of memory that events may take, beside the times of files.
const EVENTS: usize = 512 << 20;
/// Bytes of `lastlog` that are looked at: what it has on the disk, not what it claims.
const LASTLOG: u64 = 64 << 20;

/// The events that are kept.
struct Kept<'a> {
    filter: &'a Filter,
    events: Vec<Event>,
    bytes: usize,
    /// Events of the file at hand that had no place.
    over: u64,
}

impl Kept<'_> {
    fn add(&mut self, path: &[u8], mut event: Event) {
        if !self.filter.has_time(event.moment.time) {
            return;
        }
        event.path = path.to_vec();
        let bytes = self.bytes.saturating_add(event.cost());
        if bytes > EVENTS {
            self.over = self.over.saturating_add(1);
            return;
        }
        self.bytes = bytes;
        self.events.push(event);
    }
}

/// Reads records.
pub(super) struct Collector<'a> {
    tree: &'a Tree,
    filter: &'a Filter,
    budget: &'a Budget,
    kept: Kept<'a>,
    seen: BTreeSet<EntryId>,
    gaps: Vec<Gap>,
    /// The first entry of each run of the machine, and in which journal.
    boots: BTreeMap<[u8; 16], (u64, Vec<u8>, String)>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(tree: &'a Tree, filter: &'a Filter, budget: &'a Budget) -> Self {
        let kept = Kept { filter, events: Vec::new(), bytes: 0, over: 0 };
        Self { tree, filter, budget, kept, seen: BTreeSet::new(), gaps: Vec::new(), boots: BTreeMap::new() }
    }

    /// Reads the records of a system.
    pub(super) fn system(&mut self, view: View<'_>, facts: &Facts) {
        let zone = Zone::gather(&view);
        let (found, full) = places::find(view);
        for directory in full {
            let reason =
                format!("it has more than {} logs of a kind: the others are not read", places::FILES);
            self.gap_at(view.system().below(&directory), GapKind::OverLimit, reason);
        }
        for file in found {
            self.file(&file, view, &zone, facts);
        }
        if self.filter.has_source(Source::Rpm) {
            let path =
                facts.packages.databases().first().map(|database| database.path.clone()).unwrap_or_default();
            package_logs::rpm(&facts.packages).for_each(|event| self.kept.add(&path, event));
            if facts.packages.is_partial() && facts.packages.manager() == Some(PackageManager::Rpm) {
                let reason = "not all of its packages could be read".to_owned();
                self.gap_at(view.system().below(&path), GapKind::Damaged, reason);
            }
        }
    }

    /// Reads the histories of all accounts, wherever they lie.
    pub(super) fn histories(&mut self, facts: &Facts) {
        if !self.filter.has_source(Source::History) {
            return;
        }
        let tree = self.tree;
        for (volume, mounted) in tree.file_volumes() {
            for (index, walked) in (0_u32..).zip(&mounted.walk.entries) {
                if history::is_history(mounted.walk.name(walked)) && mounted.is_file(walked) {
                    let owner = owner(facts, walked.metadata.uid);
                    self.with(EntryId { volume, index }, &mut |input, add| {
                        history::events(input, &mut |event| {
                            add(Event { subject: Some(owner.clone()), ..event });
                        })
                    });
                }
            }
        }
    }

    /// All events, in order, and what could not be read.
    pub(super) fn finish(mut self) -> (Vec<Event>, Vec<Gap>) {
        for (boot, (realtime, path, host)) in std::mem::take(&mut self.boots) {
            let message = format!("boot {} wrote its first message", assay_disk::text::hex(&boot));
            let event = Event::new(Source::Journal, EventKind::Boot, Moment::micros(realtime), message);
            self.kept.add(&path, event.on_host(&host));
        }
        let mut events = self.kept.events;
        // Those of one time and file stay in the order of the file.
        events.sort_by(|a, b| (a.moment.time, a.source, &a.path).cmp(&(b.moment.time, b.source, &b.path)));
        self.gaps.sort_by(|a, b| (&a.location, &a.reason).cmp(&(&b.location, &b.reason)));
        (events, self.gaps)
    }

    fn file(&mut self, file: &Found, view: View<'_>, zone: &Zone, facts: &Facts) {
        let id = file.id;
        if !self.filter.has_source(file.source)
            || !self.filter.has_path(&self.tree.path(id))
            || !self.seen.insert(id)
        {
            return;
        }
        let source = file.source;
        match source {
            Source::Utmp | Source::Wtmp | Source::Btmp => self.logins(id, source),
            Source::Lastlog => self.lastlog(id, facts),
            Source::Wtmpdb | Source::Lastlog2 => self.database(id, source, view),
            Source::Journal => self.journal(id),
            Source::Dpkg => self.with(id, &mut |input, add| package_logs::dpkg(input, zone, add)),
            Source::Apt => self.with(id, &mut |input, add| package_logs::apt(input, zone, add)),
            Source::CloudInit => self.cloud_init(id),
            Source::Syslog => self.syslog(id, zone),
            Source::Files | Source::Rpm | Source::History => {}
        }
    }

    /// Reads a file by `parse`, which hands on events; `None`, if it could not be read.
    fn parsed<T>(&mut self, id: EntryId, parse: &mut Parse<'_, T>) -> Option<T> {
        let path = self.tree.path(id);
        if !self.filter.has_path(&path) {
            return None;
        }
        let kept = &mut self.kept;
        let done = log_file::read(self.tree, id, self.budget, &mut |input| {
            parse(input, &mut |event| kept.add(&path, event))
        });
        self.told(id);
        done.unwrap_or_else(|problem| {
            self.gap(id, problem);
            None
        })
    }

    fn with(&mut self, id: EntryId, parse: &mut Parse<'_, ()>) {
        self.parsed(id, parse);
    }

    fn logins(&mut self, id: EntryId, source: Source) {
        let wrong = self.parsed(id, &mut |input, add| utmp::events(input, source, add));
        let Some(wrong) = wrong.filter(|wrong| *wrong != utmp::Wrong::default()) else { return };
        let reason = match (wrong.records, wrong.rest) {
            (0, rest) => format!("{rest} bytes at its end are no whole record"),
            (records, _) => format!("{records} of its records do not have the form of one"),
        };
        self.gap(id, (GapKind::Damaged, reason));
    }

    fn lastlog(&mut self, id: EntryId, facts: &Facts) {
        let path = self.tree.path(id);
        let tree = self.tree;
        let kept = &mut self.kept;
        let read = lastlog_records(tree, id, &mut |uid, bytes| {
            if let Some(event) = lastlog::event(bytes, uid) {
                kept.add(&path, Event { subject: Some(owner(facts, uid)), ..event });
            }
        });
        self.told(id);
        match read {
            Ok(false) => {}
            Ok(true) => self.gap(id, (GapKind::OverLimit, format!("only {LASTLOG} bytes of it are read"))),
            Err(error) => self.gap(id, (gap_kind(&error), error.to_string())),
        }
    }

    fn database(&mut self, id: EntryId, source: Source, view: View<'_>) {
        let path = self.tree.path(id);
        let limit = self.budget.whole_file;
        let content = self.tree.content(id, limit);
        // What was committed and not yet written into the database lies beside it.
        let log = view.read(&[path.as_slice(), b"-wal"].concat(), limit);
        let (content, log) = match (content, log) {
            (Ok(content), Ok(log)) => (content, log.unwrap_or_default()),
            (Err(error), _) | (_, Err(error)) => return self.gap(id, (gap_kind(&error), error.to_string())),
        };
        let (content, log) = (content.as_slice(), log.as_slice());
        let (pages, replayed) = Logged::new(&content as &dyn Pages, &log as &dyn Pages);
        let kept = &mut self.kept;
        let mut add = |event| kept.add(&path, event);
        let read = match source {
            Source::Lastlog2 => login_databases::lastlog2(&pages, &mut add),
            _ => login_databases::wtmpdb(&pages, &mut add),
        };
        self.told(id);
        for problem in [replayed.err(), read.err()].into_iter().flatten() {
            self.gap(id, (GapKind::Damaged, problem.to_owned()));
        }
    }

    fn cloud_init(&mut self, id: EntryId) {
        if !self.tree.path(id).ends_with(b".json") {
            return self.with(id, &mut |input, add| cloud_init::log(input, add));
        }
        let limit = self.budget.whole_file;
        let is_one = self.parsed(id, &mut |input, add| {
            let mut text = Vec::new();
            input.take(limit).read_to_end(&mut text)?;
            Ok(cloud_init::status(&text, add))
        });
        if is_one == Some(false) {
            self.gap(id, (GapKind::Damaged, "it does not have the form of cloud-init's status".to_owned()));
        }
    }

    fn syslog(&mut self, id: EntryId, zone: &Zone) {
        let modified = self.tree.get(id).map_or(0, |(_, walked)| walked.metadata.modified.seconds);
        let over = self.parsed(id, &mut |input, add| syslog::events(input, zone, modified, add));
        if let Some(over) = over.filter(|&over| over > 0) {
            let reason =
                format!("{over} of its lines have no year, and are more than are kept until it is known");
            self.gap(id, (GapKind::OverLimit, reason));
        }
    }

    fn journal(&mut self, id: EntryId) {
        let Some((mounted, walked)) = self.tree.get(id) else { return };
        let source = match FileSource::open(&Arc::clone(&mounted.fs), walked.node) {
            Ok(source) => source,
            Err(error) => return self.gap(id, (gap_kind(&error), error.to_string())),
        };
        let path = self.tree.path(id);
        let (kept, boots) = (&mut self.kept, &mut self.boots);
        let read = journal::entries(&source, &mut |entry| {
            let event = journal_event(&entry);
            let boot = boots.entry(entry.boot);
            let host = event.host.clone().unwrap_or_default();
            let first = boot.or_insert_with(|| (entry.realtime, path.clone(), host));
            if entry.realtime < first.0 {
                (first.0, first.1) = (entry.realtime, path.clone());
            }
            kept.add(&path, event);
            ControlFlow::Continue(())
        });
        self.told(id);
        match read {
            Ok(summary) => journal_problems(&summary).into_iter().for_each(|problem| self.gap(id, problem)),
            Err(journal::JournalError::NotOne) => {
                self.gap(id, (GapKind::Damaged, journal::JournalError::NotOne.to_string()));
            }
            Err(journal::JournalError::Read(error)) => {
                let error = FsError::from(error);
                self.gap(id, (gap_kind(&error), error.to_string()));
            }
        }
    }

    /// Tells of events of a file that had no place.
    fn told(&mut self, id: EntryId) {
        let over = std::mem::take(&mut self.kept.over);
        if over > 0 {
            let reason =
                format!("{over} of its events had no place in memory: choose a span by --after and --before");
            self.gap(id, (GapKind::OverLimit, reason));
        }
    }

    fn gap(&mut self, id: EntryId, (kind, reason): Problem) {
        let location = self.tree.location(id);
        self.gaps.push(Gap { location, kind, loss: Loss::Part, bytes: None, reason });
    }

    fn gap_at(&mut self, path: Vec<u8>, kind: GapKind, reason: String) {
        let location = crate::finding::Location { path, ..Default::default() };
        self.gaps.push(Gap { location, kind, loss: Loss::Part, bytes: None, reason });
    }
}

/// Reads a log, and hands on its events.
type Parse<'p, T> = dyn FnMut(&mut dyn Read, &mut dyn FnMut(Event)) -> io::Result<T> + 'p;

/// The account of this number by its name, where it has one.
fn owner(facts: &Facts, uid: u32) -> Subject {
    let account = facts.accounts.users.iter().find(|account| account.uid == Some(uid));
    account.map_or(Subject::Uid(uid), |account| {
        Subject::User(String::from_utf8_lossy(&account.name).into_owned())
    })
}

/// Hands each record of `lastlog` that has bytes on the disk to `each`, with its number; whether there are more than are
/// read.
fn lastlog_records(tree: &Tree, id: EntryId, each: &mut dyn FnMut(u32, &[u8])) -> Result<bool, FsError> {
    const SIZE: u64 = lastlog::SIZE as u64;
    let mut node = tree.open(id)?;
    let is_data = |place: &Place| !matches!(place, Place::Hole | Place::Unwritten);
    let extents: Vec<_> = node.extents()?.iter().filter(|extent| is_data(&extent.place)).copied().collect();
    let (mut next, mut left) = (0, LASTLOG);
    for extent in extents {
        let end = extent.start.saturating_add(extent.len).min(node.metadata().size);
        let mut at = (extent.start / SIZE).max(next);
        while at.saturating_mul(SIZE) < end {
            let Some(rest) = left.checked_sub(SIZE) else { return Ok(true) };
            left = rest;
            let mut record = [0; lastlog::SIZE];
            let mut filled = 0;
            while let Some(room) = record.get_mut(filled..).filter(|room| !room.is_empty()) {
                match node.read_at(at.saturating_mul(SIZE).saturating_add(filled as u64), room)? {
                    0 => break,
                    read => filled = filled.saturating_add(read),
                }
            }
            if let Ok(uid) = u32::try_from(at) {
                each(uid, &record);
            }
            at = at.saturating_add(1);
            next = at;
        }
    }
    Ok(false)
}

fn journal_event(entry: &journal::Entry) -> Event {
    let text = |name| {
        entry.field(name).map_or_else(String::new, |value| String::from_utf8_lossy(value).into_owned())
    };
    let program = [text("SYSLOG_IDENTIFIER"), text("_COMM")]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    let (message, pid) = (text("MESSAGE"), text("_PID"));
    let (kind, user) = messages::meaning(&program, &message);
    let tag = if pid.is_empty() { format!("{program}: ") } else { format!("{program}[{pid}]: ") };
    let event = Event::new(Source::Journal, kind, Moment::micros(entry.realtime), format!("{tag}{message}"));
    let mut event = event.of_user(user.unwrap_or_default()).on_host(&text("_HOSTNAME"));
    event.subject = event.subject.or_else(|| text("_UID").parse().ok().map(Subject::Uid));
    event
}

/// What of a journal was not read.
fn journal_problems(summary: &journal::Summary) -> Vec<Problem> {
    let mut problems = Vec::new();
    if summary.cut > 0 {
        problems
            .push((GapKind::Missing, format!("the last {} bytes of the journal are not there", summary.cut)));
    }
    if summary.damaged > 0 {
        problems.push((GapKind::Damaged, format!("{} bytes hold no object of a journal", summary.damaged)));
    }
    if summary.entries < summary.counted && summary.cut == 0 {
        let reason = format!("it counts {} entries, and {} are there", summary.counted, summary.entries);
        problems.push((GapKind::Damaged, reason));
    }
    if summary.unread > 0 {
        problems
            .push((GapKind::Damaged, format!("{} fields of its entries could not be read", summary.unread)));
    }
    if summary.unknown != 0 {
        let reason = format!("it is written in a way that is not known (marks {:#x})", summary.unknown);
        problems.push((GapKind::Unsupported, reason));
    }
    problems
}
