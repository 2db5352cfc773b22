//! Histories of shells that have the times of their commands.
//!
//! Sources: bash(1), HISTTIMEFORMAT (a line `#1700000000` before the command); zshoptions(1), EXTENDED_HISTORY
//! (`: 1700000000:0;command`); fish (`- cmd: command`, `  when: 1700000000`). Lines without a time are no events.

use std::io::{self, Read};

use super::event::{Event, EventKind, Moment};
use super::log_lines;
use super::source::Source;

/// Names of histories, as the last part of a path.
const NAMES: [&[u8]; 7] = [
    b".bash_history",
    b".zsh_history",
    b".zhistory",
    b".histfile",
    b"fish_history",
    b".sh_history",
    b".history",
];

/// Whether a file of this name may be a history with times.
pub(super) fn is_history(name: &[u8]) -> bool {
    NAMES.contains(&name)
}

/// Hands on each command with its time.
///
/// # Errors
/// Where reading fails: what was read before counts.
pub(super) fn events(input: &mut dyn Read, each: &mut dyn FnMut(Event)) -> io::Result<()> {
    let mut time = None;
    let mut command: Option<String> = None;
    log_lines::each(input, &mut |line| {
        let text = String::from_utf8_lossy(line);
        if let Some((seconds, own)) = zsh(&text) {
            each(event(seconds, own));
        } else if let Some(own) = text.strip_prefix("- cmd: ") {
            command = Some(own.to_owned());
        } else if let Some(seconds) = text.strip_prefix("  when: ").and_then(seconds) {
            command.take().map(|own| event(seconds, &own)).into_iter().for_each(&mut *each);
        } else if let Some(seconds) = text.strip_prefix('#').and_then(seconds) {
            time = Some(seconds);
        } else if let Some(seconds) = time.take().filter(|_| !text.is_empty()) {
            each(event(seconds, &text));
        }
    })
}

fn zsh(line: &str) -> Option<(i64, &str)> {
    let (time, rest) = line.strip_prefix(": ")?.split_once(':')?;
    let (length, command) = rest.split_once(';')?;
    length.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    Some((seconds(time)?, command))
}

/// A time from 2001 on: ten digits or more. What is shorter is a comment.
fn seconds(text: &str) -> Option<i64> {
    let is_time = (10..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_time.then(|| text.parse().ok()).flatten()
}

fn event(seconds: i64, command: &str) -> Event {
    Event::new(Source::History, EventKind::Command, Moment::utc(seconds, 0), command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(i64, String)> {
        let mut all = Vec::new();
        events(&mut text.as_bytes(), &mut |event| all.push((event.moment.time.seconds, event.message)))
            .unwrap();
        all
    }

    #[test]
    fn commands_with_a_time_are_read_from_every_shell() {
        let bash = "before\n#1700000000\nls -l\n# a comment\n#1700000001\nid\nwithout\n";
        assert_eq!(read(bash), [(1_700_000_000, "ls -l".to_owned()), (1_700_000_001, "id".to_owned())]);
        assert_eq!(read(": 1700000000:12;ls; id\n: x:0;no\n"), [(1_700_000_000, "ls; id".to_owned())]);
        let fish = "- cmd: ls\n  when: 1700000000\n  paths:\n    - x\n- cmd: id\n  when: 1700000001\n";
        assert_eq!(read(fish), [(1_700_000_000, "ls".to_owned()), (1_700_000_001, "id".to_owned())]);
    }
}
