//! The progress bar: on standard error, for a person.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::audit::Progress;

const COLOURED: &str =
    "{msg:>20} {wide_bar:.cyan/dim} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left";
const WITH_LENGTH: &str = "{msg:>20} {wide_bar} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left";
const WITHOUT_LENGTH: &str = "{msg:>20} {spinner} {elapsed}";

/// A bar that disappears when it is dropped.
pub(super) struct Bar {
    bar: ProgressBar,
    with_length: &'static str,
}

impl Bar {
    /// An empty one.
    pub(super) fn new(is_coloured: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, with_length: if is_coloured { COLOURED } else { WITH_LENGTH } }
    }
}

impl Progress for Bar {
    fn begin(&self, phase: &'static str, bytes: u64) {
        let template = if bytes == 0 { WITHOUT_LENGTH } else { self.with_length };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.reset();
        if bytes == 0 {
            self.bar.unset_length();
        } else {
            self.bar.set_length(bytes);
        }
        self.bar.set_message(phase);
    }

    fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        for template in [COLOURED, WITH_LENGTH, WITHOUT_LENGTH] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
