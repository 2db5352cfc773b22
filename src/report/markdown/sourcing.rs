//! The tables of an account.

use super::{CELL, cell, escape};
use crate::report::words::cut;
use crate::sourcing::Inventory;

/// Rows of images.
const ROWS: usize = 100;

pub(super) fn render(inventory: &Inventory, out: &mut String) {
    let (files, _) = inventory.files;
    let (accounts, regions) = (inventory.accounts.len(), inventory.scopes.len());
    let text = format!("{files} files of {accounts} accounts and {regions} regions, as of {}", inventory.at);
    out.push_str(&format!("Looked at: {}.\n", escape(&text)));
    out.push_str(
        "\n| whose images run | images in use | instances | running |\n| --- | ---: | ---: | ---: |\n",
    );
    for (class, row) in inventory.classes.iter().filter(|(_, row)| row.images + row.instances > 0) {
        out.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            class.about(),
            row.used,
            row.instances,
            row.running
        ));
    }
    out.push_str("\n| image | name | whose | running | flags |\n| --- | --- | --- | ---: | --- |\n");
    let used = inventory.images.iter().filter(|row| row.is_used());
    for row in used.clone().take(ROWS) {
        let flags: Vec<&str> = row.flags.iter().map(|flag| flag.name()).collect();
        let name = cell(&cut(row.name.as_deref().unwrap_or_default(), CELL));
        out.push_str(&format!(
            "| {} | {name} | {} | {} | {} |\n",
            cell(&row.id),
            row.class.about(),
            row.running,
            flags.join(", ")
        ));
    }
    let left = used.count().saturating_sub(ROWS);
    if left > 0 {
        out.push_str(&format!("\n… and {left} more images\n"));
    }
    out.push_str("\n| CIS Compute Services | images | outcome | why |\n| --- | --- | --- | --- |\n");
    for row in &inventory.benchmark {
        let (outcome, reason) = (row.outcome().name(), row.reason());
        out.push_str(&format!("| {} | {} | {outcome} | {} |\n", row.number, row.title, cell(&reason)));
    }
}
