//! The flags, as typed. What they mean is decided where they are used.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::completions::Shell;
use super::formats::{Wanted, WantedParser};
use crate::checks::benchmark::BENCHMARKS;
use crate::finding::{GapKind, Severity};

mod baseline;
mod examples;
mod judging;
pub(super) mod sourcing;

pub(super) use baseline::Baseline;
pub(super) use judging::Judging;

const EXAMPLES: &str = "\
Examples:
  assay demo                                    audit a small leaky image that is built in
  assay scan disk.raw                           audit a raw disk image
  assay scan --rootfs /                         audit the running machine before it is imaged
  assay scan disk.raw --format json -o report.json
  assay cat disk.raw /etc/os-release            look at one file without mounting

Exit codes:
  0  the image passes        3  the image could not be audited
  1  the gate failed         4  incomplete: something could not be looked at
  2  wrong usage";

const SCAN_USAGE: &str = "\
assay scan [OPTIONS] <IMAGE>
       assay scan [OPTIONS] --rootfs <DIR>";

const SCAN_EXAMPLES: &str = "\
Examples:
  assay scan disk.raw
  assay scan disk.qcow2                         or VMDK, VHD(X), VDI, OVA, disk.raw.zst …
  assay scan disk.raw --fail-on medium --accept-gap encrypted
  assay scan disk.raw --profile public-ami      nothing leaks, and AWS's guides hold
  assay scan disk.raw --format json --evidence hash -o report.json
  assay scan disk.raw --format sarif=a.sarif --format junit=a.xml
  assay scan disk.raw --benchmark auto          and the CIS benchmark for its system
  assay scan /dev/nvme1n1                       an attached volume, read-only
  assay scan --rootfs /mnt                      a mounted tree";

const FIX_EXAMPLES: &str = "\
Examples:
  assay fix --rootfs / -o clean.sh              on the machine that an image is taken of
  assay fix report.json -o clean.sh             from a report of assay scan --format json
  sh clean.sh --dry-run                         what it would do
  sh clean.sh                                   do it; then audit again";

const LOOK_EXAMPLES: &str = "\
Examples:
  assay ls disk.raw /root/.ssh
  assay cat disk.raw /etc/shadow
  assay cat disk.raw /var/log/wtmp > wtmp       bytes as they are, where no terminal reads them";

/// Audits the content of machine images: finds what must not be published, and says what it could not
/// read. Reads only, needs no root, mounts nothing, stays offline.
#[derive(Debug, Parser)]
#[command(name = "assay", version, after_help = EXAMPLES, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub(super) color: ColorWhen,
    /// Let an image name files outside its own folder (backing files, extents, parents)
    #[arg(long, global = true)]
    pub(super) allow_outside_files: bool,
    /// Signatures of your own, in DIR/credentials, DIR/files and so on (signatures/README.md), beside or instead of the
    /// program's (by id)
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) signatures: Option<PathBuf>,
}

impl Arguments {
    /// Takes up the command line as it may be recorded.
    pub(super) fn record(&mut self, words: Vec<String>) {
        match &mut self.command {
            Command::Scan(Scan { display, .. })
            | Command::Demo(display)
            | Command::Code(super::code::Code { display, .. })
            | Command::Sourcing(sourcing::Sourcing { display, .. }) => display.recorded = words,
            _ => {}
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Audit a disk image, or a mounted tree
    Scan(Scan),
    /// Write down what an image has, so that later ones are judged by what is new
    Baseline(Baseline),
    /// Compare two versions of an image, or reports of them: what is new, gone, changed, shared
    Diff(super::diff::Diff),
    /// Write a shell script that cleans the machine of what an audit finds; it is not run
    #[command(after_help = FIX_EXAMPLES)]
    Fix(Fix),
    /// Audit a small leaky image that the program carries: see a real report at once
    #[command(after_help = examples::DEMO)]
    Demo(Display),
    /// Judge which images an account runs, whose they are, and who may use its own, by exports
    Sourcing(sourcing::Sourcing),
    /// Find where code chooses an image, and whether a stranger can choose for it
    Code(super::code::Code),
    /// List the software of an image: packages, language libraries, programs without a package, kernels
    Packages(super::packages::Packages),
    /// Have deleted files come back: list them, or write them to a folder
    Undelete(super::undelete::Undelete),
    /// Write files of an image to a folder, with their digests, times and places
    Extract(super::undelete::Extract),
    /// Tell what happened in an image, in the order of time: file times, logins, journals, packages, commands
    Timeline(super::timeline::Timeline),
    /// Show partitions and file systems of an image
    #[command(after_help = examples::LAYOUT)]
    Layout {
        /// Disk image, block device, or folder of EBS blocks
        image: PathBuf,
    },
    /// List a directory of an image, or one file
    #[command(after_help = LOOK_EXAMPLES)]
    Ls {
        /// Disk image, block device, or folder of EBS blocks
        image: PathBuf,
        /// Path in the running machine
        #[arg(default_value = "/")]
        path: OsString,
    },
    /// Write the content of a file of an image to standard output
    #[command(after_help = LOOK_EXAMPLES)]
    Cat {
        /// Disk image, block device, or folder of EBS blocks
        image: PathBuf,
        /// Path in the running machine
        path: OsString,
    },
    /// The rules: what is looked for, why, and what to do about it
    #[command(after_help = examples::RULES)]
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Print what a shell needs to complete the command line
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// Which shell, and where its file belongs
        shell: Shell,
    },
    /// Write the manual pages into a folder: for whoever packages the program
    #[command(hide = true)]
    Man {
        /// The folder, which is made where it is missing
        dir: PathBuf,
    },
    /// Print type, mode, owner, group, size, SHA-256 and path of every entry: for comparing with a kernel
    #[command(hide = true)]
    Manifest {
        /// Disk image, block device, or folder of EBS blocks
        image: PathBuf,
    },
    /// Print the SHA-256 and path of every file of a tree in which values are found: for `scan --published`, where the
    /// tree is one that anybody can have
    #[command(hide = true)]
    Published {
        /// A mounted tree, or an unpacked package
        dir: PathBuf,
        /// Print lines of the list that the program carries
        #[arg(long)]
        carried: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// List all rules
    #[command(after_help = examples::RULES_LIST)]
    List {
        /// How: a line each, or all that is known of them (docs/checks.md)
        #[arg(long, value_enum, default_value = "lines")]
        format: ListFormat,
    },
    /// Show one rule in full
    #[command(after_help = examples::RULES_SHOW)]
    Show {
        /// Its id, as reports and `rules list` print it
        id: String,
    },
    /// Prove every rule on its own examples
    #[command(after_help = examples::RULES_CHECK)]
    Check,
}

/// `rules list --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// A line each
    Lines,
    /// Markdown, with severity, why and remedy
    Markdown,
}

#[derive(Debug, Args)]
#[command(after_help = SCAN_EXAMPLES, override_usage = SCAN_USAGE)]
pub(super) struct Scan {
    /// Disk image, block device, or folder of EBS blocks
    #[arg(required_unless_present = "rootfs", conflicts_with = "rootfs")]
    pub(super) image: Option<PathBuf>,
    /// Audit a mounted tree instead of an image
    #[arg(long, value_name = "DIR")]
    pub(super) rootfs: Option<PathBuf>,
    /// Fail (exit 1) on findings of this severity or above, of every category [default: high, or the policy's]
    #[arg(long, value_name = "SEVERITY", value_parser = fail_on())]
    pub(super) fail_on: Option<FailOn>,
    /// Let the image pass although something of this kind could not be looked at; repeatable
    #[arg(long, value_name = "KIND", value_parser = accept_gap())]
    pub(super) accept_gap: Vec<AcceptGap>,
    #[command(flatten)]
    pub(super) judging: Judging,
    /// Judge the system by a CIS benchmark, too (auto: the one for its release)
    #[arg(long, value_name = "NAME", value_parser = benchmark())]
    pub(super) benchmark: Option<String>,
    /// Which files are compared with the image's own package database [default: essential, or the policy's]
    #[arg(long, value_enum, value_name = "FILES")]
    pub(super) compare_packages: Option<ComparePackages>,
    /// Search free space, and have deleted files come back [default: the policy's, or false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) deleted: Option<bool>,
    /// Compare programs, libraries, units and configuration with this trusted image (or mounted tree)
    #[arg(long, value_name = "IMAGE")]
    pub(super) reference: Option<PathBuf>,
    /// Pass over files that an earlier audit with this FILE found clean, and write it anew (trust it like the
    /// program: whoever can write it can hide a file)
    #[arg(long, value_name = "FILE")]
    pub(super) cache: Option<PathBuf>,
    /// Find files by a list of SHA-256: a digest a line, as sha256sum writes them, or CSV with a column sha256;
    /// repeatable. Every file is then digested (a CPU-second a GB), and the list takes 32 bytes a digest of memory
    #[arg(long, value_name = "FILE")]
    pub(super) hashes: Vec<PathBuf>,
    /// Take the files on a list of SHA-256 (as for --hashes) for published: values in them are no leak; repeatable. Trust
    /// it like the program: whatever is on it is not reported
    #[arg(long, value_name = "FILE")]
    pub(super) published: Vec<PathBuf>,
    /// Find files by rules of YARA: a file, or a folder of .yar and .yara files; repeatable
    #[arg(long, value_name = "FILE_OR_DIR", hide = !cfg!(feature = "yara"))]
    pub(super) yara: Vec<PathBuf>,
    /// Hold the installed packages against vulnerability data: OSV, updateinfo.xml, Debian's tracker, CSAF, OpenVEX, KEV,
    /// EPSS, recognised by content; a file or a folder, repeatable (docs/packages.md)
    #[arg(long, value_name = "PATH")]
    pub(super) vuln_db: Vec<PathBuf>,
    /// Say so when vulnerability data are older than this [default: 5, or the policy's]
    #[arg(long, value_name = "DAYS", requires = "vuln_db")]
    pub(super) max_db_age: Option<u32>,
    /// Newer days of the end of support, in the form of signatures/end-of-life.toml
    #[arg(long, value_name = "FILE")]
    pub(super) eol: Option<PathBuf>,
    /// Threads [default: one per core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    #[command(flatten)]
    pub(super) display: Display,
}

/// `assay fix`.
#[derive(Debug, Args)]
pub(super) struct Fix {
    /// Disk image, block device, folder of EBS blocks, or a report of `assay scan --format json`
    #[arg(required_unless_present = "rootfs", conflicts_with = "rootfs")]
    pub(super) image: Option<PathBuf>,
    /// Audit a mounted tree instead of an image
    #[arg(long, value_name = "DIR")]
    pub(super) rootfs: Option<PathBuf>,
    /// Write the script to FILE, which appears only when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// How a report is shown.
#[derive(Debug, Args)]
pub(super) struct Display {
    /// Form of the report, on standard output or in FILE; repeatable [default: terminal]
    #[arg(long = "format", value_name = "NAME[=FILE]", value_parser = WantedParser)]
    pub(super) formats: Vec<Wanted>,
    /// Write the report, of one format, to FILE, which appears only when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Show only findings of this severity or above; all are counted and judged
    #[arg(long, value_name = "SEVERITY", default_value = "info", value_parser = severity())]
    pub(super) min_severity: Severity,
    /// Show the secrets themselves: the report is then a secret
    #[arg(long)]
    pub(super) show_secrets: bool,
    /// What the JSON says of each secret beside its first characters
    #[arg(long, value_enum, default_value = "none")]
    pub(super) evidence: EvidenceForm,
    /// Show only the summary
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Show every place, and why each rule matters
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Show no progress bar
    #[arg(long)]
    pub(super) no_progress: bool,
    /// The command line as it may be recorded.
    #[arg(skip)]
    pub(super) recorded: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorWhen {
    /// On a terminal, and as NO_COLOR, CLICOLOR and CLICOLOR_FORCE say
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum EvidenceForm {
    /// Nothing more
    None,
    /// The SHA-256 of its value
    Hash,
}

/// `--compare-packages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ComparePackages {
    /// Programs, libraries, units, setuid programs, PAM modules
    Essential,
    /// Every file that has a digest; takes longer
    All,
    /// None
    None,
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailOn {
    Severity(Severity),
    Never,
}

/// `--accept-gap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AcceptGap {
    Kind(GapKind),
    All,
}

fn benchmark() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(BENCHMARKS.map(|(name, ..)| name).into_iter().chain(["auto"]))
}

fn severity() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::ALL.map(Severity::name))
        .map(|name| Severity::by_name(&name).unwrap_or(Severity::Info))
}

pub(super) fn fail_on() -> impl TypedValueParser<Value = FailOn> {
    PossibleValuesParser::new(Severity::ALL.map(Severity::name).into_iter().chain(["never"]))
        .map(|name| Severity::by_name(&name).map_or(FailOn::Never, FailOn::Severity))
}

pub(super) fn accept_gap() -> impl TypedValueParser<Value = AcceptGap> {
    let kind = |name: &str| GapKind::ALL.into_iter().find(|kind| kind.name() == name);
    PossibleValuesParser::new(GapKind::ALL.map(GapKind::name).into_iter().chain(["all"]))
        .map(move |name| kind(&name).map_or(AcceptGap::All, AcceptGap::Kind))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }

    /// The commands that do something, with those that lead to them.
    fn leaves(command: &clap::Command) -> Vec<clap::Command> {
        let beneath = command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help");
        let beneath: Vec<_> = beneath.flat_map(leaves).collect();
        std::iter::once(command.clone()).chain(beneath).collect()
    }

    #[test]
    fn the_help_of_every_command_ends_with_examples_that_parse() {
        for command in leaves(&Arguments::command()) {
            let (name, help) = (command.get_name(), command.get_after_help().unwrap_or_default().to_string());
            assert!(help.starts_with("Examples:\n  assay "), "{name}: {help}");
            for line in help.lines().filter_map(|line| line.strip_prefix("  ")) {
                // After two spaces, or the file that a shell writes to, comes what it is good for.
                let words = line.split("  ").next().unwrap().split(" > ").next().unwrap();
                if words.starts_with("assay ") {
                    let parsed = Arguments::try_parse_from(words.split(' '));
                    assert!(parsed.is_ok(), "{name}: {words}: {}", parsed.err().unwrap());
                }
            }
        }
    }

    #[test]
    fn every_severity_and_kind_of_gap_has_its_word() {
        for severity in Severity::ALL {
            assert_eq!(Severity::by_name(severity.name()), Some(severity));
        }
        let words: Vec<String> =
            GapKind::ALL.iter().map(|kind| format!("--accept-gap={}", kind.name())).collect();
        let args = ["assay", "scan", "a.img"].map(str::to_owned).into_iter().chain(words);
        let Command::Scan(scan) = Arguments::try_parse_from(args).unwrap().command else { panic!() };
        assert_eq!(scan.accept_gap, GapKind::ALL.map(AcceptGap::Kind));
    }
}
