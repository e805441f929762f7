# The node's end of the handoff (src/handoff/handoff.ts): messages go into the inbox, runners come out of our directory.

ghr_log() { printf '%(%FT%T%z)T %s\n' -1 "${ghr_label-}$*"; }

# Closed by the program: nobody listens any more. A filesystem that is away for a moment takes the inbox with it.
ghr_is_closed() { [[ ! -d $ghr_handoff && -d $ghr_inbox ]]; }

# Puts a message into the inbox: whole, or not at all. A shared filesystem may be away for a moment.
ghr_say() { # ghr_say FILE LINE...
  local file=$1 try line lines=()
  shift
  for line in "$@" "host=$HOSTNAME" "pbs_job_id=${PBS_JOBID-}"; do lines+=("${line//[$'\r\n']/ }"); done
  for try in 1 2 3 4 5 6; do
    if printf '%s\n' "${lines[@]}" >"$ghr_inbox/.$ghr_name.$file" &&
      mv -f -- "$ghr_inbox/.$ghr_name.$file" "$ghr_inbox/$ghr_name.$file"; then
      return 0
    fi 2>/dev/null
    ! ghr_is_closed || return 1
    ghr_log "cannot write to the handoff (attempt $try)"
    ghr_pause 10
  done
  return 1
}

# The last word, with its cause (src/domain/end-cause.ts); said once.
ghr_say_end() { # ghr_say_end CAUSE REASON
  [[ -z $ghr_said_end ]] || return 0
  ghr_said_end=yes
  # PBS's TERM also ends the programs that we are just using: what fails then is no fault of theirs.
  if [[ -n $ghr_told && $1 != @(served|released|survivors|terminated) ]]; then
    set -- terminated "PBS told it to end (SIG$ghr_told: qdel, preemption, or a limit)"
  fi
  ghr_log "ends ($1): $2"
  ghr_say ends kind=ends "cause=$1" "reason=$2"
}

# Sets ghr_seen to what a turn finds in the handoff: "runner", "release", or nothing yet. The directory is listed, since a file that is
# asked for by name before it exists is remembered as missing by NFS clients.
ghr_look() { # ghr_look TURN
  local entry
  ghr_seen=''
  if ghr_is_closed; then ghr_seen=release; fi
  for entry in "$ghr_handoff"/*; do
    case ${entry##*/} in
      release) ghr_seen=release ;;
      "turn-$1.jit") [[ $ghr_seen == release ]] || ghr_seen=runner ;;
    esac
  done
}

# Sets ghr_jit to the runner's configuration, and ghr_sent to when it was written by the clock of the login node.
ghr_take_runner() { # ghr_take_runner TURN
  ghr_jit=''
  ghr_sent=''
  { read -r ghr_jit && read -r ghr_sent; } <"$ghr_handoff/turn-$1.jit"
  rm -f -- "$ghr_handoff/turn-$1.jit"
}
