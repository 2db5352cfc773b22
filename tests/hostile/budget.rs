//! What an image may cost.
