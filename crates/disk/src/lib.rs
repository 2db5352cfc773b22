//! Any disk image as trees of files, read in user space: no root, no mount, and no trust in a single byte of it.
//!
//! ```
//! use assay_disk::budget::Budget;
//! use assay_disk::system::{System, Target};
//! use assay_disk::text::Escaped;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let root = std::env::temp_dir().join(format!("assay-disk-example-{}", std::process::id()));
//! # std::fs::create_dir_all(root.join("etc"))?;
//! # std::fs::write(root.join("etc/hostname"), "web-1\n")?;
//! // `Target::Image(path)` opens a disk image; a mounted tree looks the same from here on.
//! let system = System::open(&Target::Rootfs(root.clone()), &Budget::default())?;
//! for (name, kind) in system.tree.list(b"/etc") {
//!     println!("{kind:?} {}", Escaped(&name));
//! }
//! let hostname = system.tree.read(b"/etc/hostname", 1024)?;
//! assert_eq!(hostname.as_deref(), Some(&b"web-1\n"[..]));
//! // What could not be opened is said, never left out.
//! assert!(system.gaps.is_empty());
//! # std::fs::remove_dir_all(root)?;
//! # Ok(())
//! # }
//! ```
//!
//! The ladder, each rung on the one before:
//!
//! | module | from | to |
//! | --- | --- | --- |
//! | [`image`] | a file of the host, in any format | the bytes of a disk: a [`bytes::Source`] |
//! | [`volume`] | a disk | partitions, logical volumes, RAID arrays: windows of bytes |
//! | [`fs`] | a volume | a read-only file system, keyed by inode |
//! | [`tree`] | file systems | one tree of entries, as the running machine sees it |
//! | [`system`] | an image | all of it, with what lies in files, and a ledger of every byte |
//!
//! Limits are a value, [`budget::Budget`]. What is not looked at is a [`gap::Gap`].

pub mod budget;
pub mod bytes;
pub mod compression;
pub mod fs;
pub mod gap;
pub mod image;
pub mod path;
pub mod progress;
pub mod remains;
pub mod system;
pub mod text;
pub mod tree;
pub mod volume;
