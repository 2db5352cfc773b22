//! Files that the user names: regular ones, of bounded size. A pipe would be waited for, and a device has no end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// Bytes of the largest text that is read whole: policies, baselines, rules.
const LARGEST: u64 = 256 << 20;

/// Opens a regular file.
pub(super) fn open(path: &Path) -> io::Result<File> {
    // The open of a pipe that nobody writes to would wait.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let refused = |what: &str| {
        let text = format!("is {what}; only a regular file is read here: write it into one first");
        io::Error::new(io::ErrorKind::InvalidInput, text)
    };
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        // A socket cannot be opened at all.
        Err(error) => {
            let is_socket = path.metadata().is_ok_and(|metadata| metadata.file_type().is_socket());
            return Err(if is_socket { refused("a socket") } else { error });
        }
    };
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        return Ok(file);
    }
    Err(refused(if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a pipe"
    } else {
        "a device"
    }))
}

/// The text of a regular file.
pub(super) fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.take(LARGEST.saturating_add(1)).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("has more than {LARGEST} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let of = |path: &Path| text(path).map_err(|error| error.to_string());
        let file = dir.path().join("file");
        std::fs::write(&file, "text").unwrap();
        assert_eq!(of(&file).unwrap(), "text");
        let pipe = dir.path().join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, what) in [
            (pipe.as_path(), "a pipe"),
            (&socket, "a socket"),
            (dir.path(), "a directory"),
            (Path::new("/dev/zero"), "a device"),
        ] {
            assert!(of(path).unwrap_err().contains(what), "{what}");
        }
    }
}
