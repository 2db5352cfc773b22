#
#   sh THIS --dry-run     shows what would be done
#   sh THIS               does it; as root
#   ROOT=DIR sh THIS      does it in a tree that is mounted at DIR; commands of the running system are left out
#
# It may be run twice. It refuses to touch a file that is not the one that was audited (another size, a link on the
# way), and goes on with the next; then it ends with 1. Audit again afterwards.
set -u
LC_ALL=C
export LC_ALL
umask 077
dry=
case ${1:-} in
--dry-run) dry=1 ;;
'') ;;
*)
  echo "usage: sh $0 [--dry-run]" >&2
  exit 2
  ;;
esac
base=$(cd -P -- "${ROOT:-/}/" && pwd -P && printf .) || exit 2
base=${base%??}
if [ "$base" = / ]; then base=; fi
if [ -z "$dry" ] && [ -z "$base" ] && [ "$(id -u)" != 0 ]; then
  echo "$0: only root can do this" >&2
  exit 2
fi
changed=0 already=0 refused=0

# Names come from the image: only what can be seen is shown.
say() {
  printf %s "$1" | tr -c '\040-\176' '?'
  echo
}
if [ -n "$base" ]; then say "In the tree $base:"; fi
refuse() {
  refused=$((refused + 1))
  say "refused  $1: $2" >&2
}
is_so() {
  already=$((already + 1))
}
# Tells what is done; false in a dry run.
does() {
  changed=$((changed + 1))
  if [ -n "$dry" ]; then
    say "would $1"
    return 1
  fi
  say "$1"
}
# Sets $at to the file at PATH, which is there and is reached without a link.
place() {
  at=$base$1
  way=$(cd -P -- "$base${1%/*}/" 2>/dev/null && pwd -P && printf .) || {
    if [ -e "$base${1%/*}" ]; then refuse "$1" "cannot be reached"; else is_so; fi
    return 1
  }
  way=${way%??}
  if [ "$way" = / ]; then way=; fi
  if [ "$way" != "$base${1%/*}" ]; then
    refuse "$1" "a directory on the way is a link"
    return 1
  fi
  if [ ! -e "$at" ] && [ ! -L "$at" ]; then
    is_so
    return 1
  fi
}
# The same, for a regular file of SIZE bytes ("any": of any).
file() {
  place "$1" || return 1
  if [ ! -f "$at" ] || [ -L "$at" ]; then
    refuse "$1" "is no regular file"
    return 1
  fi
  if [ "$2" != any ] && [ "$(($(wc -c <"$at")))" -ne "$2" ]; then
    refuse "$1" "has changed since the audit"
    return 1
  fi
}
# same_machine PATH SIZE: a file that no step touches shows that this is the machine that was audited.
same_machine() {
  if [ "$(($(wc -c <"$base$1" 2>/dev/null || echo -1)))" -ne "$2" ]; then
    echo "$0: this is not the machine that was audited, or its packages have changed: $1" >&2
    exit 2
  fi
}
# drop PATH SIZE: deletes a file; the bytes of one that has no other name are gone from the disk, too.
drop() {
  place "$1" || return 0
  if [ -d "$at" ] && [ ! -L "$at" ]; then
    refuse "$1" "is a directory"
    return 0
  fi
  if [ -f "$at" ] && [ ! -L "$at" ]; then
    file "$1" "$2" || return 0
  fi
  does "delete   $1" || return 0
  if [ -f "$at" ] && [ ! -L "$at" ] && [ -n "$(find "$at" -prune -links 1 -size -2048)" ]; then
    dd if=/dev/zero of="$at" bs=1024 count="$((($(wc -c <"$at") + 1023) / 1024))" conv=notrunc,fsync 2>/dev/null
  fi
  rm -f -- "$at"
}
# cut PATH: empties a file.
cut() {
  file "$1" any || return 0
  if [ ! -s "$at" ]; then
    is_so
    return 0
  fi
  does "empty    $1" || return 0
  : >"$at"
}
# filled KIND LENGTH: sets $text to as many bytes.
filled() {
  case $1 in
  value)
    text=x pad=x
    if [ "$2" -ge 25 ]; then text=xxxx-REMOVED-BY-ASSAY-FIX-x; fi
    ;;
  comment) text='#-removed-by-assay-fix-' pad=- ;;
  blank) text=' ' pad=' ' ;;
  no) text=no pad=' ' ;;
  esac
  while [ ${#pad} -lt "$2" ]; do pad=$pad$pad; done
  text=$(printf "%.${2}s." "$text$pad")
  text=${text%.}
}
# overwrite PATH SIZE KIND:OFFSET:LENGTH …: writes over bytes of a file; owner, mode and all other bytes stay.
overwrite() {
  file "$1" "$2" || return 0
  shown=$1
  shift 2
  differs=
  for edit; do
    kind=${edit%%:*} length=${edit##*:} offset=${edit#*:}
    offset=${offset%:*}
    filled "$kind" "$length"
    now=$(tail -c "+$((offset + 1))" -- "$at" | head -c "$length" | tr '\000' '?' && printf .)
    if [ "$now" = "$text." ]; then continue; fi
    if [ -z "$differs" ]; then
      differs=1
      does "write over parts of $shown" || return 0
    fi
    printf %s "$text" | dd of="$at" bs="$length" seek="$offset" oflag=seek_bytes conv=notrunc 2>/dev/null ||
      printf %s "$text" | dd of="$at" bs=1 seek="$offset" conv=notrunc 2>/dev/null
  done
  if [ -z "$differs" ]; then is_so; fi
}
# lock PATH NAME: no password opens the account, in a file like /etc/shadow.
lock() {
  file "$1" any || return 0
  old=$(cat -- "$at" && printf .)
  new=$(ACCOUNT=$2 awk -F: -v OFS=: '$1 == ENVIRON["ACCOUNT"] && $2 != "*" { $2 = "*" } { print }' "$at" && printf .)
  if [ "$new" = "$old" ]; then
    is_so
    return 0
  fi
  does "lock the password of $2 in $1" || return 0
  new=${new%.}
  printf %s "$new" | dd of="$at" conv=notrunc 2>/dev/null
  dd if=/dev/null of="$at" bs=1 seek=${#new} 2>/dev/null
}
# no_setuid PATH: takes the setuid and setgid bits away.
no_setuid() {
  file "$1" any || return 0
  if [ ! -u "$at" ] && [ ! -g "$at" ]; then
    is_so
    return 0
  fi
  does "take the setuid bit from $1" || return 0
  chmod u-s,g-s "$at"
}
# unit PATH SIZE: disables a unit of systemd, and deletes its file.
unit() {
  if [ -z "$base$dry" ] && [ -e "$1" ] && command -v systemctl >/dev/null; then
    systemctl disable --now -- "${1##*/}" 2>/dev/null
  fi
  for link in "$base"/etc/systemd/system/*.wants/"${1##*/}" "$base"/etc/systemd/system/*.requires/"${1##*/}"; do
    if [ -L "$link" ]; then drop "${link#"$base"}" any; fi
  done
  drop "$1" "$2"
}
# sweep DIRECTORY [PATTERN]: deletes what is in it (the files that fit), and never leaves its file system.
sweep() {
  place "$1" || return 0
  if [ -L "$at" ]; then
    drop "$1" any
    return 0
  fi
  if [ -n "${2:-}" ]; then
    found=$(cd "$at" && find . -xdev ! -name . -prune -type f -name "$2" -exec echo x \; 2>/dev/null | head -n 1)
  else
    found=$(cd "$at" && find . -xdev ! -name . -exec echo x \; 2>/dev/null | head -n 1)
  fi
  if [ -z "$found" ]; then
    is_so
    return 0
  fi
  does "empty    $1 ${2:-}" || return 0
  if [ -n "${2:-}" ]; then
    (cd "$at" && find . -xdev ! -name . -prune -type f -name "$2" -exec rm -f -- {} +)
  else
    (cd "$at" && find . -xdev -depth ! -name . \( -type d -exec rmdir -- {} \; -o -exec rm -f -- {} \; \))
  fi
}
# Whether commands of the running system are run.
runs() {
  if [ -n "$base" ]; then
    say "left out (it needs the running system): $1"
    return 1
  fi
  does "run      $1"
}
finish() {
  say "$changed done, $already were so already, $refused refused"
  if [ -n "$dry" ]; then say "Nothing was changed: this was a dry run."; fi
  if [ "$refused" -ne 0 ]; then exit 1; fi
}
