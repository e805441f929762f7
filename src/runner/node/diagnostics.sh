# What is kept of a runner that failed: its output and its own logs, in which it masks secrets; the newest, and their ends.

ghr_keep_diagnostics() { # ghr_keep_diagnostics TURN
  local to=$ghr_diagnostics/$ghr_allocation-$1 file kept=0
  mkdir -p -- "$to.draft" 2>/dev/null || return 0
  {
    printf '%s\n' "cause: $ghr_cause" "reason: $ghr_problem" "exit code: $ghr_code" "host: $HOSTNAME" "PBS job: ${PBS_JOBID-}"
    [[ ! -f $ghr_root/output ]] || tail -c 262144 -- "$ghr_root/output" >"$to.draft/output.log"
    # Not through a link that a job made.
    if [[ ! -L $ghr_root/_diag ]]; then
      # Named by their time: the last are the newest.
      for file in "$ghr_root"/_diag/Worker_*.log "$ghr_root"/_diag/Runner_*.log "$ghr_root"/_diag/SelfUpdate*; do
        if [[ -f $file && ! -L $file ]] && ((kept++ < 8)); then
          tail -c 1048576 -- "$file" >"$to.draft/${file##*/}"
        fi
      done
    fi
  } >"$to.draft/about.txt" 2>/dev/null
  mv -T -- "$to.draft" "$to" 2>/dev/null || rm -rf -- "$to.draft"
}

# Of a run that went as it should nothing is kept, however its job ended.
ghr_is_failure() {
  case $ghr_cause in
    exited) [[ $ghr_code != 0 && $ghr_code != 10[0-4] ]] ;;
    released | idle) return 1 ;;
    *) return 0 ;;
  esac
}

# The end of what it printed, in PBS's output of this job.
ghr_show_output() {
  [[ -f $ghr_root/output ]] || return 0
  ghr_log "its listener said:"
  tail -c 16384 -- "$ghr_root/output"
}
