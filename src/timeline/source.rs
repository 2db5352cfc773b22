//! What events are read from.

/// A kind of record of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The times that inodes have.
    Files,
    /// `/run/utmp`: who was logged in.
    Utmp,
    /// `/var/log/wtmp`: boots, logins, logouts.
    Wtmp,
    /// `/var/log/btmp`: logins that were refused.
    Btmp,
    /// `/var/log/lastlog`: the last login of each account.
    Lastlog,
    /// `/var/lib/wtmpdb/wtmp.db`: what follows wtmp.
    Wtmpdb,
    /// `/var/lib/lastlog/lastlog2.db`: what follows lastlog.
    Lastlog2,
    /// Journals of systemd.
    Journal,
    /// `/var/log/dpkg.log`.
    Dpkg,
    /// `/var/log/apt/history.log`.
    Apt,
    /// The database of RPM.
    Rpm,
    /// `status.json` and `cloud-init.log`.
    CloudInit,
    /// Logs of syslog: auth.log, secure, messages.
    Syslog,
    /// Histories of shells that have times.
    History,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Files,
        Self::Utmp,
        Self::Wtmp,
        Self::Btmp,
        Self::Lastlog,
        Self::Wtmpdb,
        Self::Lastlog2,
        Self::Journal,
        Self::Dpkg,
        Self::Apt,
        Self::Rpm,
        Self::CloudInit,
        Self::Syslog,
        Self::History,
    ];

    /// Its name in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Utmp => "utmp",
            Self::Wtmp => "wtmp",
            Self::Btmp => "btmp",
            Self::Lastlog => "lastlog",
            Self::Wtmpdb => "wtmpdb",
            Self::Lastlog2 => "lastlog2",
            Self::Journal => "journal",
            Self::Dpkg => "dpkg",
            Self::Apt => "apt",
            Self::Rpm => "rpm",
            Self::CloudInit => "cloud-init",
            Self::Syslog => "syslog",
            Self::History => "history",
        }
    }

    /// The one that is called `name`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}
