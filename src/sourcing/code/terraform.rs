//! Terraform, OpenTofu and Packer: `data "aws_ami"` and its like, with variables, locals and modules.
//!
//! A search may lie in one file, its variable in another and the value at a caller, so all files of a project are kept
//! until the last one is read. A search whose verdict a caller changes is reported where the caller stands.

mod evaluate;
mod functions;
mod module;
mod resource;
pub(super) mod state;

use std::collections::{BTreeMap, BTreeSet};

use super::hit::Source;
use super::language::Language;
use super::{Options, Scan};
use evaluate::Scope;
use module::Module;

/// The files of Terraform under the roots.
#[derive(Debug, Default)]
pub(super) struct Project {
    files: BTreeMap<String, String>,
    /// Folders with a file that may choose an image.
    folders: BTreeSet<String>,
}

/// Whether a file is one of a project in HCL: of Terraform, or of Packer.
pub(super) fn is_part(language: Language) -> bool {
    matches!(language, Language::Hcl | Language::HclJson | Language::TerraformValues)
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Project {
    pub(super) fn add(&mut self, path: &str, text: String, may_choose: bool) {
        if may_choose {
            self.folders.insert(folder(path).to_owned());
        }
        self.files.insert(path.to_owned(), text);
    }

    /// Looks at all of it.
    pub(super) fn look(&self, options: &Options, scan: &mut Scan) {
        let mut modules = BTreeMap::new();
        for name in &self.folders {
            modules.insert(name.clone(), self.module(name, scan));
        }
        let callers = self.callers(&mut modules, scan);
        for name in &self.folders {
            let Some(module) = modules.get(name) else { continue };
            let calls: Vec<module::Call<'_>> = callers
                .iter()
                .filter_map(|caller| modules.get(caller))
                .flat_map(|caller| caller.calls(name))
                .collect();
            resource::look(module, &calls, options, scan);
        }
    }

    fn module(&self, name: &str, scan: &mut Scan) -> Module {
        let files = self.files.iter().filter(|(path, _)| folder(path) == name);
        let mut module = Module::new(name);
        files.for_each(|(path, text)| module.add(path, text, scan));
        module
    }

    /// The folders whose files call a module of the project.
    fn callers(&self, modules: &mut BTreeMap<String, Module>, scan: &mut Scan) -> BTreeSet<String> {
        let names: Vec<&str> =
            self.folders.iter().map(|name| name.rsplit('/').next().unwrap_or(name)).collect();
        let calls = |text: &str| text.contains("source") && names.iter().any(|name| text.contains(name));
        let mut callers = BTreeSet::new();
        for (path, text) in &self.files {
            if calls(text) {
                callers.insert(folder(path).to_owned());
            }
        }
        for name in &callers {
            if !modules.contains_key(name) {
                modules.insert(name.clone(), self.module(name, scan));
            }
        }
        callers
    }
}

/// Looks at a text that stands alone, such as a block of code in Markdown.
pub(super) fn alone(source: &Source<'_>, options: &Options, scan: &mut Scan) {
    let mut ignored = Scan::default();
    let mut module = Module::new(folder(source.path));
    // Such a text is often no whole file: that it cannot be read is no problem.
    module.add(source.path, source.text, &mut ignored);
    resource::look(&module, &[], options, scan);
}

/// The scope of a module whose variables have their defaults.
fn own_scope(module: &Module) -> Scope<'_> {
    Scope::new(module, BTreeMap::new())
}
