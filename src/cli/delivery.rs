//! Which report goes where. Each is written by itself: where one cannot be, the others still are.

use std::io;
use std::path::{Path, PathBuf};

use super::arguments::{Display, EvidenceForm};
use super::formats::Wanted;
use super::output::{self, Place};
use super::policy::Gate;
use super::record::Ended;
use super::{Exit, Failure, Terminal};
use crate::audit::{Report, Target};
use crate::detect::Signatures;
use crate::report::{Format, Judgement, Options, Run, Told, terminal};

/// A report that was asked for.
#[derive(Debug)]
struct Delivery {
    format: &'static Format,
    /// `None` for standard output.
    to: Option<Place>,
}

/// All reports of one audit.
#[derive(Debug)]
pub(super) struct Plan {
    /// Files first, standard output last.
    deliveries: Vec<Delivery>,
}

impl Plan {
    /// What the flags ask for; refuses before the audit what could not be written after it.
    pub(super) fn new(display: &Display, target: &Target) -> Result<Self, Failure> {
        let wanted = wanted(display)?;
        if wanted.iter().any(|one| one.format.needs_file) {
            check_subject(target)?;
        }
        let mut deliveries = Vec::new();
        for Wanted { format, file } in wanted {
            let to = file.as_deref().map(|file| place(file, target)).transpose()?;
            deliveries.push(Delivery { format, to });
        }
        check_distinct(&deliveries)?;
        deliveries.sort_by_key(|delivery| delivery.to.is_none());
        Ok(Self { deliveries })
    }

    /// Whether the image's own file must be hashed.
    pub(super) fn needs_digest(&self) -> bool {
        self.deliveries.iter().any(|delivery| delivery.format.needs_digest)
    }

    /// Judges what was found, and writes all reports; the exit code is the gate's.
    pub(super) fn conclude(
        &self,
        gate: &Gate,
        (mut report, ended): (Report, Ended),
        signatures: &Signatures,
        display: &Display,
        terminal: &mut Terminal<'_>,
    ) -> Result<Exit, Failure> {
        let judgement = gate.judge(&mut report);
        let exit = Exit(judgement.exit_code);
        let run = ended.run(&report, &display.recorded, signatures);
        match self.deliver(&report, &judgement, &run, display, terminal) {
            // The reader went away (`2>&1 | head`): the verdict stays.
            Err(failure) if failure.message.is_empty() => Ok(exit),
            done => done.map(|()| exit),
        }
    }

    /// Writes all reports. Failures are told; the last is returned.
    fn deliver(
        &self,
        report: &Report,
        judgement: &Judgement,
        run: &Run,
        display: &Display,
        terminal: &mut Terminal<'_>,
    ) -> Result<(), Failure> {
        let mut failures = Vec::new();
        for delivery in &self.deliveries {
            let options = options(display, delivery.to.is_some(), terminal);
            let text = (delivery.format.render)(&Told { report, judgement, options: &options, run });
            let done = match &delivery.to {
                Some(place) => output::write(place, text.as_bytes(), options.secrets || options.hashes),
                None => to_standard_output(text.as_bytes(), terminal),
            };
            failures.extend(done.err());
        }
        let is_told = self.deliveries.iter().any(|delivery| delivery.to.is_none());
        if !is_told && !display.quiet {
            writeln!(terminal.err, "{}", judgement.sentence)?;
        }
        let last = failures.pop();
        for failure in failures {
            writeln!(terminal.err, "{} {}", terminal.error_word(), failure.message)?;
        }
        last.map_or(Ok(()), Err)
    }
}

/// A reader that went away (`| head`) has read enough.
fn to_standard_output(text: &[u8], terminal: &mut Terminal<'_>) -> Result<(), Failure> {
    match terminal.out.write_all(text).and_then(|()| terminal.out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(Failure::from),
    }
}

/// The formats, each with its file: the report for people is on standard output where nothing else is, but for `-o`
/// and `--quiet`.
fn wanted(display: &Display) -> Result<Vec<Wanted>, Failure> {
    let for_people = |file| Wanted { format: &terminal::FORMAT, file };
    let mut wanted = display.formats.clone();
    if let Some(output) = &display.output {
        return match wanted.as_slice() {
            [] => named_otherwise(output).map_or_else(|| Ok(vec![for_people(Some(output.clone()))]), Err),
            [Wanted { format, file: None }] => Ok(vec![Wanted { format, file: Some(output.clone()) }]),
            _ => Err(Failure::usage(
                "-o FILE is for one --format without a file of its own; name the files as in --format sarif=FILE",
            )),
        };
    }
    let on_stdout: Vec<&Format> =
        wanted.iter().filter(|one| one.file.is_none()).map(|one| one.format).collect();
    match on_stdout.as_slice() {
        [first, second, ..] => {
            let (first, second) = (first.name, second.name);
            return Err(Failure::usage(format!(
                "--format {first} and --format {second} both go to standard output; give one a file: \
                 --format {second}=FILE"
            )));
        }
        [] if wanted.is_empty() || !display.quiet => wanted.push(for_people(None)),
        _ => {}
    }
    Ok(wanted)
}

/// A file that is named as one for programs, where only the report for people was asked for.
fn named_otherwise(output: &Path) -> Option<Failure> {
    let format = Format::by_extension(output.extension()?.to_str()?)?;
    let (shown, name) = (output.display(), format.name);
    Some(Failure::usage(format!(
        "-o {shown}: would hold the report for people; for what its name says, add --format {name}"
    )))
}

/// Refuses before the audit what could not be written after it.
pub(super) fn place(file: &Path, target: &Target) -> Result<Place, Failure> {
    let same = |path: &PathBuf| match (path.canonicalize(), file.canonicalize()) {
        (Ok(path), Ok(file)) => path == file,
        _ => false,
    };
    if matches!(target, Target::Image(image) if same(image)) {
        let file = file.display();
        return Err(Failure::usage(format!("{file}: is the image itself, which is never written")));
    }
    output::place(file)
}

/// A statement is about a file.
fn check_subject(target: &Target) -> Result<(), Failure> {
    let what = match target {
        Target::Rootfs(_) => "a mounted tree",
        Target::Image(path) if path.is_dir() => "a folder of blocks",
        Target::Image(_) | Target::Bytes { .. } => return Ok(()),
    };
    Err(Failure::usage(format!(
        "--format intoto states something about an image file by its SHA-256, and {what} has none; \
         --format evidence works without"
    )))
}

/// Of two reports in one file, one would be lost.
fn check_distinct(deliveries: &[Delivery]) -> Result<(), Failure> {
    let files: Vec<_> = deliveries.iter().filter_map(|delivery| delivery.to.as_ref()?.identity()).collect();
    for (index, file) in files.iter().enumerate() {
        if files.iter().skip(index.saturating_add(1)).any(|other| other == file) {
            let file = file.display();
            return Err(Failure::usage(format!("{file}: is named for two reports; each needs its own file")));
        }
    }
    Ok(())
}

fn options(display: &Display, is_file: bool, terminal: &Terminal<'_>) -> Options {
    Options {
        secrets: display.show_secrets,
        hashes: display.evidence == EvidenceForm::Hash,
        min_severity: display.min_severity,
        quiet: display.quiet,
        verbose: display.verbose,
        color: if is_file { terminal.color == Some(true) } else { terminal.colored(false) },
        width: terminal.width,
    }
}
