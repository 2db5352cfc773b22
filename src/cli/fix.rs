//! `assay fix`: audit, or read a saved report, plan, write the script. It runs nothing and changes nothing.

use std::path::Path;
use std::sync::Arc;

use super::arguments::Fix;
use super::output::Place;
use super::progress::Bar;
use super::{Exit, Failure, Terminal, delivery, diff, engine, output, scan};
use crate::audit::{Settings, Target};
use crate::detect::{self, Signatures};
use crate::fix::{self, Part, Step, saved, script};
use crate::remedies::Machine;
use crate::report::TOOL_VERSION;

/// Runs the command.
pub(super) fn run(
    command: &Fix,
    outside: bool,
    signatures: Arc<Signatures>,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let target = scan::target(command.image.as_deref(), command.rootfs.as_deref())?;
    let place = command.output.as_deref().map(|path| delivery::place(path, &target)).transpose()?;
    if let Some((path, text)) = saved_report(&target)? {
        let failed = |reason| Failure::unreadable(format!("{}: {reason}", path.display()));
        let saved = saved::parse(&text).map_err(failed)?;
        let steps = fix::plan(&saved.findings, &saved.machine, &saved);
        write(&steps, &saved.machine, &saved.name, place.as_ref(), terminal)?;
        let more = match saved.not_shown {
            0 => String::new(),
            count => format!(" {count} findings are not in the report (--min-severity)."),
        };
        writeln!(
            terminal.err,
            "A report does not hold the files: name the image or --rootfs for a script that writes over values \
             in place.{more}"
        )?;
        return Ok(Exit::PASS);
    }
    let bar = Bar::new(place.is_some(), terminal);
    let detect = detect::Options::of(signatures);
    let audited = engine::keep(&target, outside, Settings { detect, ..Settings::default() }, &bar)?;
    drop(bar);
    let report = &audited.report;
    let steps = fix::plan(&report.findings, &report.machine, &audited.tree);
    write(&steps, &report.machine, &report.subject.name, place.as_ref(), terminal)?;
    Ok(Exit::PASS)
}

/// The path and the text of a report, where the target is one.
fn saved_report(target: &Target) -> Result<Option<(&Path, Vec<u8>)>, Failure> {
    let Target::Image(path) = target else { return Ok(None) };
    Ok(diff::report(path)?.map(|text| (path.as_path(), text)))
}

fn write(
    steps: &[Step<'_>],
    machine: &Machine,
    subject: &str,
    place: Option<&Place>,
    terminal: &mut Terminal<'_>,
) -> Result<(), Failure> {
    let text = script::render(steps, &machine.marks, subject, TOOL_VERSION);
    match place {
        None => terminal.out.write_all(text.as_bytes())?,
        Some(place) => output::write(place, text.as_bytes(), false)?,
    }
    writeln!(terminal.err, "{}", summary(steps))?;
    Ok(())
}

fn summary(steps: &[Step<'_>]) -> String {
    let count = |parts: &[Part]| steps.iter().filter(|step| parts.contains(&step.part)).count();
    let (done, open) = (count(&[Part::Automatic, Part::Last]), count(&[Part::Decide, Part::DecideLast]));
    let told = count(&[Part::Told]);
    format!(
        "{done} steps need no decision, {open} are commented out for a person to decide, {told} are beyond a script."
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;
    use std::process::Command;

    use super::*;
    use crate::finding::{Advisory, Category, Finding, Secret};
    use crate::packages::PackageManager;
    use crate::remedies::{Entry, Remedies};

    /// Those about machines: no command on a machine mends an account or code. What mends a package depends on its kind and
    /// version: the finding has the command itself.
    fn advisories() -> Vec<Arc<Advisory>> {
        let mut all = engine::advisories(&Arc::new(Signatures::embedded().unwrap()));
        all.retain(|advisory| ![Category::Sourcing, Category::Package].contains(&advisory.category));
        all
    }

    #[test]
    fn every_advisory_has_a_remedy_and_an_origin() {
        let all = Remedies::embedded();
        let (mut bare, mut unknown) = (Vec::new(), Vec::new());
        for advisory in advisories() {
            let always = |paths: &Vec<String>| paths.is_empty();
            if !all.entries.iter().any(|entry| entry.select.is_of(&advisory) && always(&entry.select.paths)) {
                bare.push(advisory.id.clone());
            }
            if !all
                .origins
                .iter()
                .any(|origin| origin.select.is_of(&advisory) && always(&origin.select.paths))
            {
                unknown.push(advisory.id.clone());
            }
        }
        assert!(bare.is_empty(), "no remedy at every path: {bare:?}");
        assert!(unknown.is_empty(), "no origin at every path: {unknown:?}");
    }

    #[test]
    fn every_entry_is_for_some_advisory_that_no_earlier_one_takes() {
        let advisories = advisories();
        let all = Remedies::embedded();
        let reached = |entry: &Entry, at: usize| {
            advisories.iter().any(|advisory| {
                let earlier = all.entries.iter().take(at);
                let mut taken = earlier.filter(|earlier| earlier.select.paths.is_empty());
                entry.select.is_of(advisory) && !taken.any(|earlier| earlier.select.is_of(advisory))
            })
        };
        for (at, entry) in all.entries.iter().enumerate() {
            assert!(reached(entry, at), "for nothing: {:?}", entry.select);
            for rule in entry.select.rules.iter().filter(|rule| !rule.contains('*')) {
                assert!(advisories.iter().any(|advisory| advisory.id == *rule), "no advisory {rule}");
            }
        }
        for origin in &all.origins {
            assert!(advisories.iter().any(|advisory| origin.select.is_of(advisory)), "{:?}", origin.select);
        }
    }

    /// Every command that can be given for `advisory`, with hostile values.
    fn commands(advisory: &Arc<Advisory>, machines: &[Machine]) -> BTreeSet<String> {
        let hostile = "/srv/-rf 'a\n\u{1b}[2J$(id)`id`\";&|\\*";
        let all = Remedies::embedded();
        let mut commands = BTreeSet::new();
        for entry in all.entries.iter().filter(|entry| entry.select.is_of(advisory)) {
            let paths =
                entry.select.paths.iter().map(|path| path.replace('*', hostile.trim_start_matches('/')));
            for path in paths.chain([hostile.to_owned()]) {
                let mut finding =
                    Finding::new(advisory).subject(hostile).secret(Secret::new(*b"hunter2-secret"));
                finding.package = Some(hostile.to_owned());
                finding.location.path = path.into_bytes();
                for (line, offset) in [(Some(1), None), (None, Some(7)), (None, None)] {
                    (finding.location.line, finding.location.offset) = (line, offset);
                    commands
                        .extend(machines.iter().flat_map(|machine| all.remedy(&finding, machine).commands));
                }
            }
        }
        commands
    }

    #[test]
    fn every_command_is_one_for_a_shell_whatever_the_names() {
        let all = PackageManager::ALL.map(Some).into_iter().chain([None]);
        let machines: Vec<Machine> = all
            .map(|packages| Machine {
                packages,
                has_systemd: packages == Some(PackageManager::Dpkg),
                ..Machine::default()
            })
            .collect();
        let mut all = BTreeSet::new();
        for advisory in advisories() {
            let of_this = commands(&advisory, &machines);
            assert!(!of_this.is_empty(), "{} has no command", advisory.id);
            all.extend(of_this);
        }
        assert!(all.len() > 300, "{}", all.len());
        let dir = tempfile::tempdir().unwrap();
        let mut script = String::new();
        for (number, command) in all.iter().enumerate() {
            assert!(command.chars().all(|c| !c.is_control()), "{command:?}");
            assert!(!command.contains("hunter2"), "a secret in {command}");
            std::fs::write(dir.path().join(number.to_string()), format!("{command}\n")).unwrap();
            let _ = writeln!(script, "sh -n {number} || echo wrong {number}");
        }
        let done = Command::new("sh").arg("-c").arg(script).current_dir(dir.path()).output().unwrap();
        let told = String::from_utf8_lossy(&done.stdout);
        let wrong: Vec<_> =
            told.lines().filter_map(|line| line.strip_prefix("wrong ")?.parse::<usize>().ok()).collect();
        let wrong: Vec<_> = wrong.iter().map(|&number| all.iter().nth(number)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
