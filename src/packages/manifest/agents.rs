//! Agents of Amazon's images that no package brought, or whose package says less than they do: files of their own tell
//! their versions.

use super::text::{text, value};
use super::{Emit, Place, Reader, Wish};
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;
use assay_disk::fs::FileType;

pub(super) static READER: Reader = Reader { name: "version of an agent", wants, read };

/// Which of them a place belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Agent {
    CloudWatch,
    CodeDeploy,
    Ecs,
    AwsCli,
}

fn agent(place: &Place<'_>) -> Option<Agent> {
    let mut above = place.above();
    let (first, second) = (above.next()?, above.next().unwrap_or_default());
    match place.name {
        b"CWAGENT_VERSION" if place.is_file() => Some(Agent::CloudWatch),
        b".version" if first == b"codedeploy-agent" && place.is_file() => Some(Agent::CodeDeploy),
        name if first == b"ecs" && name.starts_with(b"ecs-agent-v") && place.is_file() => Some(Agent::Ecs),
        name => {
            let is_version = name.first().is_some_and(u8::is_ascii_digit);
            let is_cli =
                is_version && first == b"v2" && second == b"aws-cli" && place.kind == FileType::Directory;
            is_cli.then_some(Agent::AwsCli)
        }
    }
}

fn wants(place: &Place<'_>) -> Wish {
    match agent(place) {
        Some(Agent::CloudWatch | Agent::CodeDeploy) => Wish::Content,
        Some(Agent::Ecs | Agent::AwsCli) => Wish::Path,
        None => Wish::Nothing,
    }
}

fn read(place: &Place<'_>, content: &[u8], emit: &mut Emit<'_>) -> Result<(), &'static str> {
    let none = "it says no version";
    let (name, version, evidence) = match agent(place) {
        Some(Agent::CloudWatch) => {
            let line = content.split(|&byte| byte == b'\n').next().unwrap_or_default();
            ("amazon-cloudwatch-agent", text(line), Evidence::Metadata)
        }
        Some(Agent::CodeDeploy) => {
            let version = text(value(content, "agent_version", b':').ok_or(none)?);
            let version = version.strip_prefix("OFFICIAL_").unwrap_or(&version);
            let version = version.split('_').next().unwrap_or(version).to_owned();
            ("codedeploy-agent", version, Evidence::Metadata)
        }
        Some(Agent::Ecs) => {
            let version = place.name.strip_prefix(b"ecs-agent-v").unwrap_or_default();
            let version = version.strip_suffix(b".tar").unwrap_or(version);
            ("amazon-ecs-agent", text(version), Evidence::FileName)
        }
        Some(Agent::AwsCli) => ("aws-cli", text(place.name), Evidence::FileName),
        None => return Ok(()),
    };
    if version.is_empty() {
        return Err(none);
    }
    emit(Component::new(Ecosystem::Generic, name, version).evidence(evidence));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{listed, names, read, read_as};
    use assay_disk::fs::FileType;

    #[test]
    fn agents_tell_their_versions() {
        let cloudwatch = "/opt/aws/amazon-cloudwatch-agent/bin/CWAGENT_VERSION";
        assert_eq!(names(cloudwatch, "1.300032.3b392\n"), ["amazon-cloudwatch-agent 1.300032.3b392"]);
        assert!(read(cloudwatch, "").1.is_some());
        let deploy = "/opt/codedeploy-agent/.version";
        assert_eq!(names(deploy, "agent_version: OFFICIAL_1.7.0-92_rpm\n"), ["codedeploy-agent 1.7.0-92"]);
        assert_eq!(names("/var/cache/ecs/ecs-agent-v1.79.0.tar", ""), ["amazon-ecs-agent 1.79.0"]);
        let cli = "/usr/local/aws-cli/v2/2.15.30";
        assert_eq!(listed(&read_as(cli, FileType::Directory, b"").0), ["aws-cli 2.15.30"]);
    }
}
