//! Base64 in other content: lines, data URIs, values of JSON and YAML, cloud-init's files.
