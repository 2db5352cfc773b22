//! `assay timeline`: what happened in an image, in the order of time.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::progress::Bar;
use super::{Exit, Failure, Terminal, engine, inspect, memory, output, scan};
use crate::audit::Seal;
use crate::budget::Budget;
use crate::detect::Signatures;
use crate::facts::Facts;
use crate::finding::Gap;
use crate::report::timeline::{self as report, Form};
use crate::timeline::{self, Filter, Source, filter};
use assay_disk::fs::Time;
use assay_disk::tree::Tree;

const EXAMPLES: &str = "\
Examples:
  assay timeline disk.raw
  assay timeline disk.raw --after 2026-01-31T10:00:00 --before 2026-02-01
  assay timeline disk.raw --source journal,wtmp,btmp,syslog      no times of files
  assay timeline disk.raw --path '/etc/**' --path '/root/*'
  assay timeline disk.raw --format jsonl -o disk.jsonl           for Timesketch
  assay timeline disk.raw --format bodyfile --source files       what fls -r -m / prints
  assay timeline disk.raw --format html -o disk.html             a page that zooms from years to seconds

Exit codes:
  0  all was read        3  the image could not be read
  2  wrong usage         4  something could not be looked at: there may be more";

const USAGE: &str = "\
assay timeline [OPTIONS] <IMAGE>
       assay timeline [OPTIONS] --rootfs <DIR>";

/// `assay timeline`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = USAGE)]
pub(super) struct Timeline {
    /// Disk image, block device, or folder of EBS blocks
    #[arg(required_unless_present = "rootfs", conflicts_with = "rootfs")]
    image: Option<PathBuf>,
    /// Look at a mounted tree instead of an image
    #[arg(long, value_name = "DIR")]
    rootfs: Option<PathBuf>,
    /// Form of the timeline
    #[arg(long, value_enum, default_value = "table")]
    format: TimelineForm,
    /// Only from this time on: 2026-01-31, or 2026-01-31T10:00:00+01:00 (UTC where no offset is said)
    #[arg(long, value_name = "TIME", value_parser = time)]
    after: Option<Time>,
    /// Only before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    before: Option<Time>,
    /// Only from these sources
    #[arg(long, value_name = "SOURCE", value_delimiter = ',', value_parser = source())]
    source: Vec<Source>,
    /// Only of these files, and of records in them: `*` within a part of the path, `**` over parts; repeatable
    #[arg(long, value_name = "GLOB")]
    path: Vec<String>,
    /// Show secrets in commands and messages in full
    #[arg(long)]
    show_secrets: bool,
    /// Write the timeline to FILE, which appears only when it is complete
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show no progress bar
    #[arg(long)]
    no_progress: bool,
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TimelineForm {
    /// A line an event, for people
    Table,
    /// The Sleuth Kit's body file: a line a file, for mactime and plaso
    Bodyfile,
    /// The 17 columns of log2timeline
    Csv,
    /// An object a line, for Timesketch: docs/timeline.md
    Jsonl,
    /// A page to zoom from years to seconds: one file that needs no network
    Html,
}

fn time(text: &str) -> Result<Time, String> {
    filter::time(text).ok_or_else(|| "no such time: write 2026-01-31 or 2026-01-31T10:00:00".to_owned())
}

fn source() -> impl clap::builder::TypedValueParser<Value = Source> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    let names = Source::ALL.map(Source::name);
    PossibleValuesParser::new(names).try_map(|name| Source::by_name(&name).ok_or("no such source"))
}

/// Runs the command.
pub(super) fn run(
    wanted: &Timeline,
    outside: bool,
    signatures: Arc<Signatures>,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let target = scan::target(wanted.image.as_deref(), wanted.rootfs.as_deref())?;
    let place = wanted.output.as_deref().map(output::place).transpose()?;
    let budget = memory::within(Budget::default());
    let bar = Bar::new(!wanted.no_progress, terminal);
    let system = engine::opened(&target, outside, &bar)?;
    // Its gaps are about other things, but for the packages.
    let (facts, _) = Facts::gather_within(&system.tree, &budget);
    let filter = wanted.filter();
    let timeline = timeline::gather(&system.tree, &facts, &filter, &budget);
    drop(bar);
    let mut gaps = system.gaps;
    gaps.extend(timeline.gaps.iter().cloned());
    let seal = (!wanted.show_secrets).then(|| Seal::new(&[], signatures));
    let (tree, image) = (&system.tree, system.subject.name.as_str());
    let told = Told { tree, facts: &facts, timeline: &timeline, filter: &filter, image, seal: seal.as_ref() };
    let mut write = |out: &mut dyn Write| told.write(wanted.format, out);
    match &place {
        Some(place) => output::stream(place, wanted.show_secrets, &mut write)?,
        None => write(&mut io::BufWriter::new(&mut *terminal.out))?,
    }
    inspect::told(&sealed(gaps, seal.as_ref()), terminal)
}

/// Gaps as they may be told.
fn sealed(gaps: Vec<Gap>, seal: Option<&Seal>) -> Vec<Gap> {
    let mut report = crate::audit::Report { gaps, ..crate::audit::Report::default() };
    if let Some(seal) = seal {
        seal.apply(&mut report);
    }
    report.gaps
}

impl Timeline {
    fn filter(&self) -> Filter {
        Filter {
            after: self.after,
            before: self.before,
            sources: self.source.clone(),
            paths: self.path.clone(),
        }
    }
}

/// What is written.
struct Told<'t> {
    tree: &'t Tree,
    facts: &'t Facts,
    timeline: &'t timeline::Timeline,
    filter: &'t Filter,
    image: &'t str,
    seal: Option<&'t Seal>,
}

impl Told<'_> {
    fn write(&self, form: TimelineForm, out: &mut dyn Write) -> io::Result<()> {
        let mut events = self.timeline.events(self.tree, self.facts);
        let form = match form {
            TimelineForm::Html => return report::page(&mut events, self.image, self.seal, out),
            TimelineForm::Bodyfile => {
                // A file is one line with all its times.
                report::bodyfile::files(self.tree, self.filter, self.seal, out)?;
                let mut records = events.filter(|event| event.source != Source::Files);
                return report::write(&mut records, Form::Bodyfile, self.seal, out);
            }
            TimelineForm::Table => Form::Table,
            TimelineForm::Csv => Form::Csv,
            TimelineForm::Jsonl => Form::Jsonl,
        };
        report::write(&mut events, form, self.seal, out)
    }
}
