//! Partition tables, image formats, and what lies beside the disk.
