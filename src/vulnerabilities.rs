//! Which installed packages are known to be vulnerable. The data is the user's, in the formats in which it is
//! published; nothing of it is carried by the program.

pub mod statement;

pub use statement::Statement;
