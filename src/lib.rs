//! `assay`: an offline auditor of the content of machine images.
//!
//! An image goes in, a report comes out, and a policy decides whether the image may be published:
//!
//! ```
//! use assay::audit::{self, Quiet, Settings, Target};
//! use assay::date::Date;
//! use assay::gate::{self, Verdict};
//! use assay::policy::Policy;
//! use assay::report;
//!
//! # let root = std::env::temp_dir().join(format!("assay-example-{}", std::process::id()));
//! # std::fs::create_dir_all(root.join("etc"))?;
//! # std::fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/bash\n")?;
//! # std::fs::write(root.join("etc/shadow"), "root::19000:0:99999:7:::\n")?;
//! // A disk image is `Target::Image(path)`; this is a tree of files, in which root has no password.
//! let report = audit::run(&Target::Rootfs(root.clone()), &Settings::default(), &Quiet)?;
//! for finding in &report.findings {
//!     println!("{:?} {}", finding.severity, finding.advisory.title);
//! }
//! // The report also lists what was not looked at.
//! assert_eq!(report.gaps.len(), 0);
//!
//! let today = Date::parse("2026-01-31").ok_or("no such day")?;
//! let judged = gate::judge(&Policy::default(), &report, None, today);
//! assert!(matches!(judged.verdict, Verdict::Fail { .. }));
//! let table = report::csv::render(&report, &report::Options::default());
//! assert!(table.contains("empty-password"));
//! # std::fs::remove_dir_all(root)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The modules shown here are the library. The others are what it stands on, open to the project's own tests and
//! tools; they change without notice.
//!
//! Data flows one way, from the floor beneath to the floor above: bytes at offsets, partitions and volumes, a read-only
//! file system, a tree of entries and facts, detectors, the audit, the report and the gate, the command line. A module
//! uses only floors beneath it (the test in `architecture.rs` reads the sources and holds it).

pub mod audit;
pub mod baseline;
pub mod budget;
pub mod date;
pub mod diff;
pub mod finding;
pub mod gate;
pub mod policy;
pub mod report;

#[doc(hidden)]
pub mod archive;
#[doc(hidden)]
pub mod checks;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod command_line;
#[doc(hidden)]
pub mod detect;
#[doc(hidden)]
pub mod facts;
#[doc(hidden)]
pub mod files;
#[doc(hidden)]
pub mod fix;
#[doc(hidden)]
pub mod keys;
#[doc(hidden)]
pub mod packages;
#[doc(hidden)]
pub mod recover;
pub mod remedies;
#[doc(hidden)]
pub mod requirements;
#[doc(hidden)]
pub mod rules;
#[doc(hidden)]
pub mod sourcing;
#[doc(hidden)]
pub mod support;
#[doc(hidden)]
pub mod timeline;
#[doc(hidden)]
pub mod values;
#[doc(hidden)]
pub mod vulnerabilities;

#[cfg(test)]
mod architecture;
#[cfg(test)]
#[path = "../tests/oracle/skipped.rs"]
#[allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "the test programs use it, too"
)]
mod skipped;
