# What an allocation does before anything else: is it the first to start, and may its runners' roots be below TMPDIR?

# PBS puts members of an array back into the queue when their node is lost, and starts them again (-r n is refused for arrays): two
# starts must not serve from one handoff.
ghr_claim() {
  local try
  for try in 1 2 3 4 5 6; do
    mkdir -- "${ghr_handoff:?}/begun" 2>/dev/null && return 0
    ! ghr_is_closed || ghr_end closed "the handoff is closed"
    [[ ! -d $ghr_handoff/begun ]] || break
    ghr_log "cannot write to the handoff (attempt $try)"
    ghr_pause 10
  done
  [[ -d $ghr_handoff/begun ]] || ghr_end closed "the handoff cannot be written to"
  ghr_end begun "it was started before: PBS had put it back into its queue"
}

# The TMPDIR of a member of an array has brackets in its name (/var/tmp/pbs.12[3].vm). In a path they are a pattern to shells, make and
# CMake, so no runner's root may be below them.
ghr_avoid_brackets() {
  [[ -z ${ghr_scratch?} && ${TMPDIR-} == *[][]* ]] || return 0
  ghr_scratch=${TMPDIR%/*}
  [[ -w $ghr_scratch && $ghr_scratch != *[][]* ]] || ghr_scratch=/tmp
  ghr_log "runners' roots are in $ghr_scratch: the brackets of $TMPDIR are a pattern to many programs"
}
