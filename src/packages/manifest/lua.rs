//! Rocks of Lua: `rocks-5.4/NAME/VERSION/NAME-VERSION.rockspec`, where LuaRocks keeps what it installed.

use super::text::text;
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;

pub(super) static READER: Reader = Reader { name: "rockspec of an installed rock", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    let is_one = place.name.ends_with(b".rockspec") && place.is_file();
    Wish::path_if(is_one && place.above().nth(2).is_some_and(|part| part.starts_with(b"rocks")))
}

fn read(place: &Place<'_>, _: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let mut above = place.above();
    let (version, name) = (above.next().unwrap_or_default(), above.next().unwrap_or_default());
    emit(Component::new(Ecosystem::LuaRocks, text(name), text(version)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::names;

    #[test]
    fn a_rock_lies_in_the_directory_of_its_version() {
        let path = "/usr/local/lib/luarocks/rocks-5.4/luasocket/3.1.0-1/luasocket-3.1.0-1.rockspec";
        assert_eq!(names(path, ""), ["luasocket 3.1.0-1"]);
        assert!(names("/root/luasocket/luasocket-3.1.0-1.rockspec", "").is_empty());
    }
}
