//! User data of EC2 that stayed on a Windows.
//!
//! **Finds** texts below `ProgramData/Amazon` and the service of EC2Config, and scripts that the agents call
//! `UserScript`, in which the tags of user data are: `<powershell>`, `<script>`, `<persist>true`. Secrets on
//! their command lines are told with the scripts.
//!
//! **Why it matters:** user data often holds passwords for joining domains, and with `<persist>` it runs again
//! on every instance.
//!
//! **Does not find** user data in the base64 of the instance's metadata, and what an agent deleted.
//!
//! **References:** Amazon EC2 User Guide, "Run commands when you launch an EC2 instance with user data input".

use std::sync::Arc;

use super::{FileDetector, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, FactKey, Finding, Severity};
use assay_disk::fs::FileType;
use assay_disk::tree::Entry;

/// Where the agents keep what they do; in lower case.
const PLACES: [&[u8]; 2] = [b"/programdata/amazon/", b"/amazon/ec2configservice/"];
/// User data is at most 16 KiB; logs that repeat it are longer, in bytes.
const LIMIT: u64 = 256 << 10;

/// The detector.
pub struct Ec2UserData {
    advisory: Arc<Advisory>,
}

impl Default for Ec2UserData {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "ec2-user-data".into(),
                category: Category::Credential,
                title: "User data of the instance that the image was made on".into(),
                severity: Severity::Low,
                why: "It tells what the builder did, and may run again wherever the image starts.".into(),
                remedy:
                    "Delete what the agent kept before the image is taken, and pass no secrets by user data."
                        .into(),
                references: vec!["https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html".into()],
            }),
        }
    }
}

/// Whether an agent of EC2 put the file there.
pub(super) fn is_kept_by_agent(path: &[u8]) -> bool {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    let script = name.get(..11).is_some_and(|start| start.eq_ignore_ascii_case(b"UserScript."));
    let is_at = |from: usize, place: &[u8]| {
        let part = path.get(from..from.saturating_add(place.len()));
        part.is_some_and(|part| part.eq_ignore_ascii_case(place))
    };
    // Few paths have the rarest letter of the places, which each of them has once.
    let is_around = |rare: usize| {
        let starts =
            PLACES.iter().filter_map(|place| Some((rare.checked_sub(memchr::memchr(b'z', place)?)?, place)));
        starts.into_iter().any(|(from, place)| is_at(from, place))
    };
    script || memchr::memchr2_iter(b'z', b'Z', path).any(is_around)
}

/// The tags of user data in a text.
fn tags(content: &[u8]) -> Vec<&'static str> {
    const TAGS: [&str; 3] = ["<powershell>", "<script>", "<persist>true"];
    let has = |tag: &&str| content.windows(tag.len()).any(|part| part.eq_ignore_ascii_case(tag.as_bytes()));
    TAGS.into_iter().filter(has).collect()
}

impl FileDetector for Ec2UserData {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory)]
    }

    fn interest(&self, entry: &Entry<'_>, _: &Facts) -> Interest {
        let small =
            entry.metadata.file_type == FileType::Regular && (1..=LIMIT).contains(&entry.metadata.size);
        if small && is_kept_by_agent(entry.path) { Interest::Content } else { Interest::Skip }
    }

    fn inspect(&self, _: &Entry<'_>, content: &[u8], _: &Facts, sink: &mut dyn Sink) {
        let tags = tags(content);
        if memchr::memchr(0, content).is_none() && !tags.is_empty() {
            let again = if tags.contains(&"<persist>true") { "at every start" } else { "at the first start" };
            sink.finding(
                Finding::new(&self.advisory).fact(FactKey::Tags, tags.join(", ")).fact(FactKey::Runs, again),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_the_agents_are_known_in_any_case() {
        for path in [
            "/ProgramData/Amazon/EC2Launch/log/agent.log",
            "/PROGRAMDATA/AMAZON/EC2-Windows/Launch/Log/UserdataExecution.log",
            "/Program Files/Amazon/Ec2ConfigService/Scripts/UserScript.ps1",
            "/Windows/Temp/userscript.ps1",
        ] {
            assert!(is_kept_by_agent(path.as_bytes()), "{path}");
        }
        assert!(!is_kept_by_agent(b"/ProgramData/Amazonas/x"));
        assert!(!is_kept_by_agent(b"/srv/web/index.html"));
    }

    #[test]
    fn tags_tell_user_data() {
        assert_eq!(
            tags(b"<PowerShell>\nx\n</powershell>\n<persist>true</persist>"),
            ["<powershell>", "<persist>true"]
        );
        assert_eq!(tags(b"<persist>false</persist> script"), Vec::<&str>::new());
    }
}
