//! The last test program, by its name: says how many tests were skipped, and what to install for them.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic here is a failed test, and this prints"
)]

#[path = "oracle/skipped.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "the other test programs and the library use it, too"
)]
mod skipped;

fn main() {
    // Programs that only list tests run none.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    match skipped::take() {
        (0, _) => println!("\nno test was skipped"),
        (tests, packages) => println!("\n{tests} tests skipped: install {}", packages.join(" ")),
    }
}
