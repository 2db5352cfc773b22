//! A file: its functions, what it assigns, what it imports, the calls that may choose an image.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use tree_sitter::{Node as Syntax, Tree};

use super::super::language;
use super::kinds::{Kind, Kinds, kind};
use super::syntax::{Expression, children, lower};

/// What is assigned: a variable, or a member of one.
pub(super) struct Binding<'t> {
    pub(super) name: String,
    pub(super) path: Vec<String>,
    pub(super) value: Syntax<'t>,
    pub(super) end: usize,
    /// The function that it stands in; 0 is the file.
    pub(super) function: usize,
    /// The condition under which it is assigned: where, and its name for people.
    pub(super) guard: Option<Guard<'t>>,
    /// `+=`, or a call that changes the variable: what it was before counts.
    pub(super) changes: bool,
}

/// A function, and its parameters with their defaults.
pub(super) struct Function<'t> {
    pub(super) range: Range<usize>,
    /// The function around it; 0 is the file.
    parent: usize,
    pub(super) parameters: BTreeMap<String, Option<Syntax<'t>>>,
}

pub(super) struct Unit<'t> {
    pub(super) text: &'t str,
    pub(super) functions: Vec<Function<'t>>,
    pub(super) bindings: Vec<Binding<'t>>,
    /// Local names: the module, and the name there.
    pub(super) imports: BTreeMap<String, (String, String)>,
    pub(super) calls: Vec<Syntax<'t>>,
    /// Places that the parser did not understand, and that may choose an image.
    pub(super) errors: Vec<usize>,
    errors_seen: usize,
    /// Bindings by their names.
    by_name: BTreeMap<String, Vec<usize>>,
}

/// A condition under which something is run: where, and how the condition is called.
type Guard<'t> = (Range<usize>, Syntax<'t>);

/// Places that the parser did not understand, of which the text is searched, at most.
const MAX_ERRORS: usize = 1_000;

impl<'t> Unit<'t> {
    pub(super) fn of(tree: &'t Tree, text: &'t str) -> Self {
        let whole = Function { range: 0..text.len(), parent: 0, parameters: BTreeMap::new() };
        let mut unit = Self {
            text,
            functions: vec![whole],
            bindings: Vec::new(),
            imports: BTreeMap::new(),
            calls: Vec::new(),
            errors: Vec::new(),
            errors_seen: 0,
            by_name: BTreeMap::new(),
        };
        unit.walk(tree);
        for (number, binding) in unit.bindings.iter().enumerate() {
            unit.by_name.entry(binding.name.clone()).or_default().push(number);
        }
        unit
    }

    /// All nodes in order, without recursion: the depth of a hostile file has no limit.
    fn walk(&mut self, tree: &'t Tree) {
        let kinds = Kinds::of(&tree.language());
        let mut cursor = tree.walk();
        let mut functions = vec![0];
        let mut guards: Vec<Guard<'t>> = Vec::new();
        loop {
            let node = cursor.node();
            let (kind, at) = (kinds.get(node.kind_id()), node.start_byte());
            if kind != Kind::Other || node.is_error() {
                while functions.len() > 1 && self.ends_before(functions.last(), at) {
                    functions.pop();
                }
                while guards.pop_if(|(range, _)| range.end <= at).is_some() {}
                if kind == Kind::Guard {
                    guards.push((node.byte_range(), node));
                }
                if kind == Kind::Function {
                    let parent = functions.last().copied().unwrap_or_default();
                    functions.push(self.functions.len());
                    let (range, parameters) = (node.byte_range(), self.parameters(node));
                    self.functions.push(Function { range, parent, parameters });
                }
                let function = functions.last().copied().unwrap_or_default();
                let start = self.functions.get(function).map_or(0, |own| own.range.start);
                // A condition around a function is none of what stands in it.
                let guard = guards.last().filter(|(range, _)| function == 0 || range.start > start);
                self.node(kind, node, function, guard);
            }
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    fn ends_before(&self, function: Option<&usize>, at: usize) -> bool {
        function.and_then(|&known| self.functions.get(known)).is_none_or(|one| one.range.end <= at)
    }

    fn source(&self, node: Syntax<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// How a condition is called.
    pub(super) fn condition(&self, node: Syntax<'_>) -> String {
        let condition = node.child_by_field_name("condition").map(|condition| self.source(condition));
        condition.unwrap_or("a condition").trim_matches(['(', ')']).chars().take(40).collect()
    }

    fn node(&mut self, kind: Kind, node: Syntax<'t>, function: usize, guard: Option<&Guard<'t>>) {
        match kind {
            Kind::Assignment => self.assignment(node, function, guard, false),
            Kind::Addition => self.assignment(node, function, guard, true),
            Kind::Declaration => {
                let (name, value) = (node.child_by_field_name("name"), node.child_by_field_name("value"));
                for (name, value) in
                    name.zip(value).map(|(name, value)| self.pairs(name, value)).unwrap_or_default()
                {
                    self.bind(name, value, function, guard.cloned(), false);
                }
            }
            Kind::Statement => self.statement(node, function, guard.cloned()),
            Kind::Import => self.import(node),
            Kind::Call => self.call(node),
            Kind::Function | Kind::Guard => {}
            Kind::Other => self.error(node),
        }
    }

    fn error(&mut self, node: Syntax<'t>) {
        self.errors_seen += 1;
        if self.errors_seen <= MAX_ERRORS && language::searches(self.source(node)) {
            self.errors.push(node.start_byte());
        }
    }

    fn assignment(&mut self, node: Syntax<'t>, function: usize, guard: Option<&Guard<'t>>, changes: bool) {
        let (left, right) = (node.child_by_field_name("left"), node.child_by_field_name("right"));
        if let (Some(left), Some(right)) = (left, right) {
            for (name, value) in self.pairs(left, right) {
                self.bind(name, value, function, guard.cloned(), changes);
            }
        }
    }

    /// `a, b = x, y` as pairs; a single value for several names is the first one's.
    fn pairs(&self, left: Syntax<'t>, right: Syntax<'t>) -> Vec<(Syntax<'t>, Syntax<'t>)> {
        let is_list =
            |node: Syntax<'_>| matches!(node.kind(), "expression_list" | "pattern_list" | "tuple_pattern");
        match (is_list(left), is_list(right)) {
            (false, false) => vec![(left, right)],
            (true, false) => children(left).into_iter().take(1).map(|name| (name, right)).collect(),
            (false, true) => children(right).into_iter().take(1).map(|value| (left, value)).collect(),
            (true, true) => children(left).into_iter().zip(children(right)).collect(),
        }
    }

    fn bind(
        &mut self,
        target: Syntax<'t>,
        value: Syntax<'t>,
        function: usize,
        guard: Option<Guard<'t>>,
        changes: bool,
    ) {
        let mut path = Vec::new();
        let mut node = lower(target, self.text);
        let name = loop {
            match node.expression {
                Expression::Name(name) => break name,
                Expression::Member(object, member) => {
                    path.insert(0, member);
                    node = *object;
                }
                Expression::Index(object, key) => {
                    let Expression::Text(key) = key.expression else { return };
                    path.insert(0, key);
                    node = *object;
                }
                _ => return,
            }
        };
        // Members of an object are set in one method and used in another.
        let is_member = name.starts_with("self.") || name.starts_with("this.");
        let function = if is_member { 0 } else { function };
        self.bindings.push(Binding { name, path, value, end: value.end_byte(), function, guard, changes });
    }

    /// A call as a statement, `filters.append(x)`, may change the variable that it begins with.
    fn statement(&mut self, node: Syntax<'t>, function: usize, guard: Option<Guard<'t>>) {
        let Some(call) = children(node).first().copied().filter(|child| kind(child.kind()) == Kind::Call)
        else {
            return;
        };
        let callee = ["function", "object"].iter().find_map(|name| call.child_by_field_name(name));
        let Some(callee) = callee else { return };
        let Some(root) = root(callee) else { return };
        let name = self.source(root).to_owned();
        if name.len() < 64 && is_name(&name) {
            let path = self.path_of_receiver(call, callee);
            let end = call.end_byte();
            self.bindings.push(Binding { name, path, value: call, end, function, guard, changes: true });
        }
    }

    /// The members between a variable and the method that is called: `Filters` in `params.Filters.push(x)`.
    fn path_of_receiver(&self, call: Syntax<'t>, callee: Syntax<'t>) -> Vec<String> {
        let mut node = lower(callee, self.text);
        if call.kind() != "method_invocation" {
            let Expression::Member(object, _) = node.expression else { return Vec::new() };
            node = *object;
        }
        let mut path = Vec::new();
        while let Expression::Member(object, name) = node.expression {
            path.insert(0, name);
            node = *object;
        }
        if matches!(node.expression, Expression::Name(_)) { path } else { Vec::new() }
    }

    fn call(&mut self, node: Syntax<'t>) {
        let callee = ["name", "function", "constructor", "type"]
            .iter()
            .find_map(|name| node.child_by_field_name(name));
        let last = callee.map(|callee| self.source(callee)).unwrap_or_default();
        let last = last.rsplit(['.', ':']).next().unwrap_or(last);
        let is_known = language::is_choice(last) || matches!(last, "paginate" | "filter" | "all" | "lookup");
        let is_alias = self.imports.get(last).is_some_and(|(_, name)| language::is_choice(name));
        let is_cdk = super::lookups::is_image_class(last);
        if is_known || is_alias || is_cdk {
            self.calls.push(node);
        }
    }

    fn parameters(&self, node: Syntax<'t>) -> BTreeMap<String, Option<Syntax<'t>>> {
        let list = ["parameters", "parameter"].iter().find_map(|name| node.child_by_field_name(name));
        let Some(list) = list else { return BTreeMap::new() };
        if list.kind() == "identifier" {
            return BTreeMap::from([(self.source(list).to_owned(), None)]);
        }
        children(list).into_iter().flat_map(|parameter| self.parameter(parameter)).collect()
    }

    fn parameter(&self, node: Syntax<'t>) -> Vec<(String, Option<Syntax<'t>>)> {
        let value = ["value", "right"].iter().find_map(|name| node.child_by_field_name(name));
        let mut cursor = node.walk();
        let names: Vec<Syntax<'t>> = node.children_by_field_name("name", &mut cursor).collect();
        let other = ["pattern", "left"].iter().find_map(|name| node.child_by_field_name(name));
        let names = match (names.is_empty(), other) {
            (false, _) => names,
            (true, Some(other)) => vec![other],
            (true, None) => vec![children(node).first().copied().unwrap_or(node)],
        };
        names
            .into_iter()
            .map(|name| (self.source(name).trim_start_matches(['*', '.']).to_owned(), value))
            .collect()
    }

    fn import(&mut self, node: Syntax<'t>) {
        static NAMES: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"([A-Za-z_*][\w.]*)(?:\s+as\s+|\s*:\s*)?([A-Za-z_]\w*)?").ok());
        let text = self.source(node);
        let quoted = text.split(['"', '\'', '`']).nth(1);
        if node.kind() == "import_spec" {
            let path = quoted.unwrap_or_default();
            let alias = node.child_by_field_name("name").map(|name| self.source(name));
            let local = alias.unwrap_or_else(|| path.rsplit('/').next().unwrap_or(path));
            self.imports.insert(local.to_owned(), (path.to_owned(), String::new()));
            return;
        }
        let (module, names) = match (node.kind(), quoted) {
            ("import_from_statement", _) => {
                let rest = text.trim_start_matches("from ");
                rest.split_once("import").map_or((rest, ""), |(module, names)| (module.trim(), names))
            }
            (_, Some(module)) => {
                (module, text.split(" from").next().unwrap_or_default().trim_start_matches("import"))
            }
            (_, None) => {
                let path =
                    text.trim_start_matches("import").trim_start_matches(" static").trim_matches([' ', ';']);
                let local = path.rsplit([' ', '.']).next().unwrap_or(path).to_owned();
                self.imports.insert(local.clone(), (path.to_owned(), local));
                return;
            }
        };
        for found in NAMES.iter().flat_map(|pattern| pattern.captures_iter(names)) {
            let original = found.get(1).map(|name| name.as_str()).unwrap_or_default();
            let local = found.get(2).map_or(original, |name| name.as_str());
            self.imports.insert(local.to_owned(), (module.to_owned(), original.to_owned()));
        }
    }

    /// The functions around a place, the innermost first; the file is the last.
    pub(super) fn functions_at(&self, at: usize) -> Vec<usize> {
        let mut function = self.functions.partition_point(|one| one.range.start <= at).saturating_sub(1);
        let mut around = Vec::new();
        while function != 0 {
            let Some(own) = self.functions.get(function) else { break };
            if own.range.contains(&at) {
                around.push(function);
            }
            function = own.parent;
        }
        around.push(0);
        around
    }

    /// What is assigned to a name, in the order of the text.
    pub(super) fn bindings_of(&self, name: &str) -> impl Iterator<Item = &Binding<'t>> {
        self.by_name.get(name).into_iter().flatten().filter_map(|&number| self.bindings.get(number))
    }

    /// The text of the function around a place; at the top of a file, the lines that follow.
    pub(super) fn around(&self, at: usize) -> &'t str {
        let lambdas = ["lambda", "=>", "->"];
        let functions = self.functions_at(at);
        let ranges = functions
            .iter()
            .filter(|&&n| n != 0)
            .filter_map(|&n| self.functions.get(n))
            .map(|one| one.range.clone());
        let mut texts = ranges.filter_map(|range| self.text.get(range));
        let own = texts.find(|text| text.contains('\n') || !lambdas.iter().any(|mark| text.contains(mark)));
        own.unwrap_or_else(|| {
            let rest = self.text.get(at..).unwrap_or_default();
            let end = rest.match_indices('\n').nth(LINES_AFTER).map_or(rest.len(), |(end, _)| end);
            rest.get(..end).unwrap_or_default()
        })
    }

    /// Whether the function compares an owner after the place.
    pub(super) fn compares_owner_after(&self, at: usize) -> bool {
        static COMPARED: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(
                r#"(?xi)
                (?: owner_?id \)* ["'\]\)\(]* \s* (?: ===? | !==? | not\s+in\b | in\b | \.equals\( )
                  | (?: === ? | == | != | !== | \bin ) \s* [\w.\[\]*]* \bowner_?id\b
                  | (?: includes | contains | has | equals | indexOf ) \( [^()\n]* owner_?id )"#,
            )
            .ok()
        });
        let around = self.around(at);
        let start = around.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        let after = around.get(at.saturating_sub(start)..).unwrap_or_default();
        let is_nothing = |text: &str| {
            ["nil", "null", "None", "undefined", "\"\""]
                .iter()
                .any(|none| text.trim_start().starts_with(none))
        };
        COMPARED.as_ref().is_some_and(|pattern| {
            pattern.find_iter(after).any(|found| !is_nothing(after.get(found.end()..).unwrap_or_default()))
        })
    }
}

/// Lines after a call at the top of a file that may belong to it.
const LINES_AFTER: usize = 30;

/// The variable that a chain of members and calls begins with.
fn root(mut node: Syntax<'_>) -> Option<Syntax<'_>> {
    loop {
        if matches!(node.kind(), "identifier" | "this") {
            return Some(node);
        }
        let inner =
            ["object", "operand", "function", "value"].iter().find_map(|name| node.child_by_field_name(name));
        node = inner?;
    }
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}
