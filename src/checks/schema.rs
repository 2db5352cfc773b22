//! The language of checks: what a file in `signatures/checks/` may say.
//!
//! A condition is a table with one key: `all`, `any`, `not`, or one of the primitives. What a primitive means
//! is said here, at its field; how it is judged, in the file of its kind.

use serde::Deserialize;

/// A condition.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// Each holds.
    All(Vec<Rule>),
    /// One holds.
    Any(Vec<Rule>),
    /// It does not hold.
    Not(Box<Rule>),
    /// A file of a kind is there: `exists = "/etc/cron.allow"`; with stars.
    Exists(String),
    /// Every file that a pattern names has at most a mode, and an owner and group; none there: not applicable.
    File(FileRule),
    /// A line of a file (or of one of several) fits a regular expression; comments are lines, too.
    Line(LineRule),
    /// A key of a file of `key = value` or `key value` lines, with drop-ins.
    Setting(SettingRule),
    /// A directive of chronyd's configuration, with what it includes.
    Chrony(ChronyRule),
    /// The command `umask` in files of shells.
    Umask(UmaskRule),
    /// A key of one of systemd's own configuration files (`journald.conf`), with their drop-in directories.
    Systemd(SystemdRule),
    /// A kernel parameter as systemd-sysctl sets it at boot, and ufw after it.
    Sysctl(SysctlRule),
    /// A kernel module that cannot be loaded: not there, or modprobe.d forbids it.
    ModuleOff(String),
    /// The value of an option of sshd, in the global section and in every Match block.
    Sshd(SshdRule),
    /// An argument of the kernel, in every entry of the boot loader.
    KernelArgument(KernelArgument),
    /// The boot loader asks for a password before its entries are changed.
    BootPassword {},
    /// A mount point is a file system of its own: fstab, a mount unit, or a partition of the image.
    Mounted(String),
    /// A mount has an option; not applicable where it is no mount.
    MountOption(MountOption),
    /// One of these packages is installed.
    Package(Vec<String>),
    /// The state of one of these units.
    Unit(UnitRule),
    /// A line of a PAM stack, with includes.
    Pam(PamRule),
    /// What sudo is told: defaults, tags.
    Sudo(SudoRule),
    /// Something about accounts, by its name in `accounts.rs`.
    Accounts(AccountsRule),
    /// Something about all files, by its name in `sweep.rs`.
    Sweep(SweepRule),
    /// A rule of auditd for a path.
    AuditWatch(AuditWatch),
    /// Rules of auditd for system calls.
    AuditCalls(AuditCalls),
    /// A line of auditd's rules, words in any order; of `-e`, `-b`, `-f` and `-D` the last line counts: `-e 2`.
    AuditLine(String),
    /// `ID` (and `VERSION_ID`) of os-release: `["debian 12", "ubuntu"]`.
    Os(Vec<String>),
}

/// What a value must be like: every field that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Test {
    /// One of these; ASCII case does not count.
    pub is: Vec<String>,
    /// None of these.
    pub not: Vec<String>,
    /// At least (a number).
    pub min: Option<i64>,
    /// At most (a number).
    pub max: Option<i64>,
    /// Fits this regular expression.
    pub matches: Option<String>,
    /// Has none of these words, parted by commas; a word with stars has what it stands for.
    pub lacks: Vec<String>,
    /// The value is a mask, in octal or by letters, that takes away at least these bits (umask).
    pub umask: Option<String>,
}

/// See [`Rule::File`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRule {
    /// With stars; a star does not cross a slash.
    pub path: String,
    /// Octal: no other bit may be set.
    pub mode: Option<String>,
    /// User numbers or names.
    #[serde(default)]
    pub owner: Vec<String>,
    /// Group numbers or names.
    #[serde(default)]
    pub group: Vec<String>,
    /// Fail, rather than not apply, where there is none.
    #[serde(default)]
    pub required: bool,
    /// Leave out names that end so.
    #[serde(default)]
    pub except: Vec<String>,
}

/// See [`Rule::Line`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineRule {
    /// With stars.
    pub path: Vec<String>,
    /// Of the regex crate, over bytes of one line.
    pub regex: String,
}

/// See [`Rule::Setting`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingRule {
    /// In the order they are read, with stars.
    pub path: Vec<String>,
    /// The key; ASCII case does not count.
    pub key: String,
    /// The section it must be in, for INI files.
    pub section: Option<String>,
    /// Lines are `key: value`.
    #[serde(default)]
    pub colon: bool,
    /// The first value counts, not the last.
    #[serde(default)]
    pub first: bool,
    /// The module of PAM that reads the file: what its lines say as an argument comes before what the file says.
    pub pam: Option<PamModule>,
    /// What holds where it is not set; without one, that fails.
    pub default: Option<String>,
    /// What it must be like.
    #[serde(default)]
    pub value: Test,
}

/// Where a module of PAM is looked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PamModule {
    /// Files below /etc/pam.d; those that are there.
    pub service: Vec<String>,
    /// `auth`, `account`, `password`, `session`.
    pub kind: String,
    /// `pam_faillock.so`.
    pub name: String,
}

/// See [`Rule::Systemd`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemdRule {
    /// Below the directories of systemd: `journald.conf`.
    pub file: String,
    /// `Journal`.
    pub section: String,
    /// `Storage`.
    pub key: String,
    /// What holds where it is not set.
    pub default: Option<String>,
    /// What it must be like.
    #[serde(default)]
    pub value: Test,
}

/// See [`Rule::Chrony`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChronyRule {
    /// One of these is there: `server`, `pool`.
    pub directive: Vec<String>,
    /// What its first word must be like.
    #[serde(default)]
    pub value: Test,
}

/// See [`Rule::Umask`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UmaskRule {
    /// With stars.
    pub path: Vec<String>,
    /// The bits that it must take away, in octal.
    pub least: String,
    /// Every such command must, where there is one; not one of them.
    #[serde(default)]
    pub every: bool,
}

/// See [`Rule::Sysctl`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SysctlRule {
    /// With dots.
    pub key: String,
    /// What it must be like.
    pub value: Test,
}

/// See [`Rule::Sshd`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshdRule {
    /// One of these; the first that is set counts.
    pub option: Vec<String>,
    /// What sshd itself takes where it is not set; without one, that fails. `+`, `-` and `^` before a list of
    /// algorithms change this one.
    pub default: Option<String>,
    /// What it must be like.
    #[serde(default)]
    pub value: Test,
    /// Look at the global section only.
    #[serde(default)]
    pub global: bool,
}

/// See [`Rule::KernelArgument`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelArgument {
    /// `audit`.
    pub name: String,
    /// What it must be like; the last one counts.
    #[serde(default)]
    pub value: Test,
    /// It must not be there (with such a value).
    #[serde(default)]
    pub absent: bool,
}

/// See [`Rule::MountOption`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MountOption {
    /// The mount point.
    pub path: String,
    /// `nodev`.
    pub option: String,
}

/// See [`Rule::Unit`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitRule {
    /// With their suffix.
    pub name: Vec<String>,
    /// What one of them must be.
    pub state: UnitState,
}

/// What systemd does with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitState {
    /// Started at boot.
    Enabled,
    /// Forbidden.
    Masked,
    /// There, and not started by itself.
    Disabled,
    /// There is none.
    Absent,
}

/// See [`Rule::Pam`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PamRule {
    /// Files below /etc/pam.d; those that are there.
    pub service: Vec<String>,
    /// `auth`, `account`, `password`, `session`.
    pub kind: String,
    /// `pam_unix.so`.
    pub module: String,
    /// Control words one of which it must have; none: any.
    #[serde(default)]
    pub control: Vec<String>,
    /// An argument that it must have: `nullok`, or `remember` with a value.
    pub argument: Option<String>,
    /// Arguments that exclude each other: the last of them on a line is the value.
    #[serde(default)]
    pub among: Vec<String>,
    /// What the argument's value must be like.
    #[serde(default)]
    pub value: Test,
    /// Every line of the module must be so, not one of them.
    #[serde(default)]
    pub every: bool,
}

/// See [`Rule::Sudo`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SudoRule {
    /// A flag or key of `Defaults` is set, and not unset later.
    Default(String),
    /// `timestamp_timeout` is at most so many minutes.
    TimeoutAtMost(i64),
    /// A word such as NOPASSWD or !authenticate stands nowhere.
    Never(String),
    /// Nobody gets everything without a password: but those named, which clouds make at first boot.
    NoPasswordlessAll {
        /// Users who may.
        except: Vec<String>,
    },
}

/// See [`Rule::Accounts`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountsRule {
    /// Only root has the user number 0.
    OnlyRootIsZero,
    /// root's group is 0.
    RootGroupIsZero,
    /// No other account has group 0.
    OnlyRootHasGroupZero,
    /// No group but root has the number 0.
    OnlyGroupRootIsZero,
    /// Every password field of passwd is `x`.
    PasswordsAreShadowed,
    /// No password field of shadow is empty.
    NoEmptyPassword,
    /// root has a password, or is locked.
    RootIsControlled,
    /// root has a password that works.
    RootHasPassword,
    /// Some account has a password that works.
    SomebodyHasPassword,
    /// Every group of passwd is in group.
    GroupsExist,
    /// No number is given twice.
    UniqueUids,
    /// No number is given twice.
    UniqueGids,
    /// No name is given twice.
    UniqueNames,
    /// No name is given twice.
    UniqueGroupNames,
    /// No account is in this group, or has it as its own.
    GroupIsEmpty(String),
    /// Accounts of the system have no login shell.
    SystemAccountsHaveNoShell,
    /// Accounts without a login shell are locked.
    NoShellMeansLocked,
    /// Homes are there, belong to their users, and let nobody else write, nor others read.
    Homes,
    /// Dot files in homes are their owner's, and closed to others.
    DotFiles,
    /// No such file in any home: `.rhosts`.
    NoFileInHomes(Vec<String>),
    /// A field of shadow, for accounts with a password: 3 minimum, 4 maximum, 5 warning, 6 inactive.
    Ageing {
        /// The field, from 0.
        field: usize,
        /// What it must be like.
        value: Test,
    },
}

/// See [`Rule::Sweep`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SweepRule {
    /// No regular file that everybody may write, and no such directory without the sticky bit.
    WorldWritable,
    /// No file in the directories of programs and configuration that everybody may write.
    SystemWorldWritable,
    /// Every owner and group has a name.
    Unowned,
    /// Every file below these directories is closed to others, but those named.
    Logs,
}

/// See [`Rule::AuditWatch`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditWatch {
    /// The path watched.
    pub path: String,
    /// Of `rwxa`.
    pub permissions: String,
}

/// See [`Rule::AuditCalls`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditCalls {
    /// Each must be in a rule, for 64-bit programs and for 32-bit ones.
    pub calls: Vec<String>,
    /// Fields that the rule must have: `auid>=1000`. With `arch=b64` one for 64-bit programs will do.
    #[serde(default)]
    pub fields: Vec<String>,
}
