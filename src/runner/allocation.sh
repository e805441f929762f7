#!/usr/bin/env bash
# What an allocation runs: it asks for a runner through the handoff, runs it in a root of its own, reports its end, and
# asks again or ends. Composed with a preamble that sets the variables below (src/runner/allocation-script.ts).
# bash 4.2 (RHEL 7) is enough. The protocol is described in src/handoff/handoff.ts.
set -u
umask 077

: "${ghr_handoff:?}"         # directory of this allocation: <name>.<secret>
: "${ghr_inbox:?}"           # directory where our messages go
: "${ghr_runner:?}"          # where releases of GitHub's runner are (src/runner/release/shelf.ts), read-only for us
: "${ghr_scratch?}"          # where runners do their work; empty for the PBS job's $TMPDIR
: "${ghr_walltime:?}"        # seconds that PBS gives us
: "${ghr_margin:?}"          # seconds before that at which the runner is stopped, so that it can say so
: "${ghr_wait:?}"            # seconds after which we no longer wait for a runner
: "${ghr_reuse:?}"           # yes: ask for another runner after the first

ghr_name=${ghr_handoff##*/}
ghr_told=''                  # the signal that told us to end
ghr_listener=''              # process (and group) of the runner that runs
ghr_root=''                  # its root
ghr_release=''               # the release that this turn uses
ghr_line=0                   # the line of the pool's environment that is run

ghr_log() { printf '%(%FT%T%z)T %s\n' -1 "$*"; }

# Puts a message into the inbox: whole, or not at all. A shared filesystem may be away for a moment.
ghr_say() { # ghr_say FILE LINE...
  local file=$1 try
  shift
  for try in 1 2 3 4 5 6; do
    if printf '%s\n' "$@" "pbs_job_id=${PBS_JOBID-}" >"$ghr_inbox/.$ghr_name.$file" &&
      mv -f -- "$ghr_inbox/.$ghr_name.$file" "$ghr_inbox/$ghr_name.$file"; then
      return 0
    fi 2>/dev/null
    # Closed by the program: nobody listens any more.
    [[ -d $ghr_handoff ]] || return 1
    ghr_log "cannot write to the handoff (attempt $try)"
    ghr_pause 10
  done
  return 1
}

# Sleeps, but not through a signal: bash runs a trap during wait, and only after a foreground command.
ghr_pause() {
  sleep "$1" &
  wait "$!"
}

ghr_end() { # ghr_end REASON
  ghr_log "ends: $1"
  ghr_say ends kind=ends "reason=$1"
  exit 0
}

ghr_clean_up() {
  trap '' INT TERM
  if [[ -n $ghr_listener ]]; then kill -KILL -- "-$ghr_listener" 2>/dev/null; fi
  ghr_remove_root
}

ghr_remove_root() {
  [[ -n $ghr_root ]] || return 0
  # A job may have made directories that it cannot write to.
  rm -rf -- "$ghr_root" 2>/dev/null || {
    chmod -R u+rwX -- "$ghr_root" 2>/dev/null
    rm -rf -- "$ghr_root"
  }
  ghr_root=''
}

# Roots of allocations that were killed on this node before they could clean up. Each names the process it belongs to.
ghr_remove_stale_roots() {
  local root owner
  for root in "$ghr_roots"/*/; do
    owner=''
    { read -r owner <"$root/owner"; } 2>/dev/null
    if [[ -n $owner ]] && ! kill -0 "$owner" 2>/dev/null; then
      ghr_log "removes what an earlier allocation left: $root"
      rm -rf -- "$root"
    fi
  done
}

# Sets ghr_seen to what a turn finds in the handoff: "runner", "release", or nothing yet. The directory is listed, since a file that is
# asked for by name before it exists is remembered as missing by NFS clients.
ghr_look() { # ghr_look TURN
  local entry
  ghr_seen=''
  [[ -d $ghr_handoff ]] || ghr_seen=release
  for entry in "$ghr_handoff"/*; do
    case ${entry##*/} in
      release) ghr_seen=release ;;
      "turn-$1.jit") [[ $ghr_seen == release ]] || ghr_seen=runner ;;
    esac
  done
}

# Sets ghr_release to this node's release: what its architecture's link leads to now, so that a turn keeps what it began
# with when the link is changed; or a release that was unpacked by hand.
ghr_find_release() {
  local architecture link target=''
  architecture=$(uname -m)
  case $architecture in
    x86_64) architecture=x64 ;;
    aarch64) architecture=arm64 ;;
  esac
  link=$ghr_runner/current-$architecture
  if [[ -L $link ]]; then target=$(readlink -- "$link"); fi
  ghr_release=$ghr_runner${target:+/$target}
  [[ -x $ghr_release/bin/Runner.Listener ]] && return 0
  ghr_missing="there is no runner at $ghr_runner for $architecture"
  if [[ -f $ghr_release/bin/Runner.Listener ]]; then ghr_missing="nothing can be run from $ghr_release (noexec?)"; fi
  return 1
}

# GitHub's runner writes its credentials beside its real bin directory, so that each needs a bin of its own; all else
# of the release is shared.
ghr_prepare_root() {
  local entry
  ghr_find_release || return 1
  ghr_root=$(mktemp -d -- "$ghr_roots/runner.XXXXXXXX") || { ghr_root=''; return 1; }
  echo "$$" >"$ghr_root/owner" || return 1
  cp -R --reflink=auto -- "$ghr_release/bin" "$ghr_root/bin" || return 1
  for entry in "$ghr_release"/*; do
    [[ ${entry##*/} == bin ]] || ln -s -- "$entry" "$ghr_root/${entry##*/}" || return 1
  done
}

# The configuration is a secret: it is in the environment of the runner alone, and in no argument.
ghr_start_runner() { # ghr_start_runner JIT_CONFIGURATION
  set -m # a process group of its own
  (
    cd -- "$ghr_root" || exit 126
    export ACTIONS_RUNNER_INPUT_JITCONFIG=$1
    trap - INT TERM EXIT
    exec ./bin/Runner.Listener run
  ) </dev/null &
  ghr_listener=$!
  set +m
}

# First politely, so that the job's log ends with a sentence; then less so.
ghr_stop_runner() {
  local signal seconds
  for signal in INT TERM; do
    kill "-$signal" "$ghr_listener" 2>/dev/null
    for ((seconds = 0; seconds < 30; seconds++)); do
      kill -0 "$ghr_listener" 2>/dev/null || return 0
      ghr_pause 1
    done
  done
  kill -KILL -- "-$ghr_listener" 2>/dev/null
}

# Waits for the runner's end. Sets ghr_why to what ended it.
ghr_supervise() {
  ghr_why=exited
  while kill -0 "$ghr_listener" 2>/dev/null; do
    ghr_look none
    if [[ -n $ghr_told ]]; then
      ghr_why="told to end by SIG$ghr_told"
    elif ((SECONDS >= ghr_walltime - ghr_margin)); then
      ghr_why="stopped $ghr_margin s before the end of its walltime"
    elif [[ $ghr_seen == release ]]; then
      ghr_why=released
    else
      ghr_pause 1
      continue
    fi
    ghr_log "$ghr_why"
    ghr_stop_runner
  done
}

ghr_run_turn() { # ghr_run_turn TURN
  local turn=$1 jit code ghr_why
  jit=$(<"$ghr_handoff/turn-$turn.jit")
  rm -f -- "$ghr_handoff/turn-$turn.jit"
  if ! ghr_prepare_root; then
    ghr_say "reports-$turn" kind=reports "turn=$turn" exit_code=125 "reason=its root could not be made in $ghr_roots"
    ghr_end "a runner's root could not be made in $ghr_roots"
  fi
  ghr_start_runner "$jit"
  jit=''
  ghr_log "runner of turn $turn started"
  ghr_supervise
  wait "$ghr_listener"
  code=$?
  # What it started and left behind.
  kill -KILL -- "-$ghr_listener" 2>/dev/null
  ghr_listener=''
  ghr_remove_root
  ghr_log "runner of turn $turn ended with $code: $ghr_why"
  ghr_say "reports-$turn" kind=reports "turn=$turn" "exit_code=$code" "reason=$ghr_why"
  [[ $ghr_why == exited ]] || ghr_end "$ghr_why"
}

ghr_await_runner() { # ghr_await_runner TURN
  local since=$SECONDS
  while [[ -z $ghr_told ]]; do
    ghr_look "$1"
    case $ghr_seen in
      runner) return 0 ;;
      release) ghr_end "released" ;;
    esac
    ((SECONDS - since < ghr_wait)) || ghr_end "no runner was handed over in $ghr_wait s"
    ((SECONDS < ghr_walltime - 2 * ghr_margin)) || ghr_end "its walltime is nearly over"
    ghr_pause 1
  done
  ghr_end "told to end by SIG$ghr_told"
}

ghr_main() {
  local turn=1
  trap 'ghr_told=TERM' TERM
  trap 'ghr_told=INT' INT
  trap ghr_clean_up EXIT
  ghr_log "allocation ${ghr_name%%.*}, PBS job ${PBS_JOBID-}, on $HOSTNAME"
  ghr_roots=${ghr_scratch:-${TMPDIR:-/tmp}}/hpc-runners-$UID
  mkdir -p -- "$ghr_roots" || ghr_end "the directory $ghr_roots cannot be made"
  [[ -O $ghr_roots ]] || ghr_end "the directory $ghr_roots is somebody else's"
  ghr_remove_stale_roots
  ghr_find_release || ghr_end "$ghr_missing"
  ghr_environment || ghr_end "line $ghr_line of the pool's environment failed with $?"
  while :; do
    ghr_say "asks-$turn" kind=asks "turn=$turn" "host=$HOSTNAME" || ghr_end "the handoff is closed"
    ghr_await_runner "$turn"
    ghr_run_turn "$turn"
    [[ $ghr_reuse == yes ]] || ghr_end "served"
    turn=$((turn + 1))
  done
}

ghr_main
