//! `assay demo`: a real report of a small leaky image that the program carries.
//!
//! The image is made by `testdata/demo/make.sh`; its secrets are random and open nothing.

use std::io::Read;

use flate2::read::GzDecoder;

use super::arguments::Display;
use super::policy::Gate;
use super::{Exit, Failure, Terminal, scan};
use crate::audit::{Settings, Target};
use crate::date::Date;
use crate::policy::Policy;

const IMAGE: &[u8] = include_bytes!("../../testdata/demo/demo.img.gz");
/// The image is 8 MiB; more is a mistake of who made it.
const LARGEST: u64 = 64 << 20;

/// Runs the command. It passes whatever it finds: it shows, and gates nothing.
pub(super) fn run(display: &Display, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let target = Target::Bytes { name: "demo.img (built in)".to_owned(), data: image()? };
    // The policy names no day: the same report every day.
    let gate = Gate { policy: Policy::default(), baseline: None, today: Date::of_seconds(0) };
    let exit = scan::audit(&target, &gate, false, Settings::default(), display, terminal)?;
    if !display.quiet {
        writeln!(
            terminal.err,
            "\nThis was a demo on a built-in image; its secrets are random. A real scan would end with exit \
             code {}.\nNext: assay scan YOUR-IMAGE.raw",
            exit.0
        )?;
    }
    Ok(Exit::PASS)
}

fn image() -> Result<Vec<u8>, Failure> {
    let mut image = Vec::new();
    let unpacked = GzDecoder::new(IMAGE).take(LARGEST).read_to_end(&mut image);
    unpacked.map_err(|error| Failure::unreadable(format!("the built-in image: {error}")))?;
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_image_unpacks_to_whole_sectors() {
        let image = image().ok().unwrap();
        assert!(image.len() as u64 >= 1 << 20 && (image.len() as u64) < LARGEST);
        assert_eq!(image.len() % 512, 0);
    }
}
