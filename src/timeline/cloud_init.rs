//! cloud-init: when its stages ran, and what they warned of.
//!
//! Sources: cloud-init's documentation (`status.json`: seconds since 1970 for each stage), and `cloudinit/log`
//! (cloud-init.log is written in UTC).

use std::io::{self, Read};

use serde_json::Value;

use super::event::{Basis, Event, EventKind, Moment};
use super::log_lines;
use super::source::Source;
use super::stamp::{self, Stamp};

/// Stages of `status.json`, in their order.
const STAGES: [&str; 5] = ["init-local", "init", "modules-init", "modules-config", "modules-final"];

/// Hands on what `status.json` tells: when each stage began and ended. False, if it is none.
pub(super) fn status(text: &[u8], each: &mut dyn FnMut(Event)) -> bool {
    let Ok(status) = serde_json::from_slice::<Value>(text) else { return false };
    let Some(stages) = status.get("v1") else { return false };
    for name in STAGES {
        let Some(stage) = stages.get(name) else { continue };
        let errors = stage.get("errors").and_then(Value::as_array).map_or(0, Vec::len);
        let ends = [
            ("start", EventKind::CloudInitStarted, format!("stage {name} started")),
            (
                "finished",
                EventKind::CloudInitFinished,
                format!("stage {name} finished, with {errors} errors"),
            ),
        ];
        for (key, kind, message) in ends {
            if let Some(moment) = stage.get(key).and_then(Value::as_f64).and_then(moment) {
                each(Event::new(Source::CloudInit, kind, moment, message));
            }
        }
    }
    true
}

/// Seconds with a fraction.
fn moment(seconds: f64) -> Option<Moment> {
    // JSON has them as text: by way of text, no cast can go wrong.
    let text = format!("{seconds:.6}");
    let (whole, fraction) = text.split_once('.')?;
    let whole: i64 = whole.parse().ok().filter(|&whole| whole > 0)?;
    let micros: u32 = fraction.parse().ok()?;
    Some(Moment::utc(whole, micros.checked_mul(1000)?))
}

/// Hands on what cloud-init.log tells: each stage and each module that ran, and warnings and errors.
///
/// # Errors
/// Where reading fails.
pub(super) fn log(input: &mut dyn Read, each: &mut dyn FnMut(Event)) -> io::Result<()> {
    log_lines::each(input, &mut |line| {
        let Some((stamp, rest)) = stamp::iso(line) else { return };
        let Some(text) = rest.strip_prefix(b" - ").map(String::from_utf8_lossy) else { return };
        let Some((place, message)) = text.split_once(": ") else { return };
        let level = place.split(['[', ']']).nth(1).unwrap_or_default();
        let is_stage = message.starts_with("Cloud-init v.") && message.contains(" running '");
        let is_module = message.starts_with("start: ");
        let kind = match level {
            _ if is_stage || is_module => EventKind::CloudInitStarted,
            _ if message.starts_with("finish: ") => EventKind::CloudInitFinished,
            "WARNING" | "ERROR" | "CRITICAL" => EventKind::Message,
            _ => return,
        };
        let prefix = if kind == EventKind::Message { format!("{level}: ") } else { String::new() };
        let moment = utc(stamp);
        each(Event::new(Source::CloudInit, kind, moment, format!("{prefix}{message}")));
    })
}

/// The log has UTC.
fn utc(stamp: Stamp) -> Moment {
    let moment = super::zone::Zone::default().moment(stamp);
    Moment { basis: Basis::Utc, ..moment }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_have_their_times_to_the_microsecond() {
        let text = r#"{"v1": {"datasource": "DataSourceEc2", "init": {"errors": ["x"], "finished": 1769853602.25,
            "start": 1769853600.125001}, "init-local": {"errors": [], "finished": null, "start": 1769853599.0},
            "modules-final": {"start": "no", "finished": 1e400}, "stage": null}}"#;
        let mut all = Vec::new();
        assert!(!status(text.as_bytes(), &mut |_| {}), "1e400 is no number of JSON");
        let text = text.replace("1e400", "1e300");
        assert!(status(text.as_bytes(), &mut |event| all.push((event.moment.time, event.message))));
        let times: Vec<_> = all.iter().map(|(time, _)| (time.seconds, time.nanoseconds)).collect();
        assert_eq!(times, [(1_769_853_599, 0), (1_769_853_600, 125_001_000), (1_769_853_602, 250_000_000)]);
        assert_eq!(all[2].1, "stage init finished, with 1 errors");
        assert!(!status(b"[]", &mut |_| {}) && !status(b"{", &mut |_| {}));
    }

    #[test]
    fn of_the_log_stages_modules_and_warnings_are_events() {
        let text = "2026-01-31 10:00:00,123 - util.py[DEBUG]: Cloud-init v. 23.4 running 'init' at Sat, 31 Jan 2026\n\
                    2026-01-31 10:00:01,000 - handlers.py[DEBUG]: start: init-network/config-ssh: running config-ssh\n\
                    2026-01-31 10:00:01,500 - handlers.py[DEBUG]: finish: init-network/config-ssh: SUCCESS\n\
                    2026-01-31 10:00:02,000 - util.py[DEBUG]: Reading from /proc/uptime\n\
                    2026-01-31 10:00:03,000 - util.py[WARNING]: Failed to run: x\n";
        let mut all = Vec::new();
        log(&mut text.as_bytes(), &mut |event| all.push(event)).unwrap();
        assert_eq!(all.len(), 4);
        assert_eq!((all[0].moment.time.nanoseconds, all[0].moment.basis), (123_000_000, Basis::Utc));
        assert_eq!(
            (all[2].kind, all[3].message.as_str()),
            (EventKind::CloudInitFinished, "WARNING: Failed to run: x")
        );
    }
}
