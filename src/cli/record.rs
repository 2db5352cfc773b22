//! How this run went: the clock, the command line, the digests. Only evidence and statements are told of it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::{Failure, engine};
use crate::audit::{Report, Target};
use crate::detect::Signatures;
use crate::report::run::Digested;
use crate::report::{self, Run};
use assay_disk::image::digest::{self, Digest, Undigested};
use assay_disk::text::Escaped;

/// Flags whose values are recorded: what is not in this list could be a secret, and is not.
const RECORDED: [&str; 33] = [
    "accept-gap",
    "at",
    "audit-map",
    "audits",
    "baseline",
    "benchmark",
    "cache",
    "color",
    "compare-packages",
    "declarative-policy",
    "deleted",
    "eol",
    "evidence",
    "fail-on",
    "format",
    "hashes",
    "jobs",
    "max-age",
    "max-db-age",
    "min-severity",
    "output",
    "own",
    "policy",
    "profile",
    "proposal",
    "published",
    "reference",
    "rootfs",
    "signatures",
    "today",
    "trust",
    "vuln-db",
    "yara",
];

/// The command line that was parsed: program, command, names, flags in the order of the help.
pub(super) fn command_line(command: &Command, matches: &ArgMatches) -> Vec<String> {
    let mut words = vec![command.get_name().to_owned()];
    push_flags(command, matches, &mut words);
    if let Some((name, inner)) = matches.subcommand()
        && let Some(command) = command.find_subcommand(name)
    {
        words.extend(command_line(command, inner));
    }
    words
}

fn push_flags(command: &Command, matches: &ArgMatches, words: &mut Vec<String>) {
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        let source = matches.try_contains_id(id).ok().and_then(|_| matches.value_source(id));
        if source != Some(ValueSource::CommandLine) {
            continue;
        }
        let flag = arg.get_long().map(|long| format!("--{long}"));
        let is_recorded = arg.get_long().is_none_or(|long| RECORDED.contains(&long));
        if !arg.get_action().takes_values() {
            words.extend(flag);
            continue;
        }
        for value in matches.get_raw(id).into_iter().flatten() {
            words.extend(flag.clone());
            let value = Escaped(value.as_encoded_bytes()).to_string();
            words.push(if is_recorded { value } else { "…".to_owned() });
        }
    }
}

/// What is known before the audit.
pub(super) struct Begun {
    started: SystemTime,
    undigested: Option<Content>,
}

/// What has a digest of its own.
enum Content {
    File(Undigested),
    Bytes(Vec<u8>),
}

impl Begun {
    /// Looks at the clock, and opens the image's file where its digest is needed.
    pub(super) fn new(target: &Target, needs_digest: bool) -> Result<Self, Failure> {
        let started = SystemTime::now();
        let undigested = match target {
            Target::Image(path) if needs_digest && !path.is_dir() => Some(Content::File(open(path)?)),
            Target::Bytes { data, .. } if needs_digest => Some(Content::Bytes(data.clone())),
            _ => None,
        };
        Ok(Self { started, undigested })
    }

    /// Audits, and hashes meanwhile.
    pub(super) fn during(
        self,
        audit: impl FnOnce() -> Result<Report, Failure>,
    ) -> Result<(Report, Ended), Failure> {
        let stop = AtomicBool::new(false);
        let (report, digest) = std::thread::scope(|scope| {
            let hashing = self.undigested.map(|content| scope.spawn(|| content.digest(&stop)));
            let report = audit();
            stop.store(report.is_err(), Ordering::Relaxed);
            (report, hashing.map(std::thread::ScopedJoinHandle::join))
        });
        let report = report?;
        let panicked = |_| Err(Failure::unreadable("hashing the image failed: please report this"));
        let digest = digest.map(|joined| joined.unwrap_or_else(panicked)).transpose()?.flatten();
        Ok((report, Ended { started: self.started, ended: SystemTime::now(), digest }))
    }
}

fn open(path: &Path) -> Result<Undigested, Failure> {
    Undigested::open(path).map_err(Failure::unreadable)
}

impl Content {
    fn digest(self, stop: &AtomicBool) -> Result<Option<Digest>, Failure> {
        match self {
            Self::File(file) => file.digest(stop).map_err(Failure::unreadable),
            Self::Bytes(data) => digest::of(&data, stop).map_err(Failure::unreadable),
        }
    }
}

/// What is known after the audit.
pub(super) struct Ended {
    started: SystemTime,
    ended: SystemTime,
    digest: Option<Digest>,
}

impl Ended {
    /// What reports are told of the run.
    pub(super) fn run(self, report: &Report, command: &[String], signatures: &Signatures) -> Run {
        let name = report::file_name(report).to_owned();
        Run {
            created: created().unwrap_or_else(|| time(self.started)),
            started: time(self.started),
            ended: time(self.ended),
            command: command.to_vec(),
            rules: engine::rules_digest(signatures),
            image: self.digest.map(|found| Digested { name, size: found.size, sha256: found.sha256 }),
        }
    }
}

/// The moment of SOURCE_DATE_EPOCH: <https://reproducible-builds.org/specs/source-date-epoch/>.
fn created() -> Option<String> {
    let seconds: u64 = std::env::var("SOURCE_DATE_EPOCH").ok()?.parse().ok()?;
    Some(time(SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?))
}

fn time(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    #[test]
    fn times_are_utc_to_the_second() {
        assert_eq!(
            time(SystemTime::UNIX_EPOCH + Duration::from_millis(951_782_399_999)),
            "2000-02-28T23:59:59Z"
        );
    }

    #[test]
    fn every_flag_of_a_scan_is_recorded_with_its_value() {
        use clap::CommandFactory as _;

        let command = super::super::arguments::Arguments::command();
        let scan = command.find_subcommand("scan").unwrap();
        let valued = |arg: &&Arg| arg.get_action().takes_values();
        let flags = command.get_arguments().chain(scan.get_arguments()).filter(valued);
        // A flag whose value is a secret belongs neither there nor here: take it out of this test, with its reason.
        let missing: Vec<&str> =
            flags.filter_map(Arg::get_long).filter(|long| !RECORDED.contains(long)).collect();
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn values_of_flags_that_are_not_known_are_not_recorded() {
        let scan = Command::new("scan")
            .arg(Arg::new("image"))
            .arg(Arg::new("key").long("baseline-key"))
            .arg(Arg::new("jobs").long("jobs"))
            .arg(Arg::new("quiet").long("quiet").action(clap::ArgAction::SetTrue))
            .arg(Arg::new("color").long("color").default_value("auto"));
        let mut command = Command::new("assay").subcommand(scan);
        let args = ["assay", "scan", "--baseline-key", "hunter2", "--quiet", "a\n.img", "--jobs=2"];
        let matches = command.try_get_matches_from_mut(args).unwrap();
        let words = command_line(&command, &matches);
        assert_eq!(words, ["assay", "scan", "a\\n.img", "--baseline-key", "…", "--jobs", "2", "--quiet"]);
    }
}
