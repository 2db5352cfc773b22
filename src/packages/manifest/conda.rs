//! Packages of conda environments: `conda-meta/NAME-VERSION-BUILD.json`, one for each.
//!
//! Source: docs.conda.io, "conda-meta".

use serde::Deserialize;

use super::json::Text;
use super::{Emit, Place, Reader, Wish, json};
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;

pub(super) static READER: Reader = Reader { name: "record of a conda package", wants, read };

fn wants(place: &Place<'_>) -> Wish {
    Wish::content_if(place.name.ends_with(b".json") && place.parent() == b"conda-meta" && place.is_file())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Record {
    name: Text,
    version: Text,
    build: Text,
    channel: Text,
    subdir: Text,
    license: Text,
}

fn read(_: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let record: Record = json::read(content)?;
    let name = record.name.get().ok_or("it names no package")?;
    let version = record.version.get().unwrap_or_default();
    let mut component = Component::new(Ecosystem::Conda, name, version);
    component.license = record.license.get();
    let channel = record.channel.get();
    // The last part of an address, which is what people call it.
    let channel = channel.as_deref().map(|channel| {
        let parts = channel.trim_end_matches('/').rsplit('/');
        let mut parts = parts.skip_while(|part| part.starts_with("linux-") || *part == "noarch");
        parts.next().unwrap_or(channel).to_owned()
    });
    let more = [("build", record.build.get()), ("channel", channel), ("subdir", record.subdir.get())];
    component.qualifiers = more.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    emit(component);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::read;

    #[test]
    fn a_record_tells_build_and_channel() {
        let record = r#"{"name":"numpy","version":"1.26.0","build":"py311_0","files":["a"],"license":"BSD-3-Clause",
            "channel":"https://conda.anaconda.org/conda-forge/linux-64","subdir":"linux-64"}"#;
        let (found, problem) = read("/opt/conda/conda-meta/numpy-1.26.0-py311_0.json", record);
        assert_eq!((found.len(), problem), (1, None));
        assert_eq!(found[0].version.as_deref(), Some("1.26.0"));
        let of =
            |key| found[0].qualifiers.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str());
        assert_eq!(
            (of("build"), of("channel"), of("subdir")),
            (Some("py311_0"), Some("conda-forge"), Some("linux-64"))
        );
    }

    #[test]
    fn a_record_without_a_name_is_a_problem() {
        assert!(read("/x/conda-meta/a.json", "{}").1.is_some());
        assert!(read("/x/conda-meta/history", "").0.is_empty());
    }
}
