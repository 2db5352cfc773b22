//! Calls of the same names that are none: of other services, and of tests that prepare an answer.

use super::lookups::Recogniser;
use super::syntax::{Expression, Node};

impl Recogniser<'_, '_, '_> {
    pub(super) fn is_of_another_service(&self, local: &str) -> bool {
        let module = self.unit.imports.get(local).map(|(module, _)| module.as_str()).unwrap_or_default();
        let by_request = self.call.arguments.iter().any(|node| self.names_another_service(node));
        let by_key = self.call.named.iter().any(|(name, _)| OTHER_KEYS.contains(&name.as_str()));
        let by_client = match &self.call.callee.expression {
            Expression::Member(client, _) => self.is_other(client),
            _ => false,
        };
        is_other_module(module) || by_request || by_key || by_client
    }

    /// A request of another service, by its type or its keys.
    fn names_another_service(&self, node: &Node) -> bool {
        let node = self.origin(node, 0);
        let by_key = self
            .evaluator
            .value(&node)
            .entries()
            .iter()
            .any(|entry| OTHER_KEYS.contains(&entry.key.as_str()));
        let names = match &node.expression {
            Expression::Map { type_name: Some(name), .. } => name.split('.').map(str::to_owned).collect(),
            _ => node.path().into_iter().map(str::to_owned).collect::<Vec<String>>(),
        };
        let by_type = names.iter().any(|name| {
            let module = self.unit.imports.get(name).map(|(module, _)| module.as_str()).unwrap_or(name);
            is_other_module(module)
        });
        by_key || by_type
    }

    pub(super) fn is_other(&self, client: &Node) -> bool {
        let origin = self.origin(client, 0);
        match service(&origin) {
            Some(service) => service != "ec2",
            None => [client, &origin].iter().any(|node| node.path().iter().any(|name| is_other_name(name))),
        }
    }

    /// Calls that prepare or check an answer in a test.
    pub(super) fn is_mock(&self) -> bool {
        let path = self.call.callee.path();
        let by_path =
            path.iter().any(|name| matches!(*name, "EXPECT" | "verify" | "when" | "given" | "doReturn"));
        let by_argument = self.call.arguments.iter().any(|node| {
            let path = node.path();
            let last = path.last().copied().unwrap_or_default();
            matches!(
                last,
                "any" | "Any" | "isA" | "argThat" | "anyOf" | "captor" | "capture" | "eq" | "AnythingOfType"
            ) || matches!(path.first(), Some(&"gomock" | &"mock" | &"Mockito" | &"ArgumentMatchers"))
        });
        by_path || by_argument
    }
}

/// Keys of requests of ECR and AppStream.
const OTHER_KEYS: &[&str] = &[
    "repositoryName",
    "RepositoryName",
    "registryId",
    "imageIds",
    "RegistryId",
    "Names",
    "Arns",
    "ImageName",
];

fn is_other_module(module: &str) -> bool {
    let lower = module.to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| {
        matches!(word, "ecr" | "ecrpublic" | "appstream" | "sagemaker" | "ecs" | "cvm" | "lightsail")
    })
}

fn is_other_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["ecr", "appstream", "sagemaker", "aliyun"].iter().any(|word| lower.contains(word))
}

/// The service of a client, by how it is made: `boto3.client("ec2")`, `new AWS.ECR()`, `ecr.NewFromConfig(…)`.
pub(super) fn service(node: &Node) -> Option<String> {
    let Expression::Call(call) = &node.expression else { return None };
    let path = call.callee.path();
    let last = path.last().copied().unwrap_or_default().to_ascii_lowercase();
    if let Some(Expression::Text(name)) = call.arguments.first().map(|node| &node.expression)
        && (last.contains("client") || last.contains("resource"))
    {
        return Some(name.clone());
    }
    let is_other = path.iter().any(|name| is_other_name(name));
    (is_other && !last.contains("ec2")).then(|| "another".to_owned())
}
