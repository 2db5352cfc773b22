#!/bin/bash
# Exports what `assay sourcing` reads: which images an account has, runs and may run, whose they are, and who chose them.
# Needs the AWS CLI (1.46 or 2.31 and later know all calls) and POSIX tools. Makes no write call: only operations that
# begin with describe-, get-, list- or lookup- leave this script, and anything else ends it.
#
#   export-aws.sh [--regions a,b] [--no-snapshots] [--ancestry] [--findings] [--cloudtrail DAYS] [--organization]
#                 [--endpoint-url URL] DIR
#
#   --regions a,b     only these (default: all that the account has enabled)
#   --no-snapshots    leave out snapshots and who may make volumes of them (one call a snapshot)
#   --ancestry        also the ancestry of each own image (one call an image)
#   --findings        also what Inspector found in each own image (one call an image; needs a new client)
#   --cloudtrail DAYS also events of the last DAYS (at most 90): DescribeImages, RunInstances and changes to images
#   --organization    also the organisation and its accounts (often only its management account may)
#   --endpoint-url    another endpoint for all calls, as is AWS_ENDPOINT_URL
#
# Credentials and the first region come from where the client finds them (AWS_PROFILE, AWS_REGION, ...).
#
# Files: DIR/ACCOUNT/REGION/CALL.json, calls without a region in DIR/ACCOUNT/global/, and DIR/ACCOUNT/manifest.json: account,
# regions, time, client, and for each call its file, its status and the error. Started again, it fetches what is missing
# and retries what failed. Delete a file to fetch it again, or the folder to start a new export.
#
# Status: ok; not-found (an image that is gone, hidden or not allowed); denied; unsupported (the region or the endpoint
# lacks it); client-too-old; failed. Exit code: 0, all there; 4, some calls failed (they are on stderr, too); 1, nothing
# could be done; 2, wrong usage.
#
# The files are for your eyes: launch templates and launch configurations contain user data, and that may hold secrets.
# They are written for you alone (umask 077).
#
# Permissions, all for resource "*":
#   sts:GetCallerIdentity
#   ec2:DescribeRegions ec2:DescribeImages ec2:DescribeImageAttribute ec2:DescribeInstances
#   ec2:DescribeInstanceImageMetadata ec2:GetAllowedImagesSettings ec2:GetImageBlockPublicAccessState
#   ec2:GetSnapshotBlockPublicAccessState ec2:GetInstanceMetadataDefaults ec2:DescribeLaunchTemplateVersions
#   ec2:DescribeSpotFleetRequests ec2:DescribeFleets ec2:DescribeSpotInstanceRequests ec2:DescribeImageReferences
#   ec2:DescribeImageUsageReports ec2:DescribeImageUsageReportEntries ec2:DescribeReplaceRootVolumeTasks
#   ec2:ListImagesInRecycleBin ec2:DescribeSecurityGroups
#   autoscaling:DescribeAutoScalingGroups autoscaling:DescribeLaunchConfigurations
#   ssm:DescribeParameters ssm:GetParameters batch:DescribeComputeEnvironments
#   imagebuilder:ListImageRecipes imagebuilder:GetImageRecipe eks:ListClusters eks:ListNodegroups eks:DescribeNodegroup
#   iam:ListInstanceProfiles iam:GetAccountAuthorizationDetails (or iam:ListAttachedRolePolicies)
#   unless --no-snapshots: ec2:DescribeSnapshots ec2:DescribeSnapshotAttribute
#   --ancestry: ec2:GetImageAncestry   --findings: ec2:GetImageFindings   --cloudtrail: cloudtrail:LookupEvents
#   --organization: organizations:DescribeOrganization organizations:ListAccounts
# `ec2:Describe*`, `ec2:Get*`, ... of the managed policy ViewOnlyAccess cover most of them.
set -u
umask 077
export AWS_PAGER='' LC_ALL=C

fail() { echo "export-aws.sh: $2" >&2; exit "$1"; }
usage() {
  echo "usage: export-aws.sh [--regions a,b] [--no-snapshots] [--ancestry] [--findings] [--cloudtrail DAYS]" >&2
  echo "                     [--organization] [--endpoint-url URL] DIR" >&2
  exit 2
}

dir='' regions='' snapshots=yes ancestry='' findings='' cloudtrail='' organization='' endpoint=''
while [ $# -gt 0 ]; do
  case $1 in
    --regions) [ $# -gt 1 ] || usage; regions=$(echo "$2" | tr ',' ' '); shift ;;
    --no-snapshots) snapshots='' ;;
    --ancestry) ancestry=yes ;;
    --findings) findings=yes ;;
    --cloudtrail) [ $# -gt 1 ] || usage; cloudtrail=$2; shift ;;
    --organization) organization=yes ;;
    --endpoint-url) [ $# -gt 1 ] || usage; endpoint=$2; shift ;;
    -*) usage ;;
    *) [ -z "$dir" ] || usage; dir=$1 ;;
  esac
  shift
done
[ -n "$dir" ] || usage
case $cloudtrail in *[!0-9]*) usage ;; esac
command -v aws > /dev/null || fail 1 "no aws on the PATH: https://aws.amazon.com/cli/"

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# A text as it stands in JSON. Control characters become spaces: errors are one line here.
json() {
  local text=$1
  text=$(printf %s "$text" | tr '\000-\037\177' ' ')
  text=${text//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# The one place that calls the client. Without a region, its own.
client() {
  local region=$1 service=$2 operation=$3
  shift 3
  case $operation in
    describe-* | get-* | list-* | lookup-*) ;;
    *) fail 1 "$service $operation is no call that only reads" ;;
  esac
  [ -z "$region" ] || set -- "$@" --region "$region"
  [ -z "$endpoint" ] || set -- "$@" --endpoint-url "$endpoint"
  aws "$service" "$operation" --output json "$@"
}

# What went wrong, in one line; the client's list of valid choices is none.
reason() { { grep -i -m 1 error "$1" || grep . "$1" | tail -n 1; } | cut -c 1-400; }

status() {
  case $1 in
    *'nvalid choice'* | *'nknown options'* | *'Unknown parameter'*) echo client-too-old ;;
    *AccessDenied* | *UnauthorizedOperation* | *AuthFailure* | *'not authorized'*) echo denied ;;
    *InvalidAMIID*) echo not-found ;;
    *InvalidAction* | *UnsupportedOperation* | *'not been implemented'* | *NotImplemented* | *UnknownOperation* | \
      *'Could not connect to the endpoint'*) echo unsupported ;;
    *) echo failed ;;
  esac
}

# fetch FILE REGION SERVICE OPERATION [ARGUMENT]... puts the answer into FILE, whole or not at all. Where the client knows no
# pages of an operation, the next ones go into FILE.page2.json and so on, before the first takes its name.
error=''
fetch() {
  local file=$1 page=1 token='' part
  shift
  error=''
  mkdir -p "$(dirname "$file")"
  while :; do
    part=$file.part$page
    if ! client "$@" ${token:+--next-token "$token"} > "$part" 2> "$file.error"; then
      error=$(reason "$file.error")
      [ -n "$error" ] || error='the client failed and did not say why'
      rm -f "$file".part* "$file.error"
      return 1
    fi
    [ -s "$part" ] || echo '{}' > "$part" # nothing to tell
    token=$(sed -n 's/^    "NextToken": "\(.*\)",\{0,1\}$/\1/p' "$part" | tail -n 1)
    [ -n "$token" ] || break
    page=$((page + 1))
  done
  rm -f "$file.error"
  while [ "$page" -gt 1 ]; do
    mv "$file.part$page" "${file%.json}.page$page.json"
    page=$((page - 1))
  done
  mv "$file.part1" "$file"
}

# note FILE STATUS ERROR COMMAND... writes down how a call went: one line of JSON texts, the last one of a file counts.
note() {
  local file=$1 status=$2 error=$3
  shift 3
  printf '%s\t%s\t%s\t%s\t%s\n' "$(json "$file")" "$(json "$status")" "$(json "$(now)")" "$(json "$*")" \
    "$(json "$error")" >> "$home/.calls.tsv"
  case $status in
    ok | not-found) ;;
    *) echo "export-aws.sh: $file: $error" >&2 ;;
  esac
}

# call FILE REGION SERVICE OPERATION [ARGUMENT]..., unless FILE is there.
call() {
  local file=$1
  shift
  [ ! -s "$home/$file" ] || return 0
  if fetch "$home/$file" "$@"; then
    shift
    note "$file" ok '' "$@"
  else
    shift
    note "$file" "$(status "$error")" "$error" "$@"
    return 1
  fi
}

# Values of a key in files as the client writes them: one pair a line. Ids and names hold no quotes.
values() {
  local key=$1 file
  shift
  for file in "$@"; do
    [ ! -f "$file" ] || sed -n "s/^ *\"$key\": \"\([^\"\\]*\)\",\{0,1\}$/\1/p" "$file"
  done | sort -u
}

# Texts of a list that stands alone below the top: {"clusters": ["a", "b"]}.
items() { [ ! -f "$1" ] || sed -n 's/^        "\([^"\\]*\)",\{0,1\}$/\1/p' "$1"; }

write_manifest() {
  local complete=$1 region first='' out=$home/manifest.json
  {
    printf '{\n    "format": 1,\n    "tool": "export-aws.sh",\n'
    printf '    "account": %s,\n    "arn": %s,\n' "$(json "$account")" "$(json "$arn")"
    printf '    "day": %s,\n    "client": %s,\n' "$(json "$started")" "$(json "$version")"
    printf '    "endpoint": %s,\n' "$(json "${endpoint:-${AWS_ENDPOINT_URL:-}}")"
    printf '    "regions": ['
    for region in $regions; do
      printf '%s%s' "$first" "$(json "$region")"
      first=', '
    done
    printf '],\n    "options": %s,\n    "complete": %s,\n    "calls": [' "$(json "$options")" "$complete"
    awk -F '\t' '
      { if (!($1 in last)) order[++count] = $1; last[$1] = $0 }
      END {
        for (i = 1; i <= count; i++) {
          split(last[order[i]], field, "\t")
          printf "%s\n        {\"file\": %s, \"status\": %s, \"time\": %s, \"command\": %s, \"error\": %s}",
            (i > 1 ? "," : ""), field[1], field[2], field[3], field[4], field[5]
        }
      }' "$home/.calls.tsv"
    printf '\n    ]\n}\n'
  } > "$out.part" && mv "$out.part" "$out"
}

# describe-images fails as a whole for one id that is gone: halve until it stands alone.
images_by_id() {
  local region=$1 number=1 file half id
  shift
  while [ -e "$home/$region/describe-images.in-use.$number.json" ]; do number=$((number + 1)); done
  file=$region/describe-images.in-use.$number.json
  if fetch "$home/$file" "$region" ec2 describe-images --include-deprecated --include-disabled --image-ids "$@"; then
    note "$file" ok '' ec2 describe-images --include-deprecated --include-disabled --image-ids "$@"
    values ImageId "$home/$file" > "$home/$region/.found"
    for id in "$@"; do
      grep -q -x "$id" "$home/$region/.found" ||
        note "$region/describe-images.$id.json" not-found 'an empty answer' ec2 describe-images --image-ids "$id"
    done
    rm -f "$home/$region/.found"
  elif [ "$(status "$error")" != not-found ]; then
    note "$file" "$(status "$error")" "$error" ec2 describe-images --image-ids "$@"
  elif [ $# -eq 1 ]; then
    note "$region/describe-images.$1.json" not-found "$error" ec2 describe-images --image-ids "$1"
  else
    half=$(($# / 2))
    images_by_id "$region" "${@:1:half}"
    images_by_id "$region" "${@:half+1}"
  fi
}

# batches SIZE FUNCTION REGION calls the function with so many of the lines on stdin at a time.
batches() {
  local size=$1 function=$2 region=$3 line
  set --
  while read -r line; do
    set -- "$@" "$line"
    if [ $# -eq "$size" ]; then
      "$function" "$region" "$@"
      set --
    fi
  done
  [ $# -eq 0 ] || "$function" "$region" "$@"
}

parameters() {
  local region=$1 number=1
  shift
  while [ -e "$home/$region/get-parameters.$number.json" ]; do number=$((number + 1)); done
  call "$region/get-parameters.$number.json" "$region" ssm get-parameters --names "$@"
}

references() {
  local region=$1
  shift
  call "$region/describe-image-references.$1.json" "$region" ec2 describe-image-references --include-all-resource-types \
    --image-ids "$@"
}

# What is listed on stdin, but for what the files name already.
without() {
  local known=$home/.known
  values "$1" "${@:2}" > "$known"
  grep -v -x -F -f "$known" || :
  rm -f "$known"
}

export_region() {
  local r=$1 at=$home/$1 id name cluster group number

  call "$r/describe-images.self.json" "$r" ec2 describe-images --owners self --include-deprecated --include-disabled
  call "$r/describe-images.shared.json" "$r" ec2 describe-images --executable-users self --include-deprecated
  call "$r/describe-instances.json" "$r" ec2 describe-instances
  call "$r/describe-instance-image-metadata.json" "$r" ec2 describe-instance-image-metadata
  call "$r/get-allowed-images-settings.json" "$r" ec2 get-allowed-images-settings
  call "$r/get-image-block-public-access-state.json" "$r" ec2 get-image-block-public-access-state
  call "$r/get-snapshot-block-public-access-state.json" "$r" ec2 get-snapshot-block-public-access-state
  call "$r/get-instance-metadata-defaults.json" "$r" ec2 get-instance-metadata-defaults
  # shellcheck disable=SC2016  # these are names that EC2 knows
  call "$r/describe-launch-template-versions.json" "$r" ec2 describe-launch-template-versions --versions '$Latest' '$Default'
  call "$r/describe-auto-scaling-groups.json" "$r" autoscaling describe-auto-scaling-groups
  call "$r/describe-launch-configurations.json" "$r" autoscaling describe-launch-configurations
  call "$r/describe-spot-fleet-requests.json" "$r" ec2 describe-spot-fleet-requests
  call "$r/describe-spot-instance-requests.json" "$r" ec2 describe-spot-instance-requests
  call "$r/describe-fleets.json" "$r" ec2 describe-fleets
  call "$r/describe-compute-environments.json" "$r" batch describe-compute-environments
  call "$r/describe-replace-root-volume-tasks.json" "$r" ec2 describe-replace-root-volume-tasks
  call "$r/list-images-in-recycle-bin.json" "$r" ec2 list-images-in-recycle-bin
  call "$r/describe-image-usage-reports.json" "$r" ec2 describe-image-usage-reports
  call "$r/describe-image-usage-report-entries.json" "$r" ec2 describe-image-usage-report-entries
  call "$r/describe-security-groups.json" "$r" ec2 describe-security-groups

  if call "$r/list-image-recipes.json" "$r" imagebuilder list-image-recipes; then
    number=0
    for id in $(values arn "$at"/list-image-recipes*.json); do
      number=$((number + 1))
      call "$r/get-image-recipe.$number.json" "$r" imagebuilder get-image-recipe --image-recipe-arn "$id"
    done
  fi
  if call "$r/list-clusters.json" "$r" eks list-clusters; then
    for cluster in $(items "$at/list-clusters.json"); do
      call "$r/list-nodegroups.$cluster.json" "$r" eks list-nodegroups --cluster-name "$cluster"
      for group in $(items "$at/list-nodegroups.$cluster.json"); do
        call "$r/describe-nodegroup.$cluster.$group.json" "$r" eks describe-nodegroup --cluster-name "$cluster" \
          --nodegroup-name "$group"
      done
    done
  fi

  # Parameters that are images, and those that launch templates name.
  call "$r/describe-parameters.json" "$r" ssm describe-parameters --parameter-filters Key=DataType,Values=aws:ec2:image
  {
    values Name "$at"/describe-parameters*.json
    values ImageId "$at"/describe-launch-template-versions*.json | sed -n 's/^resolve:ssm:\([^:]*\).*/\1/p'
  } | sort -u | without Name "$at"/get-parameters.*.json | batches 10 parameters "$r"

  # Images in use that are not one's own.
  grep -o -h '"ami-[0-9a-f]*"' "$at"/describe-instances*.json "$at"/describe-instance-image-metadata*.json \
    "$at"/describe-launch-template-versions*.json "$at"/describe-launch-configurations*.json "$at"/describe-spot-*.json \
    "$at"/describe-fleets*.json "$at"/describe-compute-environments*.json "$at"/get-image-recipe.*.json \
    "$at"/get-parameters.*.json "$at"/describe-replace-root-volume-tasks*.json 2> /dev/null | tr -d '"' | sort -u |
    without ImageId "$at"/describe-images.*.json | batches 100 images_by_id "$r"

  for id in $(values ImageId "$at"/describe-images.self*.json); do
    call "$r/describe-image-attribute.launchPermission.$id.json" "$r" ec2 describe-image-attribute \
      --attribute launchPermission --image-id "$id"
    [ -z "$ancestry" ] || call "$r/get-image-ancestry.$id.json" "$r" ec2 get-image-ancestry --image-id "$id"
    [ -z "$findings" ] || call "$r/get-image-findings.$id.json" "$r" ec2 get-image-findings --image-id "$id"
  done
  values ImageId "$at"/describe-images.self*.json | batches 10 references "$r"

  if [ -n "$snapshots" ]; then
    call "$r/describe-snapshots.json" "$r" ec2 describe-snapshots --owner-ids self
    for id in $(values SnapshotId "$at"/describe-images.self*.json); do
      call "$r/describe-snapshot-attribute.createVolumePermission.$id.json" "$r" ec2 describe-snapshot-attribute \
        --attribute createVolumePermission --snapshot-id "$id"
    done
  fi

  if [ -n "$cloudtrail" ]; then
    for name in DescribeImages RunInstances ModifyImageAttribute EnableAllowedImagesSettings DisableAllowedImagesSettings \
      ReplaceImageCriteriaInAllowedImagesSettings; do
      call "$r/lookup-events.$name.json" "$r" cloudtrail lookup-events --start-time $(($(date +%s) - cloudtrail * 86400)) \
        --lookup-attributes "AttributeKey=EventName,AttributeValue=$name"
    done
  fi
}

export_global() {
  local role
  call global/list-instance-profiles.json '' iam list-instance-profiles
  # Policies of AWS itself are known by their names, so their texts are left out.
  if ! call global/get-account-authorization-details.json '' iam get-account-authorization-details \
    --filter Role LocalManagedPolicy; then
    for role in $(values RoleName "$home"/global/list-instance-profiles*.json); do
      call "global/list-attached-role-policies.$role.json" '' iam list-attached-role-policies --role-name "$role"
    done
  fi
  if [ -n "$organization" ]; then
    call global/describe-organization.json '' organizations describe-organization
    call global/list-accounts.json '' organizations list-accounts
  fi
}

started=$(now)
version=$(aws --version 2>&1 | head -n 1)
options="snapshots=${snapshots:-no} ancestry=${ancestry:-no} findings=${findings:-no} cloudtrail=${cloudtrail:-no}"
if [ -z "${AWS_REGION:-}${AWS_DEFAULT_REGION:-}" ] && [ -z "$(aws configure get region 2> /dev/null)" ]; then
  export AWS_DEFAULT_REGION=us-east-1 # some region must be asked which there are
fi

mkdir -p "$dir" || fail 1 "cannot make $dir"
identity=$dir/.get-caller-identity.json
fetch "$identity" '' sts get-caller-identity || fail 1 "no account: $error"
account=$(values Account "$identity") arn=$(values Arn "$identity")
case $account in '' | *[!0-9]*) fail 1 "no account in $identity" ;; esac
home=$dir/$account
mkdir -p "$home/global" || fail 1 "cannot make $home"
mv "$identity" "$home/global/get-caller-identity.json"
touch "$home/.calls.tsv"
note global/get-caller-identity.json ok '' sts get-caller-identity

if [ -z "$regions" ]; then
  call global/describe-regions.json '' ec2 describe-regions || fail 1 "cannot list regions (give --regions): $error"
  regions=$(values RegionName "$home/global/describe-regions.json" | tr '\n' ' ')
fi

# A run that is cut short leaves a manifest that says so.
trap 'write_manifest false' EXIT
trap 'exit 130' INT TERM
export_global
for region in $regions; do
  export_region "$region"
done
trap - EXIT
write_manifest true

all=$(grep -c '"status": ' "$home/manifest.json")
fine=$(grep -c -e '"status": "ok"' -e '"status": "not-found"' "$home/manifest.json")
echo "$home: $all calls, $((all - fine)) failed"
[ "$all" -eq "$fine" ] || exit 4
