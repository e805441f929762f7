# Time on the node.

# Sleeps, but not through a signal: bash runs a trap during wait, and only after a foreground command.
ghr_pause() {
  sleep "$1" &
  wait "$!"
}

# Sets ghr_now to hundredths of a second by a clock that nobody sets.
ghr_read_clock() {
  local up
  read -r up _ </proc/uptime
  ghr_now=$((10#${up/./}))
}

# PBS counts the walltime from before the prologue and the login shell's profile: from about the start of the session.
ghr_start_clock() {
  ghr_read_clock
  ghr_before=0
  [[ ${PBS_ENVIRONMENT-} == PBS_BATCH ]] || return 0
  ghr_read_process "$$"
  ghr_read_process "$ghr_session" || return 0
  # Ticks are hundredths of a second on every Linux that runners run on (USER_HZ).
  ghr_before=$(((ghr_now - ghr_started) / 100))
  # A session that is older than any profile takes was not begun by PBS for us.
  ((ghr_before >= 0 && ghr_before < ghr_walltime / 2)) || ghr_before=0
}

# Sets ghr_used to the seconds of the walltime that are gone.
ghr_read_walltime() { ghr_used=$((ghr_before + SECONDS)); }

# Is the clock so wrong that GitHub refuses a runner's token? Its limit is five minutes (BrokerMessageListener.cs). The login node's
# clock is right, or the App could not sign in. Sets ghr_skew.
ghr_is_clock_wrong() { # ghr_is_clock_wrong SECONDS-SINCE-THE-EPOCH
  local now
  ghr_skew=0
  [[ $1 =~ ^[0-9]{1,12}$ ]] || return 1
  printf -v now '%(%s)T' -1
  ghr_skew=$((now - 10#$1))
  ((ghr_skew > 300 || ghr_skew < -300))
}
