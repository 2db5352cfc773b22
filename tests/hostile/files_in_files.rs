//! Files that are also something else: a file system, an archive, an image.
