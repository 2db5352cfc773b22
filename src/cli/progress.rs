//! The progress bar: on standard error, for a person.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;
use crate::audit::Progress;

const COLOURED: &str =
    "{msg:>20} {wide_bar:.cyan/dim} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left";
const WITH_LENGTH: &str = "{msg:>20} {wide_bar} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left";
const WITHOUT_LENGTH: &str = "{msg:>20} {spinner} {elapsed}";

/// A bar that disappears when it is dropped, where one is wanted and somebody sees it.
pub(super) struct Bar {
    bar: Option<ProgressBar>,
    with_length: &'static str,
}

impl Bar {
    /// An empty one.
    pub(super) fn new(is_wanted: bool, terminal: &Terminal<'_>) -> Self {
        let bar = (is_wanted && terminal.err_is_terminal).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, with_length: if terminal.colored(true) { COLOURED } else { WITH_LENGTH } }
    }
}

impl Progress for Bar {
    fn begin(&self, phase: &'static str, bytes: u64) {
        let Some(bar) = &self.bar else { return };
        let template = if bytes == 0 { WITHOUT_LENGTH } else { self.with_length };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.reset();
        if bytes == 0 {
            bar.unset_length();
        } else {
            bar.set_length(bytes);
        }
        bar.set_message(phase);
    }

    fn advance(&self, bytes: u64) {
        self.bar.iter().for_each(|bar| bar.inc(bytes));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
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
