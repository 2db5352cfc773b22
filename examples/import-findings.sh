#!/bin/bash
# Hands findings to AWS Security Hub: import-findings.sh FINDINGS.json [ACCOUNT]
#
# FINDINGS.json is a report: `assay scan disk.raw --format asff=findings.json`, or of `assay sourcing`. Security Hub takes 100 findings a call, in the
# account and region of the caller; ACCOUNT (default: the caller's) replaces the account where the report has none, as
# that of an image. Needs the AWS CLI, jq, and securityhub:BatchImportFindings.
set -euo pipefail
[ $# -ge 1 ] || { echo 'import-findings.sh FINDINGS.json [ACCOUNT]' >&2; exit 2; }
findings=$1
account=${2:-$(aws sts get-caller-identity --query Account --output text)}
region=${AWS_REGION:-$(aws configure get region)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

jq --arg account "$account" --arg region "$region" -c '
  .Findings[]
  | if .AwsAccountId == "000000000000" then .AwsAccountId = $account else . end
  | .ProductArn = "arn:" + (.Resources[0].Partition // "aws") + ":securityhub:\($region):\(.AwsAccountId):product/\(.AwsAccountId)/default"
' "$findings" | split -l 100 - "$work/batch-"

failed=0
for batch in "$work"/batch-*; do
  [ -e "$batch" ] || { echo 'no findings'; exit 0; }
  jq -s . "$batch" > "$work/findings.json"
  answer=$(aws securityhub batch-import-findings --findings "file://$work/findings.json" --output json)
  jq -r '"\(.SuccessCount) imported, \(.FailedCount) refused"' <<< "$answer"
  failed=$((failed + $(jq .FailedCount <<< "$answer")))
done
[ "$failed" = 0 ]
