//! What the settings of a region say of instances to come.

use super::{export, report, rules_about};

#[test]
fn a_default_that_leaves_tokens_out_is_found_and_no_preference_is_none() {
    for (answer, found) in [
        (r#"{"AccountLevel": {"HttpTokens": "optional"}}"#, true),
        (r#"{"AccountLevel": {"HttpTokens": "required"}}"#, false),
        (r#"{"AccountLevel": {}}"#, false),
    ] {
        let root = export(&[("111122223333/eu-west-1/defaults.json", answer.as_bytes())]);
        let (report, _) = report(root.path(), &[]);
        let rules = rules_about(&report, "instances-imdsv1-default");
        assert_eq!(!rules.is_empty(), found, "{answer}: {rules:?}");
    }
}
