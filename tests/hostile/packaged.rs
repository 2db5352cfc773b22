//! What the image says of its own packages.
