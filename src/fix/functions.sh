#
#   sh THIS --dry-run     shows what would be done
#   sh THIS               does it; as root
#   ROOT=DIR sh THIS      does it in a tree that is mounted at DIR; commands of the running system are left out
#
# It may be run twice. It refuses to touch a file that is not the one that was audited (another size, a link on the
# way), and goes on with the next; then it ends with 1. Audit again afterwards.
#
# Other users may be at work meanwhile. Where others than root may write to a directory on the way, a file is held by a
# second name in a directory of root's own while it is looked at and written; what cannot be held is only deleted, or
# refused, and waits for a quiet machine.
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
me=$(id -u)
if [ -z "$dry" ] && [ -z "$base" ] && [ "$me" != 0 ]; then
  echo "$0: only root can do this" >&2
  exit 2
fi
changed=0 already=0 refused=0
jail='' held=''

# Names come from the image: only what can be seen is shown, and nothing is a command to a CI server.
say() {
  printf %s "$1" | tr -c '\040-\176' '?' | sed -e 's/##/#?/g'
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
# The mode, the number of names and the owner of what is at PATH: "-rw------- 1 0".
# shellcheck disable=SC2012
looks() {
  ls -ldn -- "$1" 2>/dev/null | awk 'NR == 1 { print $1, $2, $3 }'
}
# The size of what is at PATH, which is not opened: it may be a pipe by now.
# shellcheck disable=SC2012
size() {
  ls -ldn -- "$1" 2>/dev/null | awk 'NR == 1 { print $5 + 0 }'
}
# Whether only root, or who runs this, may change the directory DIR and every name on the way to it. A sticky one may be
# written by others ("sticky": DIR itself, too), who can take no name in it away that is not theirs.
# shellcheck disable=SC2012
only_ours() {
  [ "${2:-}" = sticky ] || case $(looks "$1") in
  ?????-??-*) ;;
  *) return 1 ;;
  esac
  on_the_way=$1
  set -- /
  while [ -n "$on_the_way" ] && [ "$on_the_way" != / ]; do
    set -- "$@" "$on_the_way"
    on_the_way=${on_the_way%/*}
  done
  ls -ldn -- "$@" 2>/dev/null | awk -v me="$me" '
    { writable = $1 ~ /^.....w/ || $1 ~ /^........w/; sticky = $1 ~ /^.........[tT]/ }
    $1 !~ /^d/ || $3 != 0 && $3 != me || writable && !sticky { bad = 1 }
    END { exit bad || NR == 0 }'
}
# The file system that holds DIR.
device() {
  stat -c %d -- "$1" 2>/dev/null || df -P -- "$1" | awk 'NR == 2 { print $1 }'
}
# Goes to the directory of PATH, which is reached without a link, and sets $in to the name of what is there.
place() {
  in=./${1##*/}
  dir=$base${1%/*}
  case $in in
  ./ | ./. | ./..)
    refuse "$1" "is no name of a file"
    return 1
    ;;
  esac
  cd -P -- "$dir/" 2>/dev/null || {
    if [ -e "$dir" ]; then refuse "$1" "cannot be reached"; else is_so; fi
    return 1
  }
  way=$(pwd -P && printf .)
  way=${way%??}
  if [ "${way%/}" != "${dir%/}" ]; then
    refuse "$1" "a directory on the way is a link"
    return 1
  fi
  if [ ! -e "$in" ] && [ ! -L "$in" ]; then
    is_so
    return 1
  fi
}
# Sets $at to a name of the file $in that nobody else can give to another file; false where there can be none.
hold() {
  at=$in
  if [ -n "$dry" ] || only_ours "$way"; then return 0; fi
  near=$way
  on=$(device .)
  while ! only_ours "${near:-/}" sticky || [ "$(device "${near:-/}")" != "$on" ]; do
    if [ "$near" = "$base" ]; then return 1; fi
    near=${near%/*}
  done
  for number in 1 2 3 4 5 6 7 8 9; do
    if mkdir -m 700 -- "$near/.assay-fix-$$-$number" 2>/dev/null; then
      jail=$near/.assay-fix-$$-$number
      break
    fi
  done
  if [ -z "$jail" ]; then return 1; fi
  # No copy, and not what a link leads to.
  at=$jail/held
  if ! ln -- "$in" "$at" 2>/dev/null || [ ! -f "$at" ] || [ -L "$at" ]; then
    let_go
    return 1
  fi
  held=1
  # Who may make names of files of others could have made this one.
  owner=$(looks "$at")
  owner=${owner##* }
  where=$(looks .)
  if [ "$owner" != "${where##* }" ] && [ "$(cat /proc/sys/fs/protected_hardlinks 2>/dev/null)" != 1 ]; then
    let_go
    return 1
  fi
}
let_go() {
  if [ -n "$jail" ]; then
    rm -f -- "$jail/held"
    rmdir -- "$jail"
  fi
  jail='' held=''
}
trap let_go EXIT
trap 'exit 130' HUP INT TERM
# Sets $at to the regular file at PATH, of SIZE bytes ("any": of any). Whoever calls it lets it go.
file() {
  place "$1" || return 1
  if [ ! -f "$in" ] || [ -L "$in" ]; then
    refuse "$1" "is no regular file"
    return 1
  fi
  if ! hold; then
    refuse "$1" "others may change it meanwhile: do it on a quiet machine"
    return 1
  fi
  if [ "$2" != any ] && [ "$(size "$at")" != "$2" ]; then
    refuse "$1" "has changed since the audit"
    let_go
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
  if [ -d "$in" ] && [ ! -L "$in" ]; then
    refuse "$1" "is a directory"
    return 0
  fi
  at=
  if [ -f "$in" ] && [ ! -L "$in" ]; then
    hold || at=
    if [ "$2" != any ] && [ "$(size "${at:-$in}")" != "$2" ]; then
      refuse "$1" "has changed since the audit"
      let_go
      return 0
    fi
    if [ -z "$at" ]; then say "only the name of $1 can be taken away: its bytes may be left on the disk"; fi
  fi
  if does "delete   $1"; then
    if [ -n "$at" ] && [ -n "$(find "$at" -prune -type f -links "$((1 + ${held:-0}))" -size -2048)" ]; then
      dd if=/dev/zero of="$at" bs=1024 count="$((($(size "$at") + 1023) / 1024))" conv=notrunc,fsync 2>/dev/null
    fi
    rm -f -- "$in"
  fi
  let_go
}
# cut PATH: empties a file.
cut() {
  file "$1" any || return 0
  if [ ! -s "$at" ]; then
    is_so
  elif does "empty    $1"; then
    : >"$at"
  fi
  let_go
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
      does "write over parts of $shown" || break
    fi
    printf %s "$text" | dd of="$at" bs="$length" seek="$offset" oflag=seek_bytes conv=notrunc 2>/dev/null ||
      printf %s "$text" | dd of="$at" bs=1 seek="$offset" conv=notrunc 2>/dev/null
  done
  if [ -z "$differs" ]; then is_so; fi
  let_go
}
# lock PATH NAME: no password opens the account, in a file like /etc/shadow.
lock() {
  file "$1" any || return 0
  old=$(cat -- "$at" && printf .)
  new=$(ACCOUNT=$2 awk -F: -v OFS=: '$1 == ENVIRON["ACCOUNT"] && $2 != "*" { $2 = "*" } { print }' "$at" && printf .)
  if [ "$new" = "$old" ]; then
    is_so
  elif does "lock the password of $2 in $1"; then
    new=${new%.}
    printf %s "$new" | dd of="$at" conv=notrunc 2>/dev/null
    dd if=/dev/null of="$at" bs=1 seek=${#new} 2>/dev/null
  fi
  let_go
}
# no_setuid PATH: takes the setuid and setgid bits away.
no_setuid() {
  file "$1" any || return 0
  if [ ! -u "$at" ] && [ ! -g "$at" ]; then
    is_so
  elif does "take the setuid bit from $1"; then
    chmod u-s,g-s -- "$at"
  fi
  let_go
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
# clear_out DIRECTORY DEPTH: deletes what is in the directory at hand, whose path is DIRECTORY. Each name is taken away in
# the directory that it is in, so that no link that is put there meanwhile leads out.
clear_out() {
  find . ! -name . -prune ! -type d -exec rm -f -- {} +
  for below in ./* ./.[!.]* ./..?*; do
    if [ ! -d "$below" ] || [ -L "$below" ] || [ "$2" -ge 200 ]; then continue; fi
    (
      cd -P -- "$below" 2>/dev/null || exit
      here=$(pwd -P && printf .)
      if [ "${here%??}" = "${1%/}/${below#./}" ] && [ "$(device .)" = "$on" ]; then
        clear_out "${1%/}/${below#./}" "$(($2 + 1))"
      fi
    )
    rmdir -- "$below" 2>/dev/null
  done
}
# sweep DIRECTORY [PATTERN]: deletes what is in it (the files that fit), and never leaves its file system.
sweep() {
  place "$1" || return 0
  if [ -L "$in" ]; then
    drop "$1" any
    return 0
  fi
  cd -P -- "$in" 2>/dev/null || return 0
  here=$(pwd -P && printf .)
  if [ "${here%??}" != "$base$1" ]; then
    refuse "$1" "a directory on the way is a link"
    return 0
  fi
  if [ -n "${2:-}" ]; then
    found=$(find . -xdev ! -name . -prune -type f -name "$2" -exec echo x \; 2>/dev/null | head -n 1)
  else
    found=$(find . -xdev ! -name . -exec echo x \; 2>/dev/null | head -n 1)
  fi
  if [ -z "$found" ]; then
    is_so
    return 0
  fi
  does "empty    $1 ${2:-}" || return 0
  if [ -n "${2:-}" ]; then
    find . -xdev ! -name . -prune -type f -name "$2" -exec rm -f -- {} +
  else
    on=$(device .)
    clear_out "$base$1" 0
    if [ -n "$(find . -xdev ! -name . ! -type d -exec echo x \; 2>/dev/null | head -n 1)" ]; then
      refuse "$1" "is not empty yet: others write to it, or it is too deep"
    fi
  fi
}
# Whether commands of the running system are run.
runs() {
  cd -P -- "$base/" || return 1
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
