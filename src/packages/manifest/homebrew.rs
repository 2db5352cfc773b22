//! Homebrew: `Cellar/NAME/VERSION/INSTALL_RECEIPT.json`. A version may end in a revision: `1.21.3_1`.

use super::text::text;
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;

pub(super) static READER: Reader = Reader { name: "receipt of Homebrew", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    let is_one = place.name == b"INSTALL_RECEIPT.json" && place.above().nth(2) == Some(b"Cellar");
    Wish::path_if(is_one && place.is_file())
}

fn read(place: &Place<'_>, _: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let mut above = place.above();
    let (version, name) = (above.next().unwrap_or_default(), above.next().unwrap_or_default());
    emit(Component::new(Ecosystem::Brew, text(name), text(version)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::names;

    #[test]
    fn a_receipt_lies_in_the_directory_of_its_version() {
        let path = "/home/linuxbrew/.linuxbrew/Cellar/wget/1.21.3_1/INSTALL_RECEIPT.json";
        assert_eq!(names(path, "{}"), ["wget 1.21.3_1"]);
        assert!(names("/x/wget/1.21.3/INSTALL_RECEIPT.json", "{}").is_empty());
    }
}
