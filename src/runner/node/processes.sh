# Processes: whose they are, and the end of those that outlived their runner.

# Sets ghr_state, ghr_session and ghr_started (ticks since the node's start) of a process.
ghr_read_process() { # ghr_read_process PID
  local line fields
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The name, in parentheses, may hold anything.
  read -r -a fields <<<"${line##*) }"
  ghr_state=${fields[0]}
  ghr_session=${fields[3]}
  ghr_started=${fields[19]}
}

# A process id is used again: with the time of its start it is not.
ghr_lives() { # ghr_lives PID STARTED
  ghr_read_process "$1" && [[ $ghr_state != [ZX] && $ghr_started == "$2" ]]
}

# Everything a runner starts inherits this variable, also what leaves its process group and its session.
ghr_name_owner() {
  ghr_read_process "$$"
  ghr_owner_pid=$$
  ghr_owner_started=$ghr_started
  ghr_mark="HPC_RUNNERS_OWNER=$ghr_allocation:$ghr_owner_pid:$ghr_owner_started"
}

# Sets ghr_found to the processes that carry our mark, or that work in or were started from a root of ours.
ghr_find_processes() { # ghr_find_processes ROOT
  local path link
  ghr_found=()
  while read -r path; do
    ghr_add_process "${path%/environ}"
  done < <(grep -lzsxF -e "$ghr_mark" /proc/[0-9]*/environ)
  while read -r path link; do
    case $link in "$1" | "$1"/*) ghr_add_process "${path%/*}" ;; esac
  done < <(find /proc/[0-9]*/cwd /proc/[0-9]*/exe -maxdepth 0 -printf '%p %l\n' 2>/dev/null)
}

ghr_add_process() { # ghr_add_process /proc/PID
  # Others of the user cannot be ours to end, and root sees everybody's.
  [[ -O $1 ]] && ghr_found+=("${1#/proc/}")
}

# Ends what a runner left behind, and looks again until nothing is found. Fails if something survives (ghr_found).
ghr_end_processes() { # ghr_end_processes ROOT
  local try
  for ((try = 0; try < 30; try++)); do
    ghr_find_processes "$1"
    ((${#ghr_found[@]} > 0)) || return 0
    ((try > 0)) || ghr_log "ends ${#ghr_found[@]} processes that its runner left behind: ${ghr_found[*]}"
    kill -KILL "${ghr_found[@]}" 2>/dev/null
    ghr_pause "0.$((try < 9 ? try + 1 : 9))"
  done
  return 1
}

# A few words about processes that cannot be ended: their ids and names.
ghr_describe_processes() {
  local pid name
  ghr_described=''
  for pid in "${ghr_found[@]:0:5}"; do
    name='?'
    { read -r name <"/proc/$pid/comm"; } 2>/dev/null
    ghr_described+="${ghr_described:+, }$pid ($name)"
  done
}

# PBS may lose a job and leave its processes (a mom that died). Theirs is an owner that lives no more.
ghr_end_lost_processes() {
  local path pid entry owner started lost=()
  while read -r path; do
    pid=${path#/proc/}
    pid=${pid%/environ}
    [[ -O /proc/$pid ]] || continue
    while IFS= read -r -d '' entry; do
      [[ $entry == HPC_RUNNERS_OWNER=* ]] || continue
      started=${entry##*:}
      owner=${entry%:*}
      owner=${owner##*:}
      [[ $owner =~ ^[0-9]+$ ]] && ! ghr_lives "$owner" "$started" && lost+=("$pid")
    done 2>/dev/null <"$path"
  done < <(grep -lzs -e '^HPC_RUNNERS_OWNER=' /proc/[0-9]*/environ)
  ((${#lost[@]} > 0)) || return 0
  ghr_log "ends ${#lost[@]} processes of allocations that are no more: ${lost[*]}"
  kill -KILL "${lost[@]}" 2>/dev/null
}
