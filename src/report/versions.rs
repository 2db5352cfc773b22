//! Versions of software over several images, for `assay packages --beside`: a table for people, JSON and CSV for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::csv;
use super::inventory::Form;
use super::json;
use super::words::shown;
use crate::diff::versions::{Cell, Row, Versions};

/// What stands behind a version that is lower than before.
const LOWER: &str = " ↓";

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    images: Vec<ImageView<'a>>,
    differ: Vec<RowView<'a>>,
    /// How many names have the same versions in all images.
    same: usize,
}

#[derive(Serialize)]
struct ImageView<'a> {
    name: &'a str,
    system: Option<&'a str>,
}

#[derive(Serialize)]
struct RowView<'a> {
    name: &'a str,
    /// One for each image; `null` where it has none.
    versions: Vec<Option<&'a str>>,
    /// Images, by their number from 0, that have a lower version than the last one before that has any.
    lower: Vec<usize>,
}

/// The table in this form, ending with a newline.
pub fn render(table: &Versions, form: Form) -> String {
    match form {
        Form::Table => columns(table),
        Form::Json => json::pretty(&Document {
            format: "assay-package-versions",
            version: 1,
            images: table
                .images
                .iter()
                .map(|one| ImageView { name: &one.name, system: one.system.as_deref() })
                .collect(),
            differ: table.rows.iter().map(row).collect(),
            same: table.same,
        }),
        Form::Csv => cells(table),
    }
}

fn row(row: &Row) -> RowView<'_> {
    let lower = row.cells.iter().enumerate().filter(|(_, cell)| cell.is_lower);
    RowView {
        name: &row.name,
        versions: row.cells.iter().map(|cell| cell.version.as_deref()).collect(),
        lower: lower.map(|(number, _)| number).collect(),
    }
}

fn cells(table: &Versions) -> String {
    let mut out = String::new();
    let head = std::iter::once("name".to_owned()).chain(table.images.iter().map(|one| shown(&one.name)));
    csv::row(&head.collect::<Vec<_>>(), &mut out);
    for row in &table.rows {
        let versions = row.cells.iter().map(|cell| cell.version.clone().unwrap_or_default());
        let cells: Vec<String> = std::iter::once(row.name.clone()).chain(versions).collect();
        csv::row(&cells, &mut out);
    }
    out
}

/// Aligned columns; of long names of images the end is what tells them apart.
fn columns(table: &Versions) -> String {
    let cell = |cell: &Cell| {
        let lower = if cell.is_lower { LOWER } else { "" };
        format!("{}{lower}", cell.version.as_deref().unwrap_or("-"))
    };
    let head = std::iter::once(String::new()).chain(table.images.iter().map(|one| shown(&one.name)));
    let mut lines: Vec<Vec<String>> = vec![head.collect()];
    lines.extend(
        table
            .rows
            .iter()
            .map(|row| std::iter::once(row.name.clone()).chain(row.cells.iter().map(cell)).collect()),
    );
    let mut widths = vec![0; table.images.len().saturating_add(1)];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().min(48).max(*width);
        }
    }
    let mut out = String::new();
    for line in lines.iter().filter(|_| !table.rows.is_empty()) {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "{cell:width$}  ");
        }
        let _ = writeln!(out, "{}", text.trim_end());
    }
    let (differ, same, images) = (table.rows.len(), table.same, table.images.len());
    let _ = writeln!(out, "{differ} packages differ, {same} are the same in all {images} images");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Head;

    fn table() -> Versions {
        let image = |name: &str| Head { name: name.to_owned(), ..Head::default() };
        let cell = |version: &str, is_lower| Cell {
            version: Some(version.to_owned()).filter(|version| !version.is_empty()),
            is_lower,
        };
        let row = |name: &str, cells| Row { name: name.to_owned(), cells };
        Versions {
            images: vec![image("a.raw"), image("b\u{1b}.raw")],
            rows: vec![
                row("openssl", vec![cell("3.0.10-1", false), cell("3.0.9-1", true)]),
                row("six (python)", vec![cell("", false), cell("=1+1", false)]),
            ],
            same: 7,
        }
    }

    #[test]
    fn people_see_columns_and_what_went_down() {
        let expected = "              a.raw     b\\u{1b}.raw\n\
                        openssl       3.0.10-1  3.0.9-1 ↓\n\
                        six (python)  -         =1+1\n\
                        2 packages differ, 7 are the same in all 2 images\n";
        assert_eq!(render(&table(), Form::Table), expected);
        let none = Versions { rows: Vec::new(), ..table() };
        assert_eq!(render(&none, Form::Table), "0 packages differ, 7 are the same in all 2 images\n");
    }

    #[test]
    fn programs_get_json_and_cells_that_a_spreadsheet_does_not_run() {
        let json: serde_json::Value = serde_json::from_str(&render(&table(), Form::Json)).unwrap();
        assert_eq!(json["differ"][0]["lower"], serde_json::json!([1]));
        assert_eq!(json["differ"][1]["versions"], serde_json::json!([null, "=1+1"]));
        let csv = render(&table(), Form::Csv);
        assert!(csv.starts_with("name,") && !csv.contains(",=1+1"), "{csv}");
    }
}
