//! Versions of software over several images: a row for each name that is not the same in all of them, a column an image.

use std::collections::BTreeSet;

use super::inventory::{Field, Inventory, Kind};
use super::sections::{self, Direction};
use super::{Head, Summary};
use crate::packages;

/// The table.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// The images, in the order in which they were named.
    pub images: Vec<Head>,
    /// What differs, by name.
    pub rows: Vec<Row>,
    /// How many names have the same versions in all images.
    pub same: usize,
}

/// A name that is not the same in all images.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// As people write it: `openssl`, `requests (python)`; escaped.
    pub name: String,
    /// A cell for each image.
    pub cells: Vec<Cell>,
}

/// What an image has of a name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Its versions, joined by commas, escaped; `None` where it has none.
    pub version: Option<String>,
    /// Whether it is lower than in the last image before that has it.
    pub is_lower: bool,
}

/// The software of an image as one side.
pub fn of_image(name: String, system: Option<String>, software: &packages::Inventory) -> Summary {
    Summary {
        head: Head { name, system, is_report: false },
        inventory: Some(Inventory::of_packages(software)),
        ..Summary::default()
    }
}

/// The table of several sides; `Err` names one that says nothing of its software.
///
/// # Errors
/// The name of a side that says nothing of its software.
pub fn table(sides: &[Summary]) -> Result<Versions, String> {
    let told = |side| -> Result<&Inventory, String> {
        let Summary { inventory, head, .. }: &Summary = side;
        let inventory = inventory.as_ref().filter(|one| one.items.contains_key(&Kind::Packages));
        inventory.ok_or_else(|| head.name.clone())
    };
    let all: Vec<&Inventory> = sides.iter().map(told).collect::<Result<_, _>>()?;
    let items = || all.iter().filter_map(|one| one.items.get(&Kind::Packages));
    let names: BTreeSet<&Vec<u8>> = items().flat_map(|items| items.keys()).collect();
    let mut table =
        Versions { images: sides.iter().map(|side| side.head.clone()).collect(), ..Versions::default() };
    for name in names {
        let row = row(name, &all);
        let mut versions = row.cells.iter().map(|cell| &cell.version);
        let first = versions.next();
        if versions.all(|version| Some(version) == first) {
            table.same = table.same.saturating_add(1);
        } else {
            table.rows.push(row);
        }
    }
    Ok(table)
}

fn row(name: &[u8], all: &[&Inventory]) -> Row {
    let mut before: Option<&Vec<Field>> = None;
    let mut cells = Vec::new();
    for side in all {
        let fields = side.items.get(&Kind::Packages).and_then(|items| items.get(name));
        let scheme = side.schemes.get(name).copied();
        let went = before.zip(fields).zip(scheme);
        let went = went.and_then(|((old, new), scheme)| sections::direction(old, new, scheme));
        let version = fields.and_then(|fields| fields.iter().find(|field| field.name == "version"));
        cells.push(Cell {
            version: version.map(|field| field.shown.clone()),
            is_lower: went == Some(Direction::Down),
        });
        before = fields.or(before);
    }
    Row { name: super::summary::shown(name), cells }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::{Component, Ecosystem};

    fn side(name: &str, components: &[(Ecosystem, &str, &str)]) -> Summary {
        let components =
            components.iter().map(|(kind, name, version)| Component::new(*kind, *name, *version));
        let software = packages::Inventory { systems: Vec::new(), components: components.collect() };
        of_image(name.to_owned(), None, &software)
    }

    fn rows(sides: &[Summary]) -> Vec<String> {
        let cell = |cell: &Cell| {
            let lower = if cell.is_lower { "!" } else { "" };
            format!("{}{lower}", cell.version.as_deref().unwrap_or("-"))
        };
        let row = |row: &Row| {
            format!("{}: {}", row.name, row.cells.iter().map(cell).collect::<Vec<_>>().join(" | "))
        };
        table(sides).unwrap().rows.iter().map(row).collect()
    }

    #[test]
    fn a_row_is_what_differs_among_the_images_of_a_golden_line() {
        use Ecosystem::{Deb, PyPi};
        let sides = [
            side("40", &[(Deb, "openssl", "3.0.9-1"), (Deb, "bash", "5.2"), (PyPi, "six", "1.9")]),
            side("41", &[(Deb, "openssl", "3.0.10-1"), (Deb, "bash", "5.2")]),
            side("42", &[(Deb, "openssl", "3.0.9-1"), (Deb, "bash", "5.2"), (PyPi, "six", "1.10")]),
        ];
        assert_eq!(rows(&sides), ["openssl: 3.0.9-1 | 3.0.10-1 | 3.0.9-1!", "six (python): 1.9 | - | 1.10"]);
        let table = table(&sides).unwrap();
        assert_eq!((table.same, table.images[1].name.as_str()), (1, "41"));
    }

    #[test]
    fn a_version_is_held_against_the_last_image_that_has_it() {
        use Ecosystem::Deb;
        let sides =
            [side("a", &[(Deb, "x", "2")]), side("b", &[(Deb, "y", "1")]), side("c", &[(Deb, "x", "1")])];
        assert_eq!(rows(&sides), ["x: 2 | - | 1!", "y: - | 1 | -"]);
    }

    #[test]
    fn a_side_that_does_not_tell_its_software_is_named() {
        let silent =
            Summary { head: Head { name: "old.json".into(), ..Head::default() }, ..Summary::default() };
        assert_eq!(table(&[silent]), Err("old.json".into()));
        assert_eq!(rows(&[side("a", &[]), side("b", &[])]), [""; 0]);
    }
}
