//! What was installed, upgraded and removed: dpkg.log, apt's history.log, and the database of RPM.
//!
//! Sources: dpkg(1), `--log`; apt's `apt-pkg/deb/dpkgpm.cc` (history.log). Times of both are local.

use std::io::{self, Read};

use super::event::{Event, EventKind, Moment};
use super::log_lines;
use super::source::Source;
use super::stamp;
use super::zone::Zone;
use crate::packages::{Package, Packages};

/// Hands on what dpkg.log tells: a line `2026-01-31 10:00:00 upgrade bash:amd64 5.2-1 5.2-2` for each package. Steps
/// of each (unpacking, configuring, triggers) are left out.
///
/// # Errors
/// Where reading fails.
pub(super) fn dpkg(input: &mut dyn Read, zone: &Zone, each: &mut dyn FnMut(Event)) -> io::Result<()> {
    log_lines::each(input, &mut |line| {
        let Some((stamp, rest)) = stamp::iso(line) else { return };
        let text = String::from_utf8_lossy(rest);
        let mut words = text.split_ascii_whitespace();
        let (Some(action), Some(package)) = (words.next(), words.next()) else { return };
        let [old, new] = [words.next().unwrap_or_default(), words.next().unwrap_or_default()];
        let (kind, message) = match action {
            "install" => (EventKind::PackageInstalled, format!("installed {package} {new}")),
            "upgrade" => (EventKind::PackageUpgraded, format!("upgraded {package} {old} to {new}")),
            "remove" => (EventKind::PackageRemoved, format!("removed {package} {old}")),
            "purge" => (EventKind::PackageRemoved, format!("removed {package} {old} with its configuration")),
            _ => return,
        };
        each(Event::new(Source::Dpkg, kind, zone.moment(stamp), message).of_package(package));
    })
}

/// Hands on what history.log tells: an event for each run of apt.
///
/// # Errors
/// Where reading fails.
pub(super) fn apt(input: &mut dyn Read, zone: &Zone, each: &mut dyn FnMut(Event)) -> io::Result<()> {
    let mut run = None;
    let done = log_lines::each(input, &mut |line| {
        let Some((key, value)) = split(line) else { return };
        if key == b"Start-Date" {
            run.take().and_then(Run::event).into_iter().for_each(&mut *each);
            run = stamp::iso(value).map(|(stamp, _)| Run::new(zone.moment(stamp)));
        } else if let Some(run) = &mut run {
            run.line(key, &String::from_utf8_lossy(value));
        }
    });
    run.and_then(Run::event).into_iter().for_each(each);
    done
}

/// `Key: value`.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, value) = line.split_at_checked(memchr::memchr(b':', line)?)?;
    Some((key, value.strip_prefix(b":")?.trim_ascii()))
}

/// A run of apt.
struct Run {
    moment: Moment,
    command: String,
    user: String,
    actions: Vec<String>,
}

impl Run {
    const fn new(moment: Moment) -> Self {
        Self { moment, command: String::new(), user: String::new(), actions: Vec::new() }
    }

    fn line(&mut self, key: &[u8], value: &str) {
        match key {
            b"Commandline" => value.clone_into(&mut self.command),
            b"Requested-By" => value.split(' ').next().unwrap_or_default().clone_into(&mut self.user),
            b"Install" | b"Upgrade" | b"Remove" | b"Purge" | b"Downgrade" | b"Reinstall" => {
                let key = String::from_utf8_lossy(key).to_lowercase();
                self.actions.push(format!("{key}: {value}"));
            }
            b"Error" => self.actions.push(format!("error: {value}")),
            _ => {}
        }
    }

    fn event(self) -> Option<Event> {
        let command = if self.command.is_empty() { "apt" } else { &self.command };
        let message = format!("{command} [{}]", self.actions.join("; "));
        Some(Event::new(Source::Apt, EventKind::PackageRun, self.moment, message).of_user(&self.user))
    }
}

/// What the database of RPM tells: when each package was installed in the version that is there.
pub(super) fn rpm(packages: &Packages) -> impl Iterator<Item = Event> {
    let event = |package: &Package| {
        let moment = Moment::utc(package.installed?, 0);
        let message = format!("installed {} {} {}", package.name, package.version, package.architecture);
        Some(Event::new(Source::Rpm, EventKind::PackageInstalled, moment, message).of_package(&package.name))
    };
    packages.installed().iter().filter_map(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        read: impl Fn(&mut dyn Read, &Zone, &mut dyn FnMut(Event)) -> io::Result<()>,
        text: &str,
    ) -> Vec<Event> {
        let mut all = Vec::new();
        read(&mut text.as_bytes(), &Zone::default(), &mut |event| all.push(event)).unwrap();
        all
    }

    #[test]
    fn what_dpkg_did_with_each_package_is_an_event() {
        let text = "2026-01-31 10:00:00 startup archives unpack\n\
                    2026-01-31 10:00:01 install curl:amd64 <none> 7.88-1\n\
                    2026-01-31 10:00:01 status half-installed curl:amd64 7.88-1\n\
                    2026-01-31 10:00:02 upgrade bash:amd64 5.2-1 5.2-2\n\
                    2026-01-31 10:00:03 remove nano:amd64 7.2-1 <none>\n\
                    2026-01-31 10:00:04 purge nano:amd64 7.2-1 <none>\nnot a line\n2026-01-31 10:00:05 install\n";
        let all = read(dpkg, text);
        let messages: Vec<_> = all.iter().map(|event| event.message.as_str()).collect();
        assert_eq!(messages[..2], ["installed curl:amd64 7.88-1", "upgraded bash:amd64 5.2-1 to 5.2-2"]);
        assert_eq!((all.len(), all[3].kind), (4, EventKind::PackageRemoved));
        assert_eq!(all[0].moment.time.seconds, 1_769_853_601);
    }

    #[test]
    fn a_run_of_apt_is_an_event_with_who_asked_for_it() {
        let text = "\nStart-Date: 2026-01-31  10:00:00\nCommandline: apt-get install curl\n\
                    Requested-By: admin (1000)\nInstall: curl:amd64 (7.88-1), libcurl4:amd64 (7.88-1, automatic)\n\
                    End-Date: 2026-01-31  10:00:02\n\nStart-Date: 2026-01-31  11:00:00\nCommandline: apt purge x\n";
        let all = read(apt, text);
        assert_eq!(all.len(), 2);
        assert_eq!(
            all[0].message,
            "apt-get install curl [install: curl:amd64 (7.88-1), libcurl4:amd64 (7.88-1, automatic)]"
        );
        assert_eq!(all[0].subject, Some(super::super::event::Subject::User("admin".into())));
        assert_eq!(all[1].message, "apt purge x []");
    }
}
