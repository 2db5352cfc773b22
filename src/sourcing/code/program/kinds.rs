//! Kinds of nodes by what they are to us: a number is looked up for each node, not a name compared.

use tree_sitter::Language;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Other,
    Function,
    /// What stands in it may be run or not.
    Guard,
    Assignment,
    /// `+=`
    Addition,
    Declaration,
    Statement,
    Import,
    Call,
}

/// The kinds of a grammar by their numbers.
pub(super) struct Kinds(Vec<Kind>);

impl Kinds {
    pub(super) fn of(language: &Language) -> Self {
        let count = u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
        Self((0..count).map(|id| language.node_kind_for_id(id).map_or(Kind::Other, kind)).collect())
    }

    pub(super) fn get(&self, id: u16) -> Kind {
        self.0.get(usize::from(id)).copied().unwrap_or(Kind::Other)
    }
}

/// The kind of a node by its name in any of the grammars.
pub(super) fn kind(name: &str) -> Kind {
    match name {
        "function_definition"
        | "lambda"
        | "function_declaration"
        | "function_expression"
        | "arrow_function"
        | "method_definition"
        | "generator_function_declaration"
        | "func_literal"
        | "method_declaration"
        | "constructor_declaration"
        | "lambda_expression" => Kind::Function,
        "if_statement"
        | "elif_clause"
        | "else_clause"
        | "expression_switch_statement"
        | "switch_statement"
        | "match_statement" => Kind::Guard,
        "assignment"
        | "assignment_expression"
        | "named_expression"
        | "short_var_declaration"
        | "assignment_statement" => Kind::Assignment,
        "augmented_assignment" | "augmented_assignment_expression" => Kind::Addition,
        "variable_declarator" | "var_spec" | "const_spec" => Kind::Declaration,
        "expression_statement" => Kind::Statement,
        "import_statement" | "import_from_statement" | "import_declaration" | "import_spec" => Kind::Import,
        "call"
        | "call_expression"
        | "new_expression"
        | "method_invocation"
        | "object_creation_expression" => Kind::Call,
        _ => Kind::Other,
    }
}
