//! Bytes of a file system that belong to no file.
