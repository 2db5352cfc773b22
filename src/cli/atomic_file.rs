//! Files that are being written: when the program is interrupted they are removed, so that no half-written report
//! and no temporary file stays.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use signal_hook::consts::{SIGABRT, SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::register_conditional_shutdown;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Those of this process. Whoever holds it knows that no other comes to be.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new file that is removed unless it is finished.
pub(super) struct Partial {
    path: PathBuf,
}

impl Partial {
    /// Makes the file, which must not be there yet.
    pub(super) fn create(path: &Path, mode: u32) -> io::Result<(Self, File)> {
        let mut all = unfinished();
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        all.push(path.to_owned());
        Ok((Self { path: path.to_owned() }, file))
    }

    /// Gives the file its real name, whose file it replaces.
    pub(super) fn finish(self, name: &Path) -> io::Result<()> {
        fs::rename(&self.path, name)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let mut all = unfinished();
        // Where it was finished there is none; where it cannot be removed, an error is told already.
        let _ = fs::remove_file(&self.path);
        all.retain(|path| *path != self.path);
    }
}

/// From now on, an interrupted program removes what it has not finished, and then ends as it would have.
///
/// # Errors
/// Where the operating system refuses: then nothing is changed.
pub fn remove_when_interrupted() -> io::Result<()> {
    let heard = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal));
    let mut signals = Signals::new(heard)?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            // Held to the end, so that no file comes to be after those in it are gone.
            let all = unfinished();
            for path in &*all {
                let _ = fs::remove_file(path);
            }
            let _ = emulate_default_handler(signal);
        }
    })?;
    Ok(())
}

/// From now on, a program that gets no more memory ends with this code, not as one that crashed: what it wanted is
/// in its last message.
///
/// # Errors
/// Where the operating system refuses: then nothing is changed.
pub fn end_when_memory_is_gone(code: u8) -> io::Result<()> {
    register_conditional_shutdown(SIGABRT, code.into(), Arc::new(AtomicBool::new(true))).map(drop)
}

/// Whether whoever started the program (`nohup`) wants it to go on; what cannot be known is no.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    let bit = u32::try_from(signal).unwrap_or_default().saturating_sub(1);
    mask.checked_shr(bit).unwrap_or_default() & 1 == 1
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_there_when_finished_and_gone_when_not() {
        let dir = tempfile::tempdir().unwrap();
        let (part, name) = (dir.path().join(".part"), dir.path().join("name"));
        let (partial, mut file) = Partial::create(&part, 0o600).unwrap();
        file.write_all(b"half").unwrap();
        assert!(unfinished().contains(&part));
        drop(partial);
        assert!(!part.exists() && !unfinished().contains(&part));
        let (partial, mut file) = Partial::create(&part, 0o600).unwrap();
        assert!(Partial::create(&part, 0o600).is_err());
        file.write_all(b"whole").unwrap();
        partial.finish(&name).unwrap();
        assert_eq!(fs::read(&name).unwrap(), b"whole");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
