# What an allocation runs: it asks for a runner through the handoff, runs it in a root of its own, reports its end, and asks again or
# ends. Composed with a preamble that sets the variables below, and with the files of node/ (src/runner/allocation-script.ts).
# bash 4.2 (RHEL 7) is enough. The protocol is described in src/handoff/handoff.ts.
set -u
umask 077

: "${ghr_handoff:?}"         # directory of this allocation: <name>.<secret>
: "${ghr_inbox:?}"           # directory where our messages go
: "${ghr_diagnostics:?}"     # directory for what is kept of runners that failed
: "${ghr_runner:?}"          # where releases of GitHub's runner are (src/runner/release/shelf.ts), read-only for us
: "${ghr_scratch?}"          # where runners do their work; empty for the PBS job's $TMPDIR
: "${ghr_walltime:?}"        # seconds that PBS gives us
: "${ghr_margin:?}"          # seconds before that at which a job's step is stopped, so that the job can say so and save its work
: "${ghr_wait:?}"            # seconds after which we no longer wait for a runner
: "${ghr_connect:?}"         # seconds in which a runner must be connected to GitHub
: "${ghr_idle:?}"            # seconds in which a connected runner must be given a job
: "${ghr_reuse:?}"           # yes: ask for another runner after the first
: "${ghr_tmpdir:?}"          # a job's TMPDIR: runner, allocation, or a directory
: "${ghr_https_proxy?}" "${ghr_http_proxy?}" "${ghr_no_proxy?}" "${ghr_certificates?}"
: "${ghr_tool_cache?}" "${ghr_action_cache?}" "${ghr_job_started[0]-}" "${ghr_job_completed[0]-}"

# Of the margin, what is the runner's own when all else is over: it wants 40 s (facts/github.md §6).
ghr_farewell=$((ghr_margin / 2))
((ghr_farewell <= 40)) || ghr_farewell=40
ghr_name=${ghr_handoff##*/}
ghr_allocation=${ghr_name%%.*}
ghr_told=''                  # the signal that told us to end
ghr_said_end=''              # yes: our last word is said
ghr_listener=''              # process (and group) of the runner that runs
ghr_step=()                  # processes of the step that was ended before its runner, as pid:started
ghr_root=''                  # its root, made before it is needed
ghr_release=''               # the release that it is made of
ghr_method=''                # how the last root was made
ghr_line=0                   # the line of the pool's environment that is run
ghr_cause=''                 # why something ended, of those in src/domain/end-cause.ts
ghr_problem=''               # the same in words

ghr_end() { # ghr_end CAUSE REASON
  ghr_say_end "$1" "$2" || exit 1
  exit 0
}

ghr_clean_up() { # ghr_clean_up STATUS
  trap '' INT TERM
  if [[ -n $ghr_listener ]]; then kill -KILL -- "-$ghr_listener" 2>/dev/null; fi
  if [[ -n $ghr_root ]]; then ghr_end_processes "$ghr_root"; fi
  # The pool's lines may exit the shell.
  if ((ghr_line > 0)); then
    ghr_say_end environment "line $ghr_line of the pool's environment ended the script with $1"
  else
    ghr_say_end unknown "its script ended with $1"
  fi
  ghr_remove_root || ghr_log "its root could not be removed: $ghr_root"
}

ghr_set_traps() {
  trap 'ghr_told=TERM' TERM
  trap 'ghr_told=INT' INT
  trap 'ghr_clean_up "$?"' EXIT
}

# While GitHub makes the runner there is time: its root is ready when it comes.
ghr_make_root() {
  ghr_prepare_root && ghr_make_certificates && ghr_make_hooks && return 0
  ghr_end "$ghr_cause" "a runner's root could not be made in $ghr_roots on $HOSTNAME: ${ghr_problem##*$'\n'}"
}

# A warm allocation may have waited for long: its runner is of the release that is current now.
ghr_renew_root() {
  local release=$ghr_release
  ghr_find_release
  [[ $ghr_release != "$release" ]] || return 0
  ghr_log "the release of GitHub's runner is now $ghr_release"
  ghr_check_release
  ghr_remove_root || ghr_log "its root could not be removed: $ghr_root"
  ghr_make_root
}

ghr_run_turn() { # ghr_run_turn TURN
  local turn=$1 updates since
  ghr_read_clock
  since=$ghr_now
  ghr_code=125
  ghr_took_job=''
  ghr_last_line=''
  ghr_take_runner "$turn"
  ghr_renew_root
  if ghr_is_clock_wrong "$ghr_sent"; then
    ghr_report "$turn" clock "the clock of $HOSTNAME is off by $ghr_skew s, GitHub allows for 300"
    ghr_end clock "the clock of $HOSTNAME is off by $ghr_skew s, GitHub allows for 300"
  fi
  ghr_start_listener "$ghr_jit"
  ghr_jit=''
  ghr_read_clock
  ghr_start_ms=$(((ghr_now - since) * 10))
  ghr_log "runner of turn $turn started; its root took $ghr_root_ms ms ($ghr_method, $ghr_root_bytes bytes)"
  for ((updates = 0; ; updates++)); do
    ghr_watch_listener
    ghr_explain_exit
    if [[ $ghr_cause != updating ]] || ((updates >= 2)) || ! ghr_await_update; then break; fi
    ghr_start_listener
  done
  ghr_updates=$updates
  ghr_log "runner of turn $turn ended with $ghr_code ($ghr_cause): $ghr_problem"
  ghr_report "$turn" "$ghr_cause" "$ghr_problem"
  ghr_show_output
  if ghr_is_failure; then ghr_keep_diagnostics "$turn"; fi
  ghr_leave_clean
  [[ $ghr_cause == exited ]] || ghr_end "$ghr_cause" "$ghr_problem"
}

ghr_report() { # ghr_report TURN CAUSE REASON
  ghr_say "reports-$1" kind=reports "turn=$1" "exit_code=$ghr_code" "cause=$2" "took_job=${ghr_took_job:-no}" "updates=${ghr_updates-0}" \
    "root_method=$ghr_method" "root_ms=$ghr_root_ms" "root_bytes=$ghr_root_bytes" "start_ms=${ghr_start_ms-}" "reason=$3"
}

# No job finds anything of the one before it: neither a process nor a file.
ghr_leave_clean() {
  kill -KILL -- "-$ghr_listener" 2>/dev/null
  ghr_listener=''
  if ! ghr_end_processes "$ghr_root"; then
    ghr_describe_processes
    ghr_end survivors "processes of its last job on $HOSTNAME cannot be ended: $ghr_described"
  fi
  ghr_remove_root || ghr_end survivors "the root of its last job on $HOSTNAME cannot be removed: $ghr_root"
}

ghr_await_runner() { # ghr_await_runner TURN
  local since=$SECONDS
  while [[ -z $ghr_told ]]; do
    ghr_look "$1"
    case $ghr_seen in
      runner) return 0 ;;
      release) ghr_end released "released" ;;
    esac
    ((SECONDS - since < ghr_wait)) || ghr_end unused "no runner was handed over in $ghr_wait s"
    ghr_read_walltime
    ((ghr_used < ghr_walltime - 2 * ghr_margin)) || ghr_end spent "its walltime is nearly over"
    ghr_pause 1
  done
  ghr_end terminated "PBS told it to end (SIG$ghr_told: qdel, preemption, or a limit)"
}

ghr_main() {
  local turn=1 status
  ghr_set_traps
  ghr_start_clock
  ghr_log "allocation $ghr_allocation, PBS job ${PBS_JOBID-}, on $HOSTNAME"
  ghr_claim
  ghr_avoid_brackets
  ghr_check_tools
  ghr_read_boot
  ghr_name_owner
  ghr_check_scratch
  ghr_remove_stale_roots
  ghr_end_lost_processes
  ghr_find_release
  ghr_check_release
  ghr_run_environment || { status=$?; ghr_fail environment "line $ghr_line of the pool's environment failed with $status"; }
  ghr_line=0
  ghr_check_comfort
  while :; do
    ghr_say "asks-$turn" kind=asks "turn=$turn" "remark=$ghr_remark" || ghr_end closed "the handoff is closed"
    ghr_find_release
    ghr_make_root
    ghr_await_runner "$turn"
    ghr_run_turn "$turn"
    [[ $ghr_reuse == yes ]] || ghr_end served "served"
    turn=$((turn + 1))
  done
}
