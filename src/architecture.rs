//! Holds the floors: a module uses only floors beneath its own, and `docs/architecture.md` names them as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The modules of a crate.
struct Crate {
    /// Where its sources are, and how the guide calls them.
    src: &'static str,
    /// From the ground up. Modules of one floor ignore each other.
    floors: &'static [&'static [&'static str]],
}

/// Cargo holds the order of the crates: `assay` uses `assay_disk`, never the other way round.
const CRATES: [Crate; 2] = [Crate { src: "src", floors: FLOORS }, DISK];

const DISK: Crate = Crate {
    src: "crates/disk/src",
    floors: &[
        &["bytes", "budget", "compression", "gap", "path", "progress", "text"],
        &["image"],
        &["volume"],
        &["fs"],
        &["tree"],
        &["remains"],
        &["system"],
    ],
};

const FLOORS: &[&[&str]] = &[
    &["budget", "date", "finding", "values"],
    &["files", "rules", "keys", "command_line", "archive", "recover"],
    &["packages"],
    &["facts"],
    &["checks", "remedies", "sourcing", "support", "timeline", "vulnerabilities"],
    &["detect"],
    &["audit"],
    &["baseline", "diff", "requirements"],
    &["policy"],
    &["gate"],
    &["report", "fix"],
    &["cli", "main"],
];

impl Crate {
    fn floor(&self, module: &str) -> Option<usize> {
        self.floors.iter().position(|modules| modules.contains(&module))
    }

    /// The uses of `file` that lead to no floor beneath it.
    fn wrong_uses(&self, path: &Path, source: &str) -> Vec<String> {
        let module = module_of(path);
        let Some(own) = self.floor(&module) else {
            return vec![format!("{}: `{module}` is on no floor: add it to the list", path.display())];
        };
        let wrong = |used: String| match self.floor(&used) {
            Some(floor) if floor < own || used == module => None,
            Some(_) => Some(format!("{} uses {used}, which is not beneath {module}", path.display())),
            None => Some(format!("{} uses `crate::{used}`, which is on no floor", path.display())),
        };
        uses(source).into_iter().filter_map(wrong).collect()
    }
}

/// The top-level module of a source file, by its path under `src/`.
fn module_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The top-level modules that `source` uses by `crate::`, without its tests and comments.
fn uses(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code: String =
        code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|l| format!("{l}\n")).collect();
    let mut used = Vec::new();
    for after in code.split("crate::").skip(1) {
        let names = match after.strip_prefix('{') {
            // `use crate::{a::X, b::{Y, Z}};`: the names at the first level.
            Some(list) => first_level(list),
            None => vec![name(after)],
        };
        used.extend(names);
    }
    used
}

fn name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

fn first_level(list: &str) -> Vec<String> {
    let mut names = vec![name(list)];
    let mut depth = 0;
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.extend(list.get(at + 1..).map(name)),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The modules of each floor by the table of the guide, from the ground up: rows like "| 1 | `image` | its job |".
fn told(guide: &str) -> Vec<Vec<String>> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let number = cells.next()?.parse::<usize>().ok()?;
        let names = cells.next()?.split('`').skip(1).step_by(2);
        Some((number, names.map(str::to_owned).collect::<Vec<String>>()))
    };
    guide.lines().filter_map(row).collect::<BTreeMap<_, _>>().into_values().collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(dir: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn a_module_uses_only_floors_beneath_it() {
    let mut wrong = Vec::new();
    for part in &CRATES {
        let src = root().join(part.src);
        let mut files = Vec::new();
        sources(&src, &mut files);
        files.sort();
        for file in files {
            let path = file.strip_prefix(&src).unwrap();
            let is_test = path.file_stem().is_some_and(|stem| stem == "tests" || stem == "sample");
            if !is_test && !["lib", "architecture"].contains(&module_of(path).as_str()) {
                wrong.extend(part.wrong_uses(path, &fs::read_to_string(&file).unwrap()));
            }
        }
    }
    // What notes skipped tests is compiled for tests only.
    wrong.retain(|problem| !problem.contains("`crate::skipped`"));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_list_the_guide_and_the_folders_name_the_same_modules() {
    let guide = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    for part in &CRATES {
        let chapter = guide.split(&format!("### `{}/`", part.src)).nth(1).expect(part.src);
        let chapter = chapter.split("\n#").next().unwrap();
        assert_eq!(
            told(chapter),
            part.floors,
            "the table of docs/architecture.md, and the list of {}",
            part.src
        );
        let names = fs::read_dir(root().join(part.src)).unwrap().map(|entry| entry.unwrap().file_name());
        let mut there: Vec<String> = names.map(|name| module_of(Path::new(&name))).collect();
        there.retain(|module| !["lib", "architecture"].contains(&module.as_str()));
        there.sort();
        there.dedup();
        let mut listed: Vec<&str> = part.floors.iter().copied().flatten().copied().collect();
        listed.sort_unstable();
        assert_eq!(there, listed, "the folders of {}, and its list", part.src);
    }
}

#[test]
fn the_table_of_the_guide_is_read_row_by_row() {
    let guide = "| floor | modules |\n| --- | --- |\n| 1 | `image` | `x` |\n| 0 | `bytes`, `budget` | x |\n";
    assert_eq!(told(guide), [vec!["bytes", "budget"], vec!["image"]]);
}

#[test]
fn uses_are_read_in_every_form() {
    let source = "use crate::{fs::{self, Node}, text::Escaped};\nlet a = crate::bytes::x();\n// crate::cli\n";
    assert_eq!(uses(source), ["fs", "text", "bytes"]);
}
