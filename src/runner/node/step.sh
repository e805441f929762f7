# The step that a job is in: told why it ends, and ended in time.

# Is it time to end the runner? While a job runs its step is ended before: GitHub's runner, told to end, skips all later steps
# (StepsRunner.cs), also those that save what was computed (`if: always()`).
ghr_is_time_up() {
  local left=$ghr_margin
  [[ $ghr_phase != running ]] || left=$ghr_farewell
  ((ghr_used >= ghr_walltime - left))
}

# Looks again each second: between two steps there is none. Only one is ended; what comes after it is for the job to save.
ghr_end_step() {
  if ((${#ghr_step[@]} == 0)); then
    ghr_find_step || return 0
    ghr_step_since=$SECONDS
    ghr_step_signal=''
    ghr_step_problem="its step was stopped $((ghr_walltime - ghr_used)) s before the end of its walltime of $ghr_walltime s"
    ghr_log "walltime: $ghr_step_problem"
    ghr_tell_step walltime "$ghr_step_problem"
  fi
  # As long as GitHub's runner itself gives a step that is cancelled (ProcessInvoker.cs).
  case $((SECONDS - ghr_step_since)) in
    [0-7]) ghr_signal_step INT ;;
    [8-9]) ghr_signal_step TERM ;;
    *) ghr_signal_step KILL ;;
  esac
}

# Once each: many programs take a second INT for impatience.
ghr_signal_step() { # ghr_signal_step SIGNAL
  local each
  [[ $1 != "$ghr_step_signal" ]] || return 0
  ghr_step_signal=$1
  for each in "${ghr_step[@]}"; do
    ghr_lives "${each%:*}" "${each#*:}" && kill "-$1" "${each%:*}" 2>/dev/null
  done
  return 0
}

# Sets ghr_step to all processes below GitHub's Worker, each with its start.
ghr_find_step() {
  ghr_find_worker
  ghr_step=()
  ghr_add_descendants "$ghr_worker"
  ((${#ghr_step[@]} > 0))
}

ghr_add_descendants() { # ghr_add_descendants PID
  local pid
  for pid in $(ghr_list_children "$1"); do
    ghr_read_process "$pid" || continue
    ghr_step+=("$pid:$ghr_started")
    ghr_add_descendants "$pid"
  done
}

# Sets ghr_worker: in a release without Worker, steps are the listener's own children.
ghr_find_worker() {
  local pid
  ghr_worker=$ghr_listener
  for pid in $(ghr_list_children "$ghr_listener"); do
    if [[ -r /proc/$pid/comm && $(<"/proc/$pid/comm") == Runner.Worker ]]; then ghr_worker=$pid; fi
  done 2>/dev/null
}

ghr_list_children() { # ghr_list_children PID
  cat "/proc/$1"/task/*/children 2>/dev/null
}

# GitHub's own sentence says only that "the runner has received a shutdown signal", or which signal a step died of. What the step
# prints is in its log, so the reason is printed in its name: into the pipe that it inherited from the runner. At best; nothing
# depends on it.
ghr_tell_step() { # ghr_tell_step CAUSE REASON
  local pid text="::error::This job's allocation (PBS job ${PBS_JOBID-}) ends: $2"
  [[ $1 != walltime ]] || text+=". Give the pool more walltime, or the job less to do"
  ghr_find_worker
  for pid in $(ghr_list_children "$ghr_worker"); do
    [[ -p /proc/$pid/fd/1 ]] || continue
    # A full pipe would stop us.
    (printf '\n%s\n' "$text" >"/proc/$pid/fd/1") 2>/dev/null &
    ghr_pause 0.2
    kill "$!" 2>/dev/null
    return 0
  done
}
