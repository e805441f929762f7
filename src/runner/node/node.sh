# What a node must be able to do; found out before a runner is asked for.

# Ends the allocation because of something that would stop the next one here too.
ghr_fail() { # ghr_fail CAUSE SENTENCE
  ghr_end "$1" "$2 (on $HOSTNAME)"
}

ghr_check_tools() {
  local tool missing=''
  for tool in cat chmod cp du find grep ln mkdir mktemp mv readlink rm sleep tail uname; do
    type -P "$tool" >/dev/null || missing+=" $tool"
  done
  [[ -z $missing ]] || ghr_fail tools "the node lacks what this script needs:$missing"
}

# What jobs usually need: not ours to insist on. Sets ghr_remark.
ghr_check_comfort() {
  local tool missing=''
  for tool in git tar gzip; do type -P "$tool" >/dev/null || missing+=" $tool"; done
  ghr_remark=${missing:+"the node has no$missing: actions that need it will fail"}
}

# Where roots are made must be ours, writable, and let programs run.
ghr_check_scratch() {
  local base=${ghr_scratch:-${TMPDIR:-/tmp}} probe problem
  ghr_roots=$base/hpc-runners-$UID
  if ! problem=$(LC_ALL=C mkdir -p -- "$ghr_roots" 2>&1); then
    ghr_fail scratch "the directory $ghr_roots cannot be made: ${problem##*: }"
  fi
  [[ -O $ghr_roots && ! -L $ghr_roots ]] || ghr_fail scratch "the directory $ghr_roots is somebody else's"
  probe=$ghr_roots/probe.$$
  if ! problem=$(
    exec 2>&1
    printf '#!/bin/sh\n' >"$probe" && chmod 700 -- "$probe"
  ); then
    rm -f -- "$probe"
    ghr_problem=$problem
    ghr_cause=scratch
    ghr_blame_disk
    ghr_fail "$ghr_cause" "the directory $ghr_roots cannot be written to: ${problem##*: }"
  fi
  problem=''
  "$probe" 2>/dev/null || problem=yes
  rm -f -- "$probe"
  [[ -z $problem ]] ||
    ghr_fail no-execute "no program can be run in $ghr_roots, its filesystem is mounted noexec: set directories.scratch to another"
}

# A release that is cut short starts and fails later in ways that nobody understands.
ghr_check_release() {
  local file
  [[ -e $ghr_release/bin ]] || ghr_fail release "there is no runner at $ghr_runner for $ghr_architecture"
  for file in bin/Runner.Listener bin/Runner.Worker; do
    [[ -s $ghr_release/$file ]] || ghr_fail release "the runner at $ghr_release is not complete: it has no $file"
    [[ -x $ghr_release/$file ]] || ghr_fail release "$ghr_release/$file cannot be run: it has no execute permission, or its filesystem is mounted noexec"
  done
  for file in "$ghr_release"/externals/node*/bin/node; do
    [[ -s $file && -x $file ]] || ghr_fail release "the runner at $ghr_release is not complete: it has no ${file#"$ghr_release"/}"
  done
}
