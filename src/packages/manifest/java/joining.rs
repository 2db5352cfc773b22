//! What the members of one archive say, joined: what it is, what was shaded into it, and whether the class of
//! CVE-2021-44228 is in it.

use std::collections::BTreeMap;

use super::JNDI_LOOKUP;
use crate::finding::Confidence;
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;
use assay_disk::path::INSIDE;

/// The qualifier of a log4j-core without the class that CVE-2021-44228 is in.
pub const WITHOUT_JNDI_LOOKUP: (&str, &str) = ("jndi-lookup", "removed");

/// The parts of one archive.
#[derive(Default)]
struct Archive {
    /// By `pom.properties`; with the archive's own.
    projects: Vec<Component>,
    /// By `pom.xml`.
    models: Vec<Component>,
    manifest: Option<Component>,
    file_name: Option<Component>,
    lookup: Option<Component>,
}

/// Joins what one file of the image and the archives in it say of Java.
pub fn join(components: &mut Vec<Component>) {
    if !components.iter().any(is_part) {
        return;
    }
    let mut archives: BTreeMap<Vec<u8>, Archive> = BTreeMap::new();
    let (parts, rest): (Vec<Component>, Vec<Component>) = components.drain(..).partition(is_part);
    for part in parts {
        archives.entry(archive(&part.location.path).to_vec()).or_default().add(part);
    }
    components.extend(rest);
    components.extend(archives.into_values().flat_map(Archive::joined));
}

fn is_part(component: &Component) -> bool {
    component.ecosystem == Ecosystem::Maven
}

/// The archive that a part is of: of a name, the file itself; of an unpacked archive, the directory.
fn archive(path: &[u8]) -> &[u8] {
    let member = [b"/META-INF/".as_slice(), b"/org/apache/"]
        .iter()
        .any(|part| memchr::memmem::find(path, part).is_some());
    let is_member = member || path.ends_with(JNDI_LOOKUP);
    let file = || {
        let inner = memchr::memmem::rfind(path, INSIDE)?;
        let rest = path.get(inner..)?;
        let is_name = super::file_name::is_archive(rest);
        (!is_name).then(|| path.get(..inner))?
    };
    let directory = || memchr::memmem::rfind(path, b"/META-INF/").and_then(|at| path.get(..at));
    if is_member { file().or_else(directory).unwrap_or(path) } else { path }
}

impl Archive {
    fn add(&mut self, part: Component) {
        let name = part.location.path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        match name {
            b"pom.properties" => self.projects.push(part),
            b"pom.xml" => self.models.push(part),
            b"MANIFEST.MF" => self.manifest = Some(part),
            b"JndiLookup.class" => self.lookup = Some(part),
            _ => self.file_name = Some(part),
        }
    }

    fn joined(mut self) -> Vec<Component> {
        let projects = &self.projects;
        let is_known = |one: &Component| {
            projects.iter().any(|other| other.name == one.name && other.namespace == one.namespace)
        };
        self.models.retain(|model| !is_known(model));
        self.projects.append(&mut self.models);
        let own = self.own();
        self.projects.extend(own);
        self.tell_lookup();
        self.projects
    }

    /// What the archive itself is, where no project says it.
    fn own(&mut self) -> Option<Component> {
        let (file_name, manifest) = (self.file_name.take(), self.manifest.take());
        let is_own = |project: &Component| {
            let (name, version) = (project.name.as_str(), project.version.as_deref());
            let by_name = file_name.as_ref().is_none_or(|own| {
                own.name == name || self.projects.len() == 1 && own.version.as_deref() == version
            });
            let by_manifest = manifest.as_ref().is_some_and(|own| own.name == name);
            by_name || by_manifest
        };
        if self.projects.iter().any(is_own) {
            return None;
        }
        match (file_name, manifest) {
            (Some(own), Some(manifest)) => {
                let is_same = own.version == manifest.version;
                // A symbolic name such as `org.apache.commons.io` ends in a part of the name.
                let last = manifest.namespace.clone().filter(|_| own.name.contains(manifest.name.as_str()));
                let confidence = if is_same && last.is_some() { Confidence::Medium } else { Confidence::Low };
                Some(Component { namespace: last, evidence: Evidence::Metadata, confidence, ..own })
            }
            (own, manifest) => own.or(manifest),
        }
    }

    fn tell_lookup(&mut self) {
        let mut is_there = false;
        for core in self.projects.iter_mut().filter(|project| project.name == "log4j-core") {
            is_there = true;
            if self.lookup.is_none() && core.location.path.windows(INSIDE.len()).any(|part| part == INSIDE) {
                let (key, value) = WITHOUT_JNDI_LOOKUP;
                core.qualifiers.push((key, value.to_owned()));
            }
        }
        if !is_there {
            self.projects.extend(self.lookup.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{listed, read};
    use super::*;

    fn joined(files: &[(&str, &str)]) -> Vec<Component> {
        let mut all: Vec<Component> =
            files.iter().flat_map(|(path, content)| read(path, content).0).collect();
        join(&mut all);
        all
    }

    fn pom(group: &str, artifact: &str, version: &str) -> String {
        format!("#Generated\ngroupId={group}\nartifactId={artifact}\nversion={version}\n")
    }

    #[test]
    fn an_archive_is_one_component_whatever_says_so() {
        let manifest = "Implementation-Title: guava\nImplementation-Version: 32.1\n";
        let all = joined(&[
            ("/a/guava-32.1.jar", ""),
            ("/a/guava-32.1.jar!/META-INF/MANIFEST.MF", manifest),
            (
                "/a/guava-32.1.jar!/META-INF/maven/com.google.guava/guava/pom.properties",
                &pom("com.google.guava", "guava", "32.1"),
            ),
            ("/a/guava-32.1.jar!/META-INF/maven/com.google.guava/guava/pom.xml", "<project>"),
        ]);
        assert_eq!(listed(&all), ["com.google.guava:guava 32.1"]);
    }

    #[test]
    fn what_is_shaded_nested_and_renamed_is_listed() {
        let all = joined(&[
            ("/a/app-1.0.jar", ""),
            ("/a/app-1.0.jar!/META-INF/maven/g/one/pom.properties", &pom("g", "one", "1")),
            ("/a/app-1.0.jar!/META-INF/maven/g/two/pom.properties", &pom("g", "two", "2")),
            ("/a/app-1.0.jar!/BOOT-INF/lib/inner-3.0.jar", ""),
            ("/a/app-1.0.jar!/BOOT-INF/lib/inner-3.0.jar!/META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"),
            ("/a/app-1.0.jar!/x.bin!/META-INF/maven/g/four/pom.properties", &pom("g", "four", "4")),
        ]);
        let mut names = listed(&all);
        names.sort();
        assert_eq!(names, ["app 1.0", "g:four 4", "g:one 1", "g:two 2", "inner 3.0"]);
    }

    #[test]
    fn a_jar_without_maven_is_known_by_manifest_and_name() {
        let manifest = "Bundle-SymbolicName: org.apache.commons.commons-io\nBundle-Version: 2.11.0\n";
        let all = joined(&[
            ("/a/commons-io-2.11.0.jar", ""),
            ("/a/commons-io-2.11.0.jar!/META-INF/MANIFEST.MF", manifest),
        ]);
        assert_eq!(listed(&all), ["org.apache.commons:commons-io 2.11.0"]);
        assert_eq!(all[0].confidence, Confidence::Medium);
        let all = joined(&[("/a/renamed.bin!/META-INF/MANIFEST.MF", manifest)]);
        assert_eq!(listed(&all), ["org.apache.commons:commons-io 2.11.0"]);
    }

    #[test]
    fn the_class_of_log4shell_is_there_or_was_removed() {
        let core = pom("org.apache.logging.log4j", "log4j-core", "2.14.1");
        let path = "/a/x.jar!/META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties";
        let class = "/a/x.jar!/org/apache/logging/log4j/core/lookup/JndiLookup.class";
        let all = joined(&[(path, &core), (class, "")]);
        assert_eq!(
            (listed(&all), all[0].qualifiers.len()),
            (vec!["org.apache.logging.log4j:log4j-core 2.14.1".to_owned()], 0)
        );
        let all = joined(&[(path, &core)]);
        assert_eq!(all[0].qualifiers, [("jndi-lookup", "removed".to_owned())]);
        assert_eq!(listed(&joined(&[(class, "")])), ["org.apache.logging.log4j:log4j-core ?"]);
    }
}
