//! Files that say what the system is, damaged or not to be believed.
