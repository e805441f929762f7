# A runner's root: a directory of its own on the node, with a real bin, since GitHub's runner writes its credentials beside the
# directory that it was really started from (HostContext.cs). What is large and only read, externals, is shared.

# Sets ghr_boot: process ids mean something only until the node starts again.
ghr_read_boot() { read -r ghr_boot </proc/sys/kernel/random/boot_id; }

# Sets ghr_release to this node's release: what its architecture's link leads to now, so that a turn keeps what it began with when
# the link is changed; or a release that was unpacked by hand.
ghr_find_release() {
  local link target=''
  ghr_architecture=$(uname -m)
  case $ghr_architecture in
    x86_64) ghr_architecture=x64 ;;
    aarch64) ghr_architecture=arm64 ;;
  esac
  link=$ghr_runner/current-$ghr_architecture
  if [[ -L $link ]]; then target=$(readlink -- "$link"); fi
  ghr_release=$ghr_runner${target:+/$target}
}

# Sets ghr_method, ghr_root_ms and ghr_root_bytes; on failure ghr_cause and ghr_problem.
ghr_prepare_root() {
  local since
  ghr_read_clock
  since=$ghr_now
  ghr_cause=scratch
  if ! ghr_problem=$(LC_ALL=C mktemp -d -- "$ghr_roots/runner.XXXXXXXX" 2>&1); then
    ghr_blame_disk
    return 1
  fi
  ghr_root=$ghr_problem
  if ! { ghr_problem=$(ghr_furnish_root 2>&1) && ghr_copy_bin; }; then
    ghr_blame_disk
    return 1
  fi
  ghr_root_bytes=$(du -sb -- "$ghr_root/bin")
  ghr_root_bytes=${ghr_root_bytes%%[^0-9]*}
  ghr_read_clock
  ghr_root_ms=$(((ghr_now - since) * 10))
}

# Everything but bin.
ghr_furnish_root() {
  local entry
  printf '%s\n' "host=$HOSTNAME" "boot=$ghr_boot" "pid=$ghr_owner_pid" "started=$ghr_owner_started" \
    "job=${PBS_JOBID-}" >"$ghr_root/owner" || return 1
  mkdir -- "$ghr_root/tmp" "$ghr_root/hooks" || return 1
  for entry in "$ghr_release"/*; do
    if [[ ${entry##*/} == bin ]]; then
      continue
    elif [[ -d $entry ]]; then
      ln -s -- "$entry" "$ghr_root/" || return 1
    else
      # It may be replaced by the runner's update of itself, which must not go through a link into the store.
      cp -- "$entry" "$ghr_root/" || return 1
    fi
  done
}

# Only the text of an error tells a full disk from other troubles.
ghr_blame_disk() {
  ghr_problem=${ghr_problem%%$'\n'*}
  case $ghr_problem in *'No space left on device'* | *'quota exceeded'*) ghr_cause=disk-full ;; esac
}

# What costs least. A hard link shares the file itself with the store: only where nobody writes to any by accident, that is, where
# none may be written to.
ghr_copy_bin() {
  local from=$ghr_release/bin to=$ghr_root/bin
  if [[ $ghr_method != @(hardlink|copy) ]]; then
    ghr_method=reflink
    # Asked of one file first: a whole bin is not copied in vain.
    cp --reflink=always -- "$from/Runner.Listener" "$ghr_root/probe" 2>/dev/null &&
      ghr_try_copy -R --reflink=always && return 0
    ghr_method=hardlink
  fi
  if [[ $ghr_method == hardlink ]]; then
    [[ -z $(find "$from" -type f -perm /222 -print -quit) ]] &&
      ln -f -- "$from/Runner.Listener" "$ghr_root/probe" 2>/dev/null &&
      ghr_try_copy -R -l && return 0
    ghr_method=copy
  fi
  ghr_try_copy -R
}

ghr_try_copy() { # ghr_try_copy OPTION...
  rm -f -- "$ghr_root/probe"
  ghr_problem=$(LC_ALL=C cp "$@" -- "$ghr_release/bin" "$ghr_root/bin" 2>&1) && return 0
  rm -rf -- "${ghr_root:?}/bin"
  return 1
}

# Fails if something of it is still there.
ghr_remove_root() {
  [[ -n $ghr_root ]] || return 0
  ghr_remove_tree "$ghr_root" || return 1
  ghr_root=''
}

ghr_remove_tree() { # ghr_remove_tree DIRECTORY
  rm -rf -- "$1" 2>/dev/null && return 0
  # A job may have made directories that it cannot write to. Files are let be: a hard link's mode is the store's.
  find "$1" -type d ! -perm -u=rwx -exec chmod u+rwx -- {} \; 2>/dev/null
  rm -rf -- "$1" 2>/dev/null
  [[ ! -e $1 ]]
}

# Roots of allocations that were killed on this node before they could clean up.
ghr_remove_stale_roots() {
  local root
  for root in "$ghr_roots"/runner.*/; do
    root=${root%/}
    if [[ -d $root ]] && ghr_is_stale "$root"; then
      ghr_log "removes what an earlier allocation left: $root"
      ghr_remove_tree "$root" || ghr_log "some of it cannot be removed: $root"
    fi
  done
}

# The scratch may be shared: of another node's roots nothing is known.
ghr_is_stale() { # ghr_is_stale ROOT
  local key value host='' boot='' pid='' started=''
  while IFS='=' read -r key value; do
    case $key in
      host) host=$value ;;
      boot) boot=$value ;;
      pid) pid=$value ;;
      started) started=$value ;;
    esac
  done 2>/dev/null <"$1/owner"
  # Killed in the moment between making it and naming its owner; or just being made.
  if [[ -z $started ]]; then
    [[ -n $(find "$1" -maxdepth 0 -mmin +60) ]]
    return
  fi
  [[ $host == "$HOSTNAME" ]] && { [[ $boot != "$ghr_boot" ]] || ! ghr_lives "$pid" "$started"; }
}
