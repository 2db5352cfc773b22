//! The lists of rules in the kernel, as the lines leave them.

use super::line::{Event, Field, Line, Place};
use super::{Evidence, Placed};

/// The rules of each list, in the order in which they are asked.
#[derive(Default)]
pub(super) struct Lists<'l> {
    /// At the start of a process: what is turned off here makes no records of calls at all.
    task: Vec<&'l Placed>,
    /// At the end of a system call.
    exit: Vec<&'l Placed>,
    /// Records that are thrown away.
    exclude: Vec<&'l Placed>,
    /// The last `-e`.
    enabled: Option<&'l Placed>,
}

impl<'l> Lists<'l> {
    pub(super) fn of(lines: &'l [Placed]) -> Self {
        let mut lists = Self::default();
        for placed in lines {
            match placed.1.control() {
                Some((b'e', _)) => lists.enabled = Some(placed),
                Some(_) => {}
                None => lists.put(placed),
            }
        }
        lists
    }

    fn put(&mut self, placed: &'l Placed) {
        let Some((place, name, _)) = placed.1.rule() else { return };
        let list = match name {
            b"task" => &mut self.task,
            b"exit" => &mut self.exit,
            b"exclude" => &mut self.exclude,
            _ => return,
        };
        match place {
            Place::Last => list.push(placed),
            Place::First => list.insert(0, placed),
            Place::Gone => list.retain(|(_, other)| !other.is_like(&placed.1)),
        }
    }

    /// The line that turns off all records of system calls, and with them those of files.
    pub(super) fn off(&self) -> Option<Evidence> {
        let disabled = self.enabled.filter(|(_, line)| line.control() == Some((b'e', b"0")));
        let task = self.task.iter().find(|(_, line)| line.is_bare()).copied();
        let task = task.filter(|(_, line)| is_never(line));
        let excluded = || self.exclude.iter().find(|(_, line)| line.takes_calls()).copied();
        let (evidence, _) = disabled.or(task).or_else(excluded)?;
        let value = format!("turns off what the other rules say: {}", evidence.value);
        Some(Evidence { value, ..evidence.clone() })
    }

    /// The rule that records an event of all people, if it meets `wanted`, and no rule before keeps it from that.
    pub(super) fn recorded_by(&self, event: &Event<'_>, wanted: &[Field]) -> Option<&'l Evidence> {
        let records = |line: &Line| {
            !is_never(line)
                && line.takes(event)
                && wanted.iter().all(|field| line.conditions().any(|own| own == field))
                && line.conditions().all(|own| wanted.contains(own) || own.is_about_people())
        };
        let mut before: Vec<&Line> = Vec::new();
        for (evidence, line) in &self.exit {
            if records(line) && !before.iter().any(|never| takes_all_of(never, line)) {
                return Some(evidence);
            }
            if is_never(line) && line.takes(event) {
                before.push(line);
            }
        }
        None
    }
}

fn is_never(line: &Line) -> bool {
    line.rule().is_some_and(|(_, _, never)| never)
}

/// Whether `never` asks for no more than the other rule does, so that it takes all that the other would.
fn takes_all_of(never: &Line, line: &Line) -> bool {
    never.conditions().all(|field| line.conditions().any(|own| own == field))
        && never.comparisons().all(|one| line.comparisons().any(|own| own == one))
}
