# GitHub's Runner.Listener: started directly, so that its exit code is known (run.sh hides it), and watched through what it prints.

# The configuration is a secret: it is in the environment of the listener alone, which takes it out, and in no argument.
ghr_start_listener() { # ghr_start_listener [JIT-CONFIGURATION]
  ghr_phase=starting # until it is connected: listening; until it has a job: running
  ghr_phase_since=$SECONDS
  ghr_partial=''
  ghr_is_gone=''
  ghr_is_skewed=''
  ghr_step=()
  [[ ! -e $ghr_root/output ]] || mv -f -- "$ghr_root/output" "$ghr_root/output.before"
  : >"$ghr_root/output"
  exec 9<"$ghr_root/output"
  set -m # a process group of its own
  (
    exec 9<&-
    cd -- "$ghr_root" || exit 126
    trap - INT TERM EXIT
    ghr_export_runner
    [[ -z ${1-} ]] || export ACTIONS_RUNNER_INPUT_JITCONFIG=$1
    exec ./bin/Runner.Listener run
  ) </dev/null >>"$ghr_root/output" 2>&1 &
  ghr_listener=$!
  set +m
}

# Reads what the listener has printed since the last look; never more at a time than an honest one prints in a day.
ghr_read_output() {
  local line lines
  for ((lines = 0; lines < 2000; lines++)); do
    if ! IFS= read -r line <&9; then
      ghr_partial+=${line:0:1000}
      return 0
    fi
    ghr_read_line "$ghr_partial$line"
    ghr_partial=''
  done
}

ghr_read_line() { # ghr_read_line LINE
  case $1 in
    # BrokerMessageListener.cs and Runner.cs; before the others, since a job's name may hold anything.
    *': Running job: '* | 'Running job: '*) ghr_enter running ;;
    *': Listening for Jobs' | 'Listening for Jobs') [[ $ghr_phase == running ]] || ghr_enter listening ;;
    *'registration has been deleted'* | *'runner no longer exists'*) ghr_is_gone=yes ;;
    *'clock may be out of sync'*) ghr_is_skewed=yes ;;
  esac
  # For a person, should it be its last; others' sentences go on after it.
  if [[ -n ${1//[[:space:]]/} ]]; then
    ghr_last_line=${1:0:300}
    ghr_last_line=${ghr_last_line%.}
  fi
}

ghr_enter() { # ghr_enter PHASE
  [[ $ghr_phase != "$1" ]] || return 0
  ghr_phase=$1
  ghr_phase_since=$SECONDS
  [[ $1 != running ]] || ghr_took_job=yes
}

# Watches the listener until it ends by itself or has to be ended: then ghr_cause and ghr_problem say why.
ghr_watch_listener() {
  ghr_cause=''
  while kill -0 "$ghr_listener" 2>/dev/null; do
    ghr_read_output
    ghr_look none
    ghr_read_walltime
    if [[ -n $ghr_told ]]; then
      ghr_cause=terminated
      ghr_problem="PBS told it to end (SIG$ghr_told: qdel, preemption, or a limit)"
    elif ghr_is_time_up; then
      ghr_cause=walltime
      ghr_problem="its runner was stopped $((ghr_walltime - ghr_used)) s before the end of its walltime of $ghr_walltime s"
    elif [[ $ghr_seen == release ]]; then
      ghr_cause=released
      ghr_problem=released
    elif [[ $ghr_phase == starting ]] && ((SECONDS - ghr_phase_since >= ghr_connect)); then
      ghr_cause=never-connected
      ghr_problem="it did not connect to GitHub in $ghr_connect s${ghr_last_line:+, and last said: $ghr_last_line}"
    elif [[ $ghr_phase == listening ]] && ((SECONDS - ghr_phase_since >= ghr_idle)); then
      ghr_cause=idle
      ghr_problem="it was given no job in $ghr_idle s"
    else
      ((ghr_used < ghr_walltime - ghr_margin)) || ghr_end_step
      ghr_pause 1
      continue
    fi
    ghr_log "$ghr_cause: $ghr_problem"
    [[ $ghr_phase != running ]] || ghr_tell_step "$ghr_cause" "$ghr_problem"
    ghr_stop_listener
    return
  done
}

# First politely, so that the job's log ends with a sentence; then less so. The runner itself wants 40 s (facts/github.md §6): where PBS
# kills it sooner, nothing can be done.
ghr_stop_listener() {
  local signal tenths most=300
  if [[ $ghr_cause == walltime ]]; then most=$((ghr_farewell * 4)); fi
  for signal in INT TERM; do
    kill "-$signal" "$ghr_listener" 2>/dev/null
    # At once, should PBS not wait for the rest; after the signal, since a shared filesystem may not answer.
    [[ $ghr_cause != terminated ]] || ghr_say_end terminated "$ghr_problem"
    for ((tenths = 0; tenths < most; tenths += 2)); do
      kill -0 "$ghr_listener" 2>/dev/null || return 0
      ghr_pause 0.2
    done
  done
  kill -KILL -- "-$ghr_listener" 2>/dev/null
}

# Sets ghr_code, and ghr_cause and ghr_problem unless they are known: what it means that the listener ended by itself.
ghr_explain_exit() {
  wait "$ghr_listener"
  ghr_code=$?
  ghr_read_output
  exec 9<&-
  [[ -z $ghr_cause ]] || return 0
  ghr_problem=exited
  # Its step was ended, and it did not succeed all the same.
  if ((${#ghr_step[@]} > 0 && ghr_code != 100)); then
    ghr_cause=walltime
    ghr_problem=$ghr_step_problem
    return
  fi
  case $ghr_code:$ghr_took_job in
    # 100 and the job's result (TaskResultUtil.cs).
    0:yes | 10[0-5]:*) ghr_cause=exited ;;
    7:*)
      ghr_cause=deprecated
      ghr_problem="GitHub gives no jobs to this release of its runner any more${ghr_last_line:+: $ghr_last_line}"
      ;;
    3: | 4:)
      ghr_cause=updating
      ghr_problem="GitHub wanted a newer release of its runner"
      ;;
    *)
      if [[ -n $ghr_is_gone ]]; then
        ghr_cause=registration-gone
        ghr_problem="GitHub deleted its registration"
      elif [[ -n $ghr_is_skewed ]]; then
        ghr_cause=clock
        ghr_problem="GitHub says that the clock of $HOSTNAME is wrong"
      elif ((ghr_code == 0)); then
        ghr_cause=exited
      else
        ghr_cause=${ghr_took_job:+died}
        ghr_cause=${ghr_cause:-failed}
        ghr_problem="its listener exited with $ghr_code${ghr_last_line:+, and last said: $ghr_last_line}"
      fi
      ;;
  esac
}

# A runner that updates itself does so when its listener is gone, and leaves a file when done (update.sh.template); it is started
# again by whoever started it. Fails if that does not come to an end.
ghr_await_update() {
  local seconds
  ghr_log "the runner updates itself"
  for ((seconds = 0; seconds < 120; seconds++)); do
    if [[ -e $ghr_root/update.finished ]]; then
      rm -f -- "$ghr_root/update.finished"
      return 0
    fi
    [[ -z $ghr_told ]] || return 1
    ghr_pause 1
  done
  return 1
}
