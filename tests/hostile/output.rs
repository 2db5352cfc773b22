//! Text of the image in reports, logs and scripts.
