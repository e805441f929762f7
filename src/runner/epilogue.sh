#!/bin/bash
# For a site's PBS epilogue, where allocations are killed so hard that not even their own clean-up runs: removes what a job of
# hpc-runners left on this node. Without it, the next allocation of the same user on the node does.
#
#     runuser -u "$2" -- /path/to/epilogue.sh "$1" /local_scratch
#
# Run it as the job's user ($2 of an epilogue), never as root: everything below the directory is that user's to change.
set -u
job=${1:?the PBS job id} scratch=${2:?directories.scratch of hpc-runners.yml}
((UID != 0)) || { echo "epilogue.sh: not as root, but as the user of the job" >&2; exit 2; }
for owner in "$scratch/hpc-runners-$UID"/runner.*/owner; do
  root=${owner%/owner}
  if [[ ! -L $root ]] && grep -qxF -e "job=$job" "$owner" 2>/dev/null; then
    find "$root" -type d ! -perm -u=rwx -exec chmod u+rwx -- {} \;
    rm -rf -- "$root"
  fi
done
