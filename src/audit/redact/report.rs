//! All texts of the image in a report. Fields are named one by one, so that a new one must be looked at, too.

use crate::audit::{Report, Subject, VolumeSummary};
use crate::checks::benchmark::Judged;
use crate::checks::{Benchmark, Evidence as Shown};
use crate::finding::{Evidence, FactKey, Finding, Gap, Location};
use crate::packages::inventory::{Distribution, InstalledSystem, Kernel};
use crate::packages::{Component, Hold, Inventory, Origin, Repository};
use crate::remedies::Machine;

use super::{Quote, Quotes, Visit};

/// Facts that the program makes itself, or that name a thing to be found again: a word in them that looks like a key is
/// none.
const MADE: [FactKey; 19] = [
    FactKey::Sha256,
    FactKey::Bits,
    FactKey::DiffersIn,
    FactKey::File,
    FactKey::Files,
    FactKey::Is,
    FactKey::List,
    FactKey::Missing,
    FactKey::OpenedBy,
    FactKey::Opens,
    FactKey::Pools,
    FactKey::PrivateHalf,
    FactKey::Program,
    FactKey::ProgramsNotJudged,
    FactKey::Restore,
    FactKey::Runs,
    FactKey::StartedBy,
    FactKey::Version,
    FactKey::Wallet,
];

impl Quotes for Report {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            subject,
            material: _,
            volumes,
            system,
            machine,
            findings,
            gaps,
            notes,
            benchmark,
            coverage: _,
            ledger: _,
            directories,
            times,
            packages: Inventory { systems, components },
            // Said by tables that are not of the image; what it says itself is in the packages.
            support: _,
            vulnerabilities: _,
            // An account was judged and no image: nothing was found in files.
            sourcing: _,
        } = self;
        let Subject { name: _, format, size: _, layout: _, sector: _ } = subject;
        visit(b"", Quote::Name(format));
        volumes.iter_mut().for_each(|volume| of_volume(volume, visit));
        system.iter_mut().for_each(|system| visit(b"", Quote::Words(system)));
        let Machine { packages: _, installer: _, has_systemd: _, has_cloud_init: _, unplaced, marks: _ } =
            machine;
        *unplaced = std::mem::take(unplaced)
            .into_iter()
            .map(|(partition, mut name)| {
                visit(b"", Quote::Name(&mut name));
                (partition, name)
            })
            .collect();
        findings.iter_mut().for_each(|finding| of_finding(finding, visit));
        for Gap { location, kind: _, loss: _, bytes: _, reason } in gaps {
            visit(&location.path, Quote::Words(reason));
            of_location(location, visit);
        }
        for (place, text) in notes {
            visit(b"", Quote::Name(place));
            visit(b"", Quote::Words(text));
        }
        benchmark.iter_mut().for_each(|benchmark| of_benchmark(benchmark, visit));
        for directory in directories {
            visit(b"", Quote::Path(&mut directory.name));
            visit(b"", Quote::Name(&mut directory.volume));
        }
        times.each_place(&mut |place| of_location(place, visit));
        systems.iter_mut().for_each(|system| of_system(system, visit));
        components.iter_mut().for_each(|component| of_component(component, visit));
    }
}

fn of_system(system: &mut InstalledSystem, visit: Visit<'_>) {
    let InstalledSystem {
        root,
        distribution: Distribution { id, like, version, codename, pretty, cpe },
        release_file,
        support_end,
        kernels,
        repositories,
        loose_settings,
        holds,
        last_update,
        modules,
        is_partial: _,
    } = system;
    visit(b"", Quote::Path(root));
    of_location(release_file, visit);
    let names =
        [id, version, codename, pretty, cpe].into_iter().chain(like).chain(support_end).chain(modules);
    names.for_each(|name| visit(b"", Quote::Name(name)));
    for Kernel { release, package, boots: _ } in kernels {
        visit(b"", Quote::Name(release));
        package.iter_mut().for_each(|(name, version)| {
            visit(b"", Quote::Name(name));
            visit(b"", Quote::Name(version));
        });
    }
    for Repository { id, manager: _, urls, is_enabled: _, unsigned: _, tls_unchecked: _, location } in
        repositories
    {
        visit(b"", Quote::Name(id));
        // Addresses may have a user and a password.
        urls.iter_mut().for_each(|url| visit(&location.path, Quote::Line(url)));
        of_location(location, visit);
    }
    loose_settings.iter_mut().for_each(|setting| of_location(&mut setting.location, visit));
    for Hold { names, location } in holds {
        names.iter_mut().for_each(|name| visit(b"", Quote::Name(name)));
        of_location(location, visit);
    }
    last_update.iter_mut().for_each(|last| visit(b"", Quote::Path(&mut last.path)));
}

fn of_component(component: &mut Component, visit: Visit<'_>) {
    let Component {
        ecosystem: _,
        namespace,
        name,
        version,
        source,
        architecture,
        state: _,
        origin,
        module,
        license,
        installed: _,
        built: _,
        reason: _,
        owner,
        evidence: _,
        confidence: _,
        location,
        system: _,
        qualifiers,
    } = component;
    let origin = match origin {
        Origin::ThirdParty(who) => Some(who),
        Origin::Unknown | Origin::Distribution => None,
    };
    let source =
        source.iter_mut().flat_map(|source| std::iter::once(&mut source.name).chain(&mut source.version));
    let names = [namespace, version, architecture, module, license, owner].into_iter().flatten();
    let qualifiers = qualifiers.iter_mut().map(|(_, value)| value);
    let all = std::iter::once(name).chain(names).chain(source).chain(origin).chain(qualifiers);
    all.for_each(|text| visit(b"", Quote::Name(text)));
    of_location(location, visit);
}

fn of_volume(volume: &mut VolumeSummary, visit: Visit<'_>) {
    let VolumeSummary { name, content, purpose, label, mount, .. } = volume;
    visit(b"", Quote::Name(content));
    name.iter_mut().chain(purpose).for_each(|name| visit(b"", Quote::Name(name)));
    label.iter_mut().chain(mount).for_each(|name| visit(b"", Quote::Path(name)));
}

fn of_finding(finding: &mut Finding, visit: Visit<'_>) {
    let Finding {
        advisory: _,
        severity: _,
        confidence: _,
        proof: _,
        location,
        group: _,
        related_locations,
        subject,
        package,
        as_packaged: _,
        presence: _,
        evidence: Evidence { secrets: _, key_fingerprint: _, facts, content: _ },
        resource: _,
        replacement: _,
        disposition: _,
    } = finding;
    for (name, value) in facts {
        let quote = if MADE.contains(name) { Quote::Words(value) } else { Quote::Line(value) };
        visit(&location.path, quote);
    }
    subject.iter_mut().chain(package).for_each(|name| visit(b"", Quote::Name(name)));
    std::iter::once(location).chain(related_locations).for_each(|place| of_location(place, visit));
}

fn of_location(location: &mut Location, visit: Visit<'_>) {
    let Location { partition: _, volume, path, inode: _, offset: _, line: _ } = location;
    visit(b"", Quote::Path(path));
    volume.iter_mut().for_each(|name| visit(b"", Quote::Name(name)));
}

fn of_benchmark(benchmark: &mut Benchmark, visit: Visit<'_>) {
    let Benchmark { name: _, title: _, results } = benchmark;
    for Judged { section: _, level: _, check: _, title: _, verdict: _, evidence } in results {
        for Shown { path, line: _, value } in evidence {
            visit(path, Quote::Line(value));
            visit(b"", Quote::Path(path));
        }
    }
}
