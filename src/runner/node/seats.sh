# Several seats in one PBS job: to the program each is an allocation of its own, with a handoff of its own; here a process of its own,
# on its share of the CPUs.

# Starts every seat, and waits until all have ended.
ghr_run_seats() {
  local seat shell told=0
  local -a pids=()
  ghr_log "PBS job ${PBS_JOBID-} with ${#ghr_handoffs[@]} seats, on $HOSTNAME"
  # The seats say their last word, and we wait for them.
  trap 'told=1; kill -TERM "${pids[@]}" 2>/dev/null' TERM INT
  ghr_divide_cpus "${#ghr_handoffs[@]}"
  # Without job control, what is started beside us would ignore INT for good, and with it the runner.
  set -m
  for seat in "${!ghr_handoffs[@]}"; do
    shell=("$BASH")
    if [[ -n ${ghr_cpus[seat]-} ]]; then shell=(taskset -c "${ghr_cpus[seat]}" "$BASH"); fi
    # All that is defined here, through a pipe: what it holds is for nobody else to read.
    "${shell[@]}" <(declare -p "${!ghr_@}" && declare -f && ghr_compose_seat "$seat") &
    pids+=("$!")
  done
  set +m
  for seat in "${!pids[@]}"; do
    # A signal ends a wait, and not what is waited for.
    while kill -0 "${pids[seat]}" 2>/dev/null; do wait "${pids[seat]}"; done
  done
  ghr_log "all seats have ended$( ((told == 0)) || printf '%s' ', told so by PBS')"
}

# What differs from one seat to the next, and its start.
ghr_compose_seat() { # ghr_compose_seat SEAT
  local name=${ghr_handoffs[$1]##*/}
  printf '%s=%q\n' ghr_handoff "${ghr_handoffs[$1]}" ghr_name "$name" ghr_allocation "${name%%.*}" ghr_label "seat $1: "
  # Programs ask these for how much they may use; nproc too.
  if ((ghr_share > 0)); then echo "export NCPUS=$ghr_share OMP_NUM_THREADS=$ghr_share"; fi
  printf '%s\n' 'set -u' 'umask 077' ghr_main
}

# Sets ghr_cpus to each seat's CPUs, none where they cannot be divided, and ghr_share to how many a seat may count on.
ghr_divide_cpus() { # ghr_divide_cpus SEATS
  local seats=$1 asked=${NCPUS-} seat cpu why=''
  local -a cpus=()
  ghr_cpus=()
  ghr_share=0
  [[ $asked =~ ^[1-9][0-9]{0,5}$ ]] || asked=0
  ((asked == 0)) || ghr_share=$((asked < seats ? 1 : asked / seats))
  ghr_list_cpus
  if ((${#cpus[@]} < seats)); then
    why="there are ${#cpus[@]} for $seats seats"
  elif ((asked > 0 && ${#cpus[@]} > asked)); then
    why="the node does not keep the job to the $asked that it asked for"
  elif ! type -P taskset >/dev/null; then
    why="the node has no taskset"
  fi
  if [[ -n $why ]]; then
    ghr_log "all seats share the CPUs: $why"
    return
  fi
  for cpu in "${!cpus[@]}"; do
    seat=$((cpu * seats / ${#cpus[@]}))
    ghr_cpus[seat]=${ghr_cpus[seat]:+${ghr_cpus[seat]},}${cpus[cpu]}
  done
  ((ghr_share > 0)) || ghr_share=$((${#cpus[@]} / seats))
  for seat in "${!ghr_cpus[@]}"; do ghr_log "seat $seat has the CPUs ${ghr_cpus[seat]}"; done
}

# Adds to cpus those that this process may run on: 0-3,8.
ghr_list_cpus() {
  local key value range cpu
  while read -r key value; do
    [[ $key == Cpus_allowed_list: ]] || continue
    for range in ${value//,/ }; do
      for ((cpu = ${range%-*}; cpu <= ${range#*-}; cpu++)); do cpus+=("$cpu"); done
    done
  done </proc/self/status
}
