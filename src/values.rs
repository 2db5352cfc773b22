//! Values of secrets as files write them: where one ends, what it is without its escapes, whether it only refers to
//! another place or stands for one that is to be filled in, and what the name says that it is assigned to.

mod assignment;
mod encoded;
mod escapes;
mod name;
mod passphrase;
mod placeholder;
mod reading;
mod reference;
mod syntax;

pub use assignment::{Assignment, is_line_of_two};
pub use encoded::texts;
pub use escapes::percent_decoded;
pub use name::NameKind;

pub use passphrase::is_passphrase;
pub use placeholder::{has_mark, is_placeholder, is_wording, marked_letters};
pub use reading::{LONGEST, Reading, read};
pub use reference::{Reference, is_hash, resolve};
pub use syntax::{Language, Syntax};
