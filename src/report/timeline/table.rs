//! The timeline for people: a line an event.

use super::super::words::shown;
use super::{Event, remarks, subject, when};
use crate::timeline::{Basis, EventKind};
use assay_disk::text::Escaped;

/// How many events were told, and how many with a time that is not certain.
#[derive(Default)]
pub(super) struct Count {
    events: u64,
    uncertain: u64,
}

impl Count {
    /// The last lines.
    pub(super) fn told(&self) -> String {
        let legend = if self.uncertain > 0 {
            "; ~ marks a zone that was assumed, or a year that was inferred"
        } else {
            ""
        };
        let noun = if self.events == 1 { "event" } else { "events" };
        format!("\n{} {noun}, times in UTC{legend}\n", self.events)
    }
}

/// The line of an event.
pub(super) fn line(event: &Event, count: &mut Count) -> String {
    let moment = &event.moment;
    let is_uncertain = moment.year_inferred || moment.basis == Basis::Assumed;
    count.events = count.events.saturating_add(1);
    count.uncertain = count.uncertain.saturating_add(u64::from(is_uncertain));
    let time = when::iso(moment.time).replace('T', " ");
    let time = time.get(..19).unwrap_or(&time);
    let mark = if is_uncertain { '~' } else { ' ' };
    let source = event.source.name();
    let EventKind::File(times) = event.kind else {
        let (kind, message) = (event.kind.name(), shown(&event.message));
        let subject = subject(event);
        let about = if subject.is_empty() { String::new() } else { format!("[{}] ", shown(&subject)) };
        return format!("{time}{mark} {source:<10} {kind:<17} {about}{message}\n");
    };
    let notes = remarks(event);
    let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join(", ")) };
    format!(
        "{time}{mark} {source:<10} {:<17} {}{notes}\n",
        times.letters(),
        Escaped(event.message.as_bytes())
    )
}
