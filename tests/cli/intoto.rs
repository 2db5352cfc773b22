//! The in-toto statement, read by the types that its own project gives out for Python.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use crate::oracle::skipped::skip;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Reads a statement strictly: an unknown field, a wrong type or a missing digest ends it.
const READER: &str = r#"
import sys
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2, resource_descriptor_pb2
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2

statement = json_format.Parse(sys.stdin.read(), statement_pb2.Statement())
Statement.copy_from_pb(statement).validate()
assert statement.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
result = json_format.ParseDict(json_format.MessageToDict(statement.predicate), test_result_pb2.TestResult())
assert result.result in ("PASSED", "WARNED", "FAILED"), result.result
assert result.configuration
for resource in result.configuration:
    ResourceDescriptor.copy_from_pb(resource).validate()
print(result.result, len(result.passed_tests) + len(result.warned_tests) + len(result.failed_tests))
"#;

/// What the reader says of `statement`; `None` where it is not there.
fn read(statement: &str) -> Option<Output> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/schemas/python/bin/python3");
    let python = std::env::var_os("ASSAY_INTOTO_PYTHON").map_or_else(default, Into::into);
    let child = Command::new(&python)
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        skip(&format!("in-toto-attestation ({})", python.display()), "the schemas of .ci/run");
        return None;
    };
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), statement.as_bytes()).unwrap();
    Some(child.wait_with_output().unwrap())
}

/// How many tests `statement` tells of.
fn tests_in(statement: &str) -> usize {
    let json: serde_json::Value = serde_json::from_str(statement).unwrap();
    let lists = ["passedTests", "warnedTests", "failedTests"];
    lists
        .iter()
        .map(|list| json.pointer(&format!("/predicate/{list}")).unwrap().as_array().unwrap().len())
        .sum()
}

#[test]
fn the_statement_of_the_demo_is_one_for_its_own_project() {
    let args = ["demo", "--format", "intoto"];
    let output = Command::new(env!("CARGO_BIN_EXE_assay")).args(args).output().unwrap();
    let statement = String::from_utf8(output.stdout).unwrap();
    let Some(said) = read(&statement) else { return };
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(text, format!("FAILED {}\n", tests_in(&statement)));
    for (right, wrong) in [("passedTests", "passedTest"), ("\"digest\"", "\"digests\""), ("/v1\"", "/v2\"")] {
        let refused = read(&statement.replacen(right, wrong, 1)).unwrap();
        assert!(!refused.status.success(), "{wrong}: {}", String::from_utf8_lossy(&refused.stdout));
    }
}
