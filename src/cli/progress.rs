//! The progress bar: on standard error, for a person.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::audit::Progress;

const WITH_LENGTH: &str =
    "{msg:>20} {wide_bar:.cyan/dim} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left";
const WITHOUT_LENGTH: &str = "{msg:>20} {spinner} {elapsed}";

/// A bar that disappears when it is dropped.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// An empty one.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }
}

impl Progress for Bar {
    fn begin(&self, phase: &'static str, bytes: u64) {
        let template = if bytes == 0 { WITHOUT_LENGTH } else { WITH_LENGTH };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        self.0.reset();
        if bytes == 0 {
            self.0.unset_length();
        } else {
            self.0.set_length(bytes);
        }
        self.0.set_message(phase);
    }

    fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        for template in [WITH_LENGTH, WITHOUT_LENGTH] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
