//! What happened: one event of a system, with its time and how well the time is known.

use assay_disk::fs::Time;

use super::source::Source;

/// How a time is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The source counts from 1970, or says its offset from UTC.
    #[default]
    Utc,
    /// Local time, by the zone that the system has now.
    Zone,
    /// Local time of a system whose zone could not be read: taken for UTC.
    Assumed,
}

impl Basis {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utc => "utc",
            Self::Zone => "zone of the system",
            Self::Assumed => "zone assumed to be UTC",
        }
    }
}

/// When it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The time, in UTC.
    pub time: Time,
    /// How it is known.
    pub basis: Basis,
    /// Whether the source does not say the year: it was inferred from when the file was written.
    pub year_inferred: bool,
}

impl Moment {
    /// A time that counts from 1970 in seconds, with nanoseconds.
    pub const fn utc(seconds: i64, nanoseconds: u32) -> Self {
        Self { time: Time { seconds, nanoseconds }, basis: Basis::Utc, year_inferred: false }
    }

    /// A time that counts from 1970 in microseconds.
    pub fn micros(micros: u64) -> Self {
        let seconds = i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX);
        let nanoseconds = u32::try_from(micros % 1_000_000).unwrap_or_default().saturating_mul(1000);
        Self::utc(seconds, nanoseconds)
    }
}

/// Which of the four times of a file it is; several where they are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Macb(u8);

impl Macb {
    /// Its content was changed.
    pub const MODIFIED: Self = Self(8);
    /// It was read.
    pub const ACCESSED: Self = Self(4);
    /// Its inode was changed.
    pub const CHANGED: Self = Self(2);
    /// It came to be.
    pub const BORN: Self = Self(1);

    /// Each, with its letter and its name.
    const ALL: [(Self, char, &'static str); 4] = [
        (Self::MODIFIED, 'm', "modified"),
        (Self::ACCESSED, 'a', "accessed"),
        (Self::CHANGED, 'c', "changed"),
        (Self::BORN, 'b', "born"),
    ];

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is one of them.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// As mactime writes them: `m.c.`.
    pub fn letters(self) -> String {
        Self::ALL.iter().map(|(one, letter, _)| if self.has(*one) { *letter } else { '.' }).collect()
    }

    /// As people say it: `modified, changed`.
    pub fn words(self) -> String {
        let words = Self::ALL.iter().filter(|(one, _, _)| self.has(*one)).map(|(_, _, name)| *name);
        words.collect::<Vec<_>>().join(", ")
    }
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A file has these times.
    File(Macb),
    /// A file was deleted.
    Deleted,
    /// The system started.
    Boot,
    /// The system was shut down.
    Shutdown,
    /// The clock was set: the time before, or after.
    ClockSet,
    /// Somebody logged in.
    Login,
    /// Somebody logged out.
    Logout,
    /// A login was refused.
    LoginFailed,
    /// The last login of an account: earlier ones are not kept.
    LastLogin,
    /// A package was installed.
    PackageInstalled,
    /// A package was replaced by another version of it.
    PackageUpgraded,
    /// A package was removed.
    PackageRemoved,
    /// A package manager was run.
    PackageRun,
    /// A message of the journal or of a log.
    Message,
    /// sudo ran a command, or refused to.
    Sudo,
    /// Somebody became another user by su.
    Su,
    /// sshd let somebody in.
    SshAccepted,
    /// sshd refused somebody.
    SshFailed,
    /// An account or a group was made, changed or removed.
    AccountChanged,
    /// A stage of cloud-init began.
    CloudInitStarted,
    /// A stage of cloud-init ended.
    CloudInitFinished,
    /// A command of a history.
    Command,
}

impl EventKind {
    /// Its name in reports, and what Timesketch calls `timestamp_desc`.
    pub fn name(self) -> String {
        let name = match self {
            Self::File(times) => return format!("file {}", times.words()),
            Self::Deleted => "file deleted",
            Self::Boot => "boot",
            Self::Shutdown => "shutdown",
            Self::ClockSet => "clock set",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::LoginFailed => "login failed",
            Self::LastLogin => "last login",
            Self::PackageInstalled => "package installed",
            Self::PackageUpgraded => "package upgraded",
            Self::PackageRemoved => "package removed",
            Self::PackageRun => "package manager run",
            Self::Message => "message",
            Self::Sudo => "sudo",
            Self::Su => "su",
            Self::SshAccepted => "ssh accepted",
            Self::SshFailed => "ssh failed",
            Self::AccountChanged => "account changed",
            Self::CloudInitStarted => "cloud-init stage started",
            Self::CloudInitFinished => "cloud-init stage finished",
            Self::Command => "command",
        };
        name.to_owned()
    }
}

/// Whom or what an event is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// An account, as the source calls it.
    User(String),
    /// An account of which the source has only the number.
    Uid(u32),
    /// A package.
    Package(String),
}

/// What the inode of a file says beside its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inode {
    /// Its number.
    pub number: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Permission bits: the low 12 bits of `st_mode`.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// One event. Its texts are those of the image: nothing in them is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub moment: Moment,
    /// What kind of thing.
    pub kind: EventKind,
    /// Where that is known from.
    pub source: Source,
    /// The file that it is about, or that records it.
    pub path: Vec<u8>,
    /// The inode of a file that it is about.
    pub inode: Option<Inode>,
    /// Whom or what it is about.
    pub subject: Option<Subject>,
    /// The name of the machine, where the source has it.
    pub host: Option<String>,
    /// What happened, in one line.
    pub message: String,
    /// What is odd about its time.
    pub marks: Vec<super::marks::Mark>,
}

/// Bytes of a message that are kept.
const MESSAGE: usize = 4096;

impl Event {
    /// An event of a source; the collector says in which file.
    pub(super) fn new(source: Source, kind: EventKind, moment: Moment, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MESSAGE {
            assay_disk::text::cut(&mut message, MESSAGE);
            message.push('…');
        }
        Self {
            moment,
            kind,
            source,
            path: Vec::new(),
            inode: None,
            subject: None,
            host: None,
            message,
            marks: Vec::new(),
        }
    }

    /// With the account that it is about; none where the source has no name.
    #[must_use]
    pub(super) fn of_user(mut self, name: &str) -> Self {
        self.subject = (!name.is_empty()).then(|| Subject::User(name.to_owned()));
        self
    }

    /// With the package that it is about.
    #[must_use]
    pub(super) fn of_package(mut self, name: &str) -> Self {
        self.subject = Some(Subject::Package(name.to_owned()));
        self
    }

    /// With the machine that it happened on.
    #[must_use]
    pub(super) fn on_host(mut self, name: &str) -> Self {
        self.host = (!name.is_empty()).then(|| name.to_owned());
        self
    }

    /// Bytes of memory that it takes.
    pub(super) fn cost(&self) -> usize {
        let host = self.host.as_ref().map_or(0, String::len);
        size_of::<Self>()
            .saturating_add(self.path.len())
            .saturating_add(self.message.len())
            .saturating_add(host)
    }
}
