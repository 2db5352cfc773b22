//! What `assay` does with vectors, in safe Rust: the crate `fearless_simd` chooses the widest ones at run time.
//!
//! It is a crate of its own so that tests run it with optimisation: unoptimised, a vector kernel is a hundred times
//! slower than the processor, and every test that scans a file would wait for it.
//!
//! ```
//! use assay_simd::literals::{Filter, Keyword};
//!
//! let keywords = [Keyword { text: b"akia".to_vec(), any_case: true, shape: Default::default() }];
//! let (mut places, mut hits) = (Vec::new(), Vec::new());
//! Filter::new(&keywords).find(b"key = AKIA...", &mut places, &mut hits);
//! assert_eq!(hits.len(), 1);
//! assert_eq!(hits[0].start, 6);
//! ```

pub mod base64_runs;
pub mod literals;
pub mod md5;
mod shape;
pub mod words;

pub use shape::{Pattern, Shape};
