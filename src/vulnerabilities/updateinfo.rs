//! Advisories of RPM repositories, `updateinfo.xml`, as `createrepo_c` writes them: read element by element, so that
//! their size does not matter.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::collector::Collector;
use super::container::Document;
use super::databases::Limits;
use super::ecosystem::OsvEcosystem;
use super::statement::{Claim, NameKind, Rating, Statement, Subject};
use super::text::{cves, first_line, push_new, references};

/// Packages of one advisory, over all architectures.
const PACKAGES: usize = 100_000;
/// References of one advisory.
const REFERENCES: usize = 20_000;

/// Reads all advisories.
pub(super) fn read(document: Document<'_>, limits: &Limits, collector: &mut Collector<'_>) {
    let left = Rc::new(Cell::new(limits.document));
    let leash = Leash { inner: BufReader::with_capacity(1 << 15, document.content), left: Rc::clone(&left) };
    let mut xml = Reader::from_reader(leash);
    xml.config_mut().check_end_names = true;
    let mut update = Update::default();
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        left.set(limits.document);
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Start(element)) => update.start(&element),
            Ok(Event::Empty(element)) => {
                update.start(&element);
                update.end();
            }
            Ok(Event::Text(text)) => update.text(&text.xml10_content().unwrap_or_default()),
            Ok(Event::GeneralRef(reference)) => {
                let name = reference.xml10_content().unwrap_or_default();
                update.text(match name.as_ref() {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    _ => " ",
                });
            }
            Ok(Event::End(element)) if element.name().as_ref() == b"update" => {
                std::mem::take(&mut update).give(document.name, collector);
            }
            Ok(Event::End(_)) => update.end(),
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                let at = xml.error_position();
                return collector.bad(format!("{}: byte {at}: {error}", document.name));
            }
        }
    }
    if update != Update::default() {
        collector.bad(format!("{}: it ends within an advisory", document.name));
    }
}

/// Ends a text that is longer than the limit: the reader keeps one in memory.
struct Leash<R> {
    inner: BufReader<R>,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Leash<R> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        self.inner.read(dst)
    }
}

impl<R: Read> BufRead for Leash<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left.get() == 0 {
            return Err(io::Error::other("an element is too long"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.left.set(self.left.get().saturating_sub(bytes as u64));
        self.inner.consume(bytes);
    }
}

/// What the text that comes next belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Field {
    #[default]
    None,
    Id,
    Title,
    Severity,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Package {
    name: String,
    /// Epoch, version and release.
    evr: String,
    architecture: String,
    repository: Option<String>,
    module: Option<String>,
}

/// An advisory, as far as it is read.
#[derive(Debug, Default, PartialEq)]
struct Update {
    field: Field,
    is_security: bool,
    id: String,
    title: String,
    severity: String,
    issued: String,
    updated: String,
    names: Vec<String>,
    links: Vec<String>,
    repository: Option<String>,
    module: Option<String>,
    packages: Vec<Package>,
    is_over: bool,
}

impl Update {
    fn start(&mut self, element: &BytesStart<'_>) {
        let attribute = |name: &str| attribute(element, name);
        self.field = Field::None;
        match element.name().as_ref() {
            b"update" => self.is_security = attribute("type") == "security",
            b"id" => self.field = Field::Id,
            b"title" => self.field = Field::Title,
            b"severity" => self.field = Field::Severity,
            b"issued" => self.issued = attribute("date"),
            b"updated" => self.updated = attribute("date"),
            b"reference" if self.names.len() < REFERENCES => {
                self.names.push(attribute("id"));
                self.links.push(attribute("href"));
            }
            b"collection" => {
                self.module = None;
                // Amazon's extras: `amazon-linux-2---kernel-5.15`.
                self.repository = attribute("short").split_once("---").map(|(_, extra)| extra.to_owned());
            }
            b"module" => self.module = Some(format!("{}:{}", attribute("name"), attribute("stream"))),
            b"package" if self.packages.len() < PACKAGES => self.packages.push(self.package(&attribute)),
            b"package" | b"reference" => self.is_over = true,
            _ => {}
        }
    }

    fn package(&self, attribute: &dyn Fn(&str) -> String) -> Package {
        let epoch = Some(attribute("epoch")).filter(|epoch| !epoch.is_empty() && epoch != "0");
        let epoch = epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
        Package {
            name: attribute("name"),
            evr: format!("{epoch}{}-{}", attribute("version"), attribute("release")),
            architecture: attribute("arch"),
            repository: self.repository.clone(),
            module: self.module.clone(),
        }
    }

    fn text(&mut self, text: &str) {
        let field = match self.field {
            Field::None => return,
            Field::Id => &mut self.id,
            Field::Title => &mut self.title,
            Field::Severity => &mut self.severity,
        };
        field.push_str(text);
    }

    const fn end(&mut self) {
        self.field = Field::None;
    }

    /// Hands the advisory on.
    fn give(mut self, document: &str, collector: &mut Collector<'_>) {
        self.id = self.id.trim().to_owned();
        if self.id.is_empty() || self.packages.iter().any(|package| package.name.is_empty()) {
            return collector
                .bad(format!("{document}: advisory {:?} has no id, or a package without a name", self.id));
        }
        if self.is_over {
            return collector.bad(format!("{document}: {} names too many packages or references", self.id));
        }
        let modified = [&self.updated, &self.issued].into_iter().find(|date| !date.is_empty());
        let modified = modified.cloned().unwrap_or_default();
        let Some((ecosystem, _)) = publisher(&self.id) else {
            collector.record(&[], &modified);
            let name = self.id.split('-').next().unwrap_or_default();
            return collector.unknown(&format!("updateinfo {name}"));
        };
        collector.record(&[ecosystem], &modified);
        let cves = cves(self.names.iter().map(String::as_str).chain([self.title.as_str()]));
        // What mends no flaw is an update as any other.
        if (self.is_security || !cves.is_empty()) && collector.judge.wanted.has_any(ecosystem) {
            let claims = self.claims(collector);
            let named = !claims.is_empty();
            let statement = Statement {
                advisory: self.id,
                cves,
                claims,
                ratings: vec![Rating::Word(self.severity)],
                summary: first_line(&self.title),
                modified,
                references: references(self.links.into_iter()),
                ..Statement::default()
            };
            if named {
                collector.take(statement);
            }
        }
    }

    fn claims(&self, collector: &Collector<'_>) -> Vec<Claim> {
        let mut claims = Vec::new();
        for package in self.packages.iter().filter(|package| package.architecture != "src") {
            let Some((ecosystem, release)) = publisher(&self.id) else { continue };
            if !collector.judge.wanted.has(ecosystem, &package.name) {
                continue;
            }
            let release = release.map_or_else(|| of_release(ecosystem, &package.evr), str::to_owned);
            let mut subject = Subject::new(ecosystem, release, package.name.as_str());
            subject.kind = NameKind::Binary;
            subject.repository.clone_from(&package.repository);
            subject.architecture = Some(package.architecture.clone()).filter(|name| !name.is_empty());
            subject.modules = package.module.clone().into_iter().collect();
            push_new(&mut claims, Claim::new(subject).before(package.evr.as_str()));
        }
        claims
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> String {
    let value = element.try_get_attribute(name).ok().flatten();
    let value =
        value.and_then(|value| value.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned));
    value.unwrap_or_default()
}

/// Who publishes an advisory, and for which release where its name says it.
fn publisher(id: &str) -> Option<(OsvEcosystem, Option<&str>)> {
    let prefix: &str = id.split(['-', ':']).next().unwrap_or_default();
    let amazon = |release| Some((OsvEcosystem::Amazon, Some(release)));
    match prefix {
        prefix if prefix.starts_with("ALAS2023") => amazon("2023"),
        prefix if prefix.starts_with("ALAS2022") => amazon("2022"),
        prefix if prefix.starts_with("ALAS2") => amazon("2"),
        "ALAS" => amazon("2018"),
        "ALSA" | "ALBA" | "ALEA" => Some((OsvEcosystem::AlmaLinux, None)),
        "RLSA" | "RXSA" | "RLBA" | "RLEA" => Some((OsvEcosystem::Rocky, None)),
        "RHSA" | "RHBA" | "RHEA" => Some((OsvEcosystem::RedHat, None)),
        "ELSA" | "ELBA" | "ELEA" => Some((OsvEcosystem::Oracle, None)),
        _ => None,
    }
}

/// The release that a package was built for: `9` of `3.0.7-16.el9_2` and of `1-2.module_el9.4.0+1`.
fn of_release(ecosystem: OsvEcosystem, evr: &str) -> String {
    let behind = evr.rsplit_once("el").map_or("", |(_, behind)| behind);
    let number: String = behind.chars().take_while(char::is_ascii_digit).collect();
    if ecosystem == OsvEcosystem::RedHat { format!("enterprise_linux:{number}") } else { number }
}
