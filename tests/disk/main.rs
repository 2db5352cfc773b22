//! Disks, volumes and file systems against the tools that write them and the kernel that reads them.

#[path = "../oracle/mod.rs"]
mod oracle;

mod btrfs;
mod damage;
mod erofs;
mod ext;
mod fat;
mod host;
mod hostile_images;
mod image_formats;
mod iso9660;
mod logical_volumes;
mod nested;
mod ntfs;
mod squashfs;
mod xfs;
