//! The files of one folder: variables, locals, calls of modules, searches.

use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block, Body};

use super::super::hit::Source;
use super::super::value::{Entry, Value};
use super::super::{Scan, json};
use super::evaluate::Scope;

/// A folder of Terraform's files.
#[derive(Debug, Default)]
pub(in super::super) struct Module {
    pub(super) folder: String,
    pub(super) files: Vec<ModuleFile>,
    pub(super) variables: BTreeMap<String, Option<Code>>,
    pub(super) locals: BTreeMap<String, Code>,
    /// Values of `terraform.tfvars` and `*.auto.tfvars`.
    pub(super) values: BTreeMap<String, Code>,
    calls: Vec<(usize, String, Item)>,
    pub(super) items: Vec<(usize, Item)>,
}

#[derive(Debug)]
pub(super) struct ModuleFile {
    pub(super) path: String,
    pub(super) text: String,
}

impl ModuleFile {
    pub(super) fn source(&self) -> Source<'_> {
        Source::new(&self.path, &self.text)
    }
}

/// An expression of HCL, or its like in JSON.
#[derive(Clone, Debug)]
pub(super) enum Code {
    Hcl(Expression),
    Json(Value),
}

/// The body of a block of HCL, or its like in JSON.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Hcl(Body),
    Json(Value),
}

/// `data` or `resource`, its type and its name; for a call of a module both are its name.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) is_data: bool,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) at: usize,
    /// The end of the head of the block: after its `{`.
    pub(super) head_end: Option<usize>,
    pub(super) content: Content,
}

/// A call of a module: where it stands, and with which values.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) caller: &'a Module,
    pub(super) file: &'a ModuleFile,
    pub(super) item: &'a Item,
}

impl Content {
    pub(super) fn attribute(&self, key: &str) -> Option<Code> {
        match self {
            Self::Hcl(body) => body.get_attribute(key).map(|found| Code::Hcl(found.value.clone())),
            Self::Json(value) => value.get(key).map(|found| Code::Json(found.clone())),
        }
    }

    pub(super) fn attributes(&self) -> Vec<(String, Code)> {
        match self {
            Self::Hcl(body) => body.attributes().map(of_attribute).collect(),
            Self::Json(value) => value.entries().iter().map(of_entry).collect(),
        }
    }
}

fn of_attribute(attribute: &Attribute) -> (String, Code) {
    (attribute.key.as_str().to_owned(), Code::Hcl(attribute.value.clone()))
}

fn of_entry(entry: &Entry) -> (String, Code) {
    (entry.key.clone(), Code::Json(entry.value.clone()))
}

impl Module {
    pub(super) fn new(folder: &str) -> Self {
        Self { folder: folder.to_owned(), ..Self::default() }
    }

    /// Reads a file of the folder. Where it cannot be read, that is a problem.
    pub(super) fn add(&mut self, path: &str, text: &str, scan: &mut Scan) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_auto = name.starts_with("terraform.tfvars") || name.contains(".auto.");
        if (name.contains(".tfvars") || name.contains(".pkrvars")) && !is_auto {
            return;
        }
        let file = ModuleFile { path: path.to_owned(), text: text.to_owned() };
        let read = if name.ends_with(".json") { json_body(&file) } else { hcl_body(&file) };
        match read {
            Ok(content) if is_auto => self.values.extend(content.attributes()),
            Ok(Content::Hcl(body)) => body.blocks().for_each(|block| self.block(block)),
            Ok(Content::Json(root)) => self.json(&root),
            Err((at, reason)) => scan.problems.push(file.source().problem(Some(at), reason)),
        }
        self.files.push(file);
    }

    fn block(&mut self, block: &Block) {
        let label = |n: usize| block.labels.get(n).map(|label| label.as_str().to_owned()).unwrap_or_default();
        let content = Content::Hcl(block.body.clone());
        match block.ident.as_str() {
            "variable" => {
                self.variables.insert(label(0), content.attribute("default"));
            }
            "locals" => self.locals.extend(content.attributes()),
            "module" => self.call(item(block, label(0), label(0), content)),
            "data" | "resource" | "source" => {
                self.items.push((self.files.len(), item(block, label(0), label(1), content)));
            }
            // Packer: a build may hold sources.
            "build" => block.body.get_blocks("source").for_each(|inner| self.block(inner)),
            _ => {}
        }
    }

    fn call(&mut self, item: Item) {
        let source = match item.content.attribute("source") {
            Some(Code::Hcl(Expression::String(source))) => source.as_str().to_owned(),
            Some(Code::Json(source)) => source.text().unwrap_or_default().to_owned(),
            _ => return,
        };
        if source.starts_with("./") || source.starts_with("../") || source == "." {
            let target = join(&self.folder, &source);
            self.calls.push((self.files.len(), target, item));
        }
    }

    fn json(&mut self, root: &Value) {
        for (name, body) in objects(root.get("variable")) {
            self.variables.insert(name.clone(), body.get("default").map(|found| Code::Json(found.clone())));
        }
        for locals in root.get("locals").map(Value::as_list).unwrap_or_default() {
            self.locals.extend(locals.entries().iter().map(of_entry));
        }
        for (name, body) in objects(root.get("module")) {
            self.call(json_item(false, &name, &name, body));
        }
        for (kind, is_data) in [("data", true), ("resource", false)] {
            for (of, by_name) in objects(root.get(kind)) {
                for (name, body) in objects(Some(by_name)) {
                    self.items.push((self.files.len(), json_item(is_data, &of, &name, body)));
                }
            }
        }
    }

    /// The calls of the module in `folder` that stand here.
    pub(super) fn calls<'a>(&'a self, folder: &str) -> Vec<Call<'a>> {
        let own = self.calls.iter().filter(|(_, target, _)| target == folder);
        own.filter_map(|(file, _, item)| Some(Call { caller: self, file: self.files.get(*file)?, item }))
            .collect()
    }
}

impl<'a> Call<'a> {
    /// The values that the caller gives.
    pub(super) fn values(&self, scope: &Scope<'a>) -> BTreeMap<String, Value> {
        self.item.content.attributes().into_iter().map(|(name, code)| (name, scope.code(&code))).collect()
    }
}

fn item(block: &Block, kind: String, name: String, content: Content) -> Item {
    let at = block.ident.span().map_or(0, |span| span.start);
    let last = block.labels.last().and_then(hcl_edit::Span::span).or(block.ident.span());
    let is_data = block.ident.as_str() == "data";
    Item { is_data, kind, name, at, head_end: last.map(|span| span.end), content }
}

fn json_item(is_data: bool, kind: &str, name: &str, body: &Value) -> Item {
    let content = Content::Json(body.clone());
    Item { is_data, kind: kind.to_owned(), name: name.to_owned(), at: body.at, head_end: None, content }
}

/// The members of an object, or of the objects in a list.
fn objects(value: Option<&Value>) -> Vec<(String, &Value)> {
    let maps = value.map(Value::as_list).unwrap_or_default().into_iter().flat_map(Value::entries);
    let members =
        maps.flat_map(|entry| entry.value.as_list().into_iter().map(|body| (entry.key.clone(), body)));
    members.collect()
}

fn hcl_body(file: &ModuleFile) -> Result<Content, (usize, String)> {
    hcl_edit::parser::parse_body(&file.text).map(Content::Hcl).map_err(|error| {
        (error.location().offset(), format!("This is no HCL: {}.", error.message().trim_end_matches('.')))
    })
}

fn json_body(file: &ModuleFile) -> Result<Content, (usize, String)> {
    json::parse(&file.text).map(Content::Json).map_err(|error| (error.at, error.reason.to_owned()))
}

/// The folder that `source` means, seen from `folder`.
fn join(folder: &str, source: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in source.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn sources_are_seen_from_the_folder_of_the_call() {
        assert_eq!(join("a/b", "../c"), "a/c");
        assert_eq!(join("", "./lookup"), "lookup");
        assert_eq!(join("examples/x", "../../"), "");
    }
}
