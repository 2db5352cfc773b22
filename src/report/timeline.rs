//! The timeline of an image, event by event: for people, and in the forms that the tools of the field read.
//!
//! What is written is sealed a batch at a time, so that no secret of a command line gets out and an image of any size
//! takes the memory of one batch.

use std::io::{self, Write};

use crate::audit::{Quote, Quotes, Seal, Visit};
use crate::timeline::{Event, Source, Subject};

pub mod bodyfile;
mod csv;
mod jsonl;
mod page;
mod permissions;
mod table;
#[cfg(test)]
mod tests;
mod when;

pub use page::page;
pub use permissions::permissions;

/// Events that are sealed and written together.
const BATCH: usize = 4096;

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line an event, for people.
    Table,
    /// The body file of the Sleuth Kit, version 3: a line a file with its four times.
    Bodyfile,
    /// The 17 columns of log2timeline.
    Csv,
    /// An object a line, as Timesketch takes it.
    Jsonl,
}

/// Writes `events` in this form, in their order. Texts of the image are sealed by `seal`; without one they are written as
/// they are.
///
/// # Errors
/// Where `out` fails.
pub fn write(
    events: &mut dyn Iterator<Item = Event>,
    form: Form,
    seal: Option<&Seal>,
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(head(form).as_bytes())?;
    let mut count = table::Count::default();
    loop {
        let mut batch = Batch(events.take(BATCH).collect());
        if batch.0.is_empty() {
            break;
        }
        if let Some(seal) = seal {
            seal.apply(&mut batch);
        }
        for event in &batch.0 {
            let line = match form {
                Form::Table => table::line(event, &mut count),
                Form::Bodyfile => bodyfile::record(event),
                Form::Csv => csv::line(event),
                Form::Jsonl => jsonl::line(event),
            };
            out.write_all(line.as_bytes())?;
        }
    }
    if form == Form::Table { out.write_all(count.told().as_bytes()) } else { Ok(()) }
}

fn head(form: Form) -> String {
    match form {
        Form::Csv => csv::head(),
        Form::Table | Form::Bodyfile | Form::Jsonl => String::new(),
    }
}

/// Events that are sealed together.
struct Batch(Vec<Event>);

impl Quotes for Batch {
    fn each(&mut self, visit: Visit<'_>) {
        for event in &mut self.0 {
            visit(b"", Quote::Path(&mut event.path));
            // That of a file is its name; others quote the image.
            match event.source {
                Source::Files => visit(b"", Quote::Name(&mut event.message)),
                _ => visit(b"", Quote::Line(&mut event.message)),
            }
            if let Some(Subject::User(name) | Subject::Package(name)) = &mut event.subject {
                visit(b"", Quote::Name(name));
            }
            if let Some(host) = &mut event.host {
                visit(b"", Quote::Name(host));
            }
        }
    }
}

/// What an event is about, in words.
fn subject(event: &Event) -> String {
    match &event.subject {
        Some(Subject::User(name) | Subject::Package(name)) => name.clone(),
        Some(Subject::Uid(uid)) => uid.to_string(),
        None => String::new(),
    }
}

/// What is to be known of an event's time: how it is known, and what is odd about it.
fn remarks(event: &Event) -> Vec<&'static str> {
    let moment = &event.moment;
    let basis = (moment.basis != crate::timeline::Basis::Utc).then(|| moment.basis.name());
    let year = moment.year_inferred.then_some("year inferred");
    let marks = event.marks.iter().map(|mark| mark.name());
    basis.into_iter().chain(year).chain(marks).collect()
}
