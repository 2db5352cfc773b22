//! Which calls choose an image: AWS SDKs, CDK, Pulumi. Other services have calls of the same names.

use tree_sitter::Node as Syntax;

use super::super::Options;
use super::super::arguments::{SPREAD, plain_key};
use super::super::hit::{Fix, Form, Hit};
use super::super::judge::{Judgement, Verdict};
use super::super::language::Language;
use super::super::reference;
use super::super::search::{Constant, Search};
use super::super::value::{Kind, Value};
use super::decoys::service;
use super::evaluate::Evaluator;
use super::lists::empty;
use super::syntax::{Call, Expression, Node, lower};
use super::unit::Unit;

/// Classes of CDK that are images, beside `MachineImage`.
pub(super) fn is_image_class(name: &str) -> bool {
    CDK_FIXED.contains(&name) || CDK_PARAMETER.contains(&name) || is_latest(name)
}

const CDK_FIXED: &[&str] = &[
    "genericLinux",
    "generic_linux",
    "genericWindows",
    "generic_windows",
    "GenericLinuxImage",
    "GenericWindowsImage",
];
const CDK_PARAMETER: &[&str] =
    &["fromSsmParameter", "from_ssm_parameter", "fromSSMParameter", "from_ssm_parameter_name"];

fn is_latest(name: &str) -> bool {
    let bare = name.trim_start_matches("MachineImage_").to_ascii_lowercase().replace('_', "");
    bare.starts_with("latestamazonlinux") || bare == "latestwindows"
}

/// The lookup that a call is.
pub(super) fn recognise(
    unit: &Unit<'_>,
    node: Syntax<'_>,
    language: Language,
    options: &Options,
) -> Option<Hit> {
    let lowered = lower(node, unit.text);
    let Expression::Call(call) = &lowered.expression else { return None };
    let lookup =
        Recogniser { unit, evaluator: Evaluator::new(unit), language, options, node: &lowered, call };
    lookup.hit()
}

pub(super) struct Recogniser<'a, 'u, 't> {
    pub(super) unit: &'u Unit<'t>,
    pub(super) evaluator: Evaluator<'u, 't>,
    pub(super) language: Language,
    pub(super) options: &'a Options,
    pub(super) node: &'a Node,
    pub(super) call: &'a Call,
}

impl Recogniser<'_, '_, '_> {
    fn hit(&self) -> Option<Hit> {
        let path = self.call.callee.path();
        let last = *path.last()?;
        let original = self.unit.imports.get(last).filter(|_| path.len() == 1).map(|(_, name)| name.as_str());
        let name = original.filter(|name| !name.is_empty() && *name != "*").unwrap_or(last);
        let before = path.len().checked_sub(2).and_then(|n| path.get(n)).copied().unwrap_or_default();
        match name {
            _ if is_latest(name) => {
                Some(self.plain(Form::Cdk, Verdict::Safe, "An image of AWS, by a parameter of AWS."))
            }
            _ if CDK_FIXED.contains(&name) => self.fixed(),
            _ if CDK_PARAMETER.contains(&name.trim_start_matches("MachineImage_"))
                || name == "MachineImage_FromSsmParameter" =>
            {
                self.parameter(Form::Cdk, &self.first()?)
            }
            "lookup" if before == "MachineImage" => Some(self.search(Form::Cdk, self.request(0), true)),
            "LookupMachineImage" | "MachineImage_Lookup" | "NewLookupMachineImage" => {
                Some(self.search(Form::Cdk, self.request(0), true))
            }
            "getAmi" | "getAmiOutput" | "getAmiIds" | "getAmiPlain" | "get_ami" | "get_ami_output"
            | "get_ami_ids" | "LookupAmi" | "LookupAmiOutput" | "GetAmiIds" | "GetAmi" => self.pulumi(name),
            "getParameter" | "get_parameter" | "LookupParameter" | "getParameterOutput" => self.ssm(&path),
            "describe_images"
            | "describeImages"
            | "DescribeImages"
            | "DescribeImagesPages"
            | "DescribeImagesWithContext"
            | "DescribeImagesPagesWithContext"
            | "DescribeImagesCommand"
            | "paginateDescribeImages"
            | "NewDescribeImagesPaginator"
            | "describeImagesPaginator" => self.sdk(name, last),
            "paginate" => self.paginate(),
            "filter" | "all" if before == "images" => self.resource(name),
            _ => None,
        }
    }

    fn plain(&self, form: Form, verdict: Verdict, reason: &str) -> Hit {
        Hit::new(self.node.at, form, Search::default(), Judgement::new(verdict, reason))
    }

    fn first(&self) -> Option<Value> {
        let by_name = self
            .call
            .named
            .iter()
            .find(|(name, _)| name.contains("parameter") || name == "name")
            .map(|(_, node)| node);
        self.call.arguments.first().or(by_name).map(|node| self.evaluator.value(node))
    }

    /// The request: arguments by name, or the argument that is a map.
    fn request(&self, index: usize) -> Value {
        if !self.call.named.is_empty() {
            return self.evaluator.named(self.node.at, self.call);
        }
        let values: Vec<Value> = self.call.arguments.iter().map(|node| self.evaluator.value(node)).collect();
        let is_map = |value: &&Value| matches!(value.kind, Kind::Map(_) | Kind::OneOf(_));
        let map = values.iter().skip(index).find(is_map).or_else(|| values.iter().find(is_map));
        let none = self
            .call
            .arguments
            .get(index)
            .is_none_or(|node| matches!(node.expression, Expression::Lambda { .. } | Expression::Null));
        match (map, values.get(index)) {
            (Some(map), _) => map.clone(),
            (None, Some(value)) if !none => value.clone(),
            _ => empty(self.node.at),
        }
    }

    fn search(&self, form: Form, request: Value, newest: bool) -> Hit {
        let more = |search: &mut Search| {
            if newest {
                search.newest = Constant::Known(true);
            }
        };
        let name = request.get("name").cloned();
        let request = if form == Form::Cdk { of_cdk(&request, name) } else { request };
        let mut hit = Hit::of(self.node.at, form, &request, &self.options.publishers, more);
        hit.fix = self.fix(&hit);
        hit
    }

    fn fixed(&self) -> Option<Hit> {
        let request = self.request(0);
        let ids = request
            .entries()
            .iter()
            .filter_map(|entry| entry.value.text())
            .filter(|id| reference::is_image_id(id));
        let ids: Vec<String> = ids.map(str::to_owned).collect();
        (!ids.is_empty()).then(|| reference::fixed(self.node.at, Form::Cdk, ids))
    }

    fn parameter(&self, form: Form, name: &Value) -> Option<Hit> {
        match &name.kind {
            Kind::Text(name) => Some(reference::parameter(self.node.at, form, name)),
            Kind::Partial { pattern, .. } => Some(reference::parameter(self.node.at, form, pattern)),
            Kind::Unknown(variable) => {
                let judgement = Judgement::unknown(
                    variable,
                    format!("`{variable}` decides which parameter names the image."),
                );
                Some(Hit::new(self.node.at, form, Search::default(), judgement))
            }
            _ => None,
        }
    }

    fn pulumi(&self, name: &str) -> Option<Hit> {
        self.mentions(&["pulumi"]).then(|| {
            let index = usize::from(self.language == Language::Go);
            let hit = self.search(Form::Pulumi, self.request(index), false);
            if name.ends_with("Ids") || name.ends_with("ids") { Hit { fix: None, ..hit } } else { hit }
        })
    }

    /// A parameter of Systems Manager whose name says that it is an image.
    fn ssm(&self, path: &[&str]) -> Option<Hit> {
        let is_ssm = path.iter().any(|name| name.to_ascii_lowercase().contains("ssm"));
        let request = self.request(usize::from(self.language == Language::Go));
        let name =
            request.entries().iter().find(|entry| entry.key.eq_ignore_ascii_case("name"))?.value.text()?;
        let form = if self.mentions(&["pulumi"]) { Form::Pulumi } else { self.form() };
        (is_ssm && reference::names_an_image(name)).then(|| reference::parameter(self.node.at, form, name))
    }

    fn form(&self) -> Form {
        match self.language {
            Language::Python => Form::Boto3,
            Language::Go => Form::GoSdk,
            Language::Java => Form::JavaSdk,
            _ => Form::JavaScriptSdk,
        }
    }

    fn mentions(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.unit.text.contains(word))
    }

    fn sdk(&self, name: &str, local: &str) -> Option<Hit> {
        if self.is_of_another_service(local) || self.is_mock() {
            return None;
        }
        let index = match (self.language, name) {
            (Language::Go, _) if !name.starts_with("DescribeImages") && !name.starts_with("New") => {
                return None;
            }
            (Language::Python, _) if name != "describe_images" || self.call.callee.path().len() < 2 => {
                return None;
            }
            (Language::Java, _) if !name.starts_with("describeImages") => return None,
            (Language::JavaScript | Language::TypeScript | Language::Tsx, "DescribeImages") => return None,
            (Language::Python, _) if !self.call.arguments.is_empty() && self.call.named.is_empty() => {
                return None;
            }
            (Language::Go, "DescribeImages") if self.call.arguments.len() < 2 => 0,
            (Language::Go, "DescribeImagesPages") => 0,
            (Language::Go, _) | (_, "paginateDescribeImages") => 1,
            // A constructor that is only named is no request.
            (_, "DescribeImagesCommand") if !self.call.is_new => return None,
            _ => 0,
        };
        let request = self.request(index);
        is_request(&request).then(|| self.request_of_sdk(request))
    }

    fn request_of_sdk(&self, request: Value) -> Hit {
        let around = self.unit.around(self.node.at);
        let sorts =
            ["CreationDate", "creation_date", "creationDate"].iter().any(|word| around.contains(word));
        self.search(self.form(), request, sorts)
    }

    /// `client.get_paginator("describe_images").paginate(…)`
    fn paginate(&self) -> Option<Hit> {
        let Expression::Member(object, _) = &self.call.callee.expression else { return None };
        let paginator = self.origin(object, 0);
        let Expression::Call(call) = &paginator.expression else { return None };
        let is_known = call.callee.path().last() == Some(&"get_paginator");
        let of = call.arguments.first().map(|node| self.evaluator.value(node));
        let is_images = of.as_ref().and_then(Value::text) == Some("describe_images");
        let Expression::Member(client, _) = &call.callee.expression else { return None };
        (is_known && is_images && !self.is_other(client)).then(|| self.request_of_sdk(self.request(0)))
    }

    /// `resource.images.filter(…)`, which Django has, too.
    fn resource(&self, method: &str) -> Option<Hit> {
        let Expression::Member(images, _) = &self.call.callee.expression else { return None };
        let Expression::Member(resource, _) = &images.expression else { return None };
        let is_ec2 = service(&self.origin(resource, 0)).as_deref() == Some("ec2");
        let parts = ["Filters", "Owners", "ImageIds", "ExecutableUsers"];
        let has_part = self.call.named.iter().any(|(name, _)| parts.contains(&name.as_str()));
        let is_known = self.language == Language::Python && (is_ec2 || has_part && method == "filter");
        is_known.then(|| self.request_of_sdk(self.request(0)))
    }

    /// Where a name comes from: the last value that it is given.
    pub(super) fn origin(&self, node: &Node, depth: usize) -> Node {
        let Expression::Name(name) = &node.expression else { return node.clone() };
        let functions = self.unit.functions_at(node.at);
        let own = self.unit.bindings_of(name).filter(|one| one.path.is_empty() && !one.changes);
        let visible = own
            .filter(|one| functions.contains(&one.function))
            .max_by_key(|one| (one.function, one.end <= node.at, one.end));
        match visible.filter(|_| depth < 4) {
            Some(binding) => self.origin(&lower(binding.value, self.unit.text), depth + 1),
            None => node.clone(),
        }
    }

    /// The argument that names the owner, where a call has arguments by name, or an object.
    fn fix(&self, hit: &Hit) -> Option<Fix> {
        let owner = hit.owner_to_name(&self.options.publishers)?;
        let (start, text) = match (
            &hit.form,
            self.call.named.first(),
            self.call.arguments.first().map(|node| (&node.expression, node)),
        ) {
            (Form::Boto3, Some((name, first)), _) if !name.is_empty() => {
                (first.at.checked_sub(name.len() + 1)?, format!("Owners=[\"{owner}\"], "))
            }
            (Form::Pulumi | Form::Cdk, Some((name, first)), _) if !name.is_empty() => {
                (first.at.checked_sub(name.len() + 1)?, format!("owners=[\"{owner}\"], "))
            }
            (form, None, Some((Expression::Map { type_name: None, .. }, node))) if *form != Form::Boto3 => {
                let key = if *form == Form::JavaScriptSdk { "Owners" } else { "owners" };
                (node.at + 1, format!(" {key}: [\"{owner}\"],"))
            }
            _ => return None,
        };
        Some(Fix { start, end: start, text })
    }
}

/// Whether a map has the keys of a request, if it has any; other clouds and other functions have other keys.
fn is_request(request: &Value) -> bool {
    let entries = request.entries();
    entries.is_empty()
        || entries
            .iter()
            .any(|entry| entry.key == SPREAD || REQUEST_KEYS.contains(&plain_key(&entry.key).as_str()))
}

const REQUEST_KEYS: &[&str] = &[
    "owners",
    "imageids",
    "filters",
    "executableusers",
    "dryrun",
    "includedeprecated",
    "includedisabled",
    "maxresults",
    "nexttoken",
    "paginationconfig",
];

/// CDK has the name beside its filters.
fn of_cdk(request: &Value, name: Option<Value>) -> Value {
    let Some(name) = name else { return request.clone() };
    let mut request = request.clone();
    let filter = |at, values: Value| {
        let mut filter = empty(at);
        filter.set("Name", Value::new(at, Kind::Text("name".to_owned())));
        filter.set("Values", values);
        filter
    };
    let old = request.get("filters").cloned();
    let mut filters = Value::new(name.at, Kind::List(vec![filter(name.at, name)]));
    old.into_iter().filter(|old| !old.is_null()).for_each(|old| filters.push(old));
    request.set("filters", filters);
    request
}
