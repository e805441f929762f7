# What a runner, and with it each step of its job, finds in its environment.

# Runs the pool's lines (ghr_environment, composed before). They may do what they like to the shell; afterwards it is ours again.
ghr_run_environment() {
  local status
  ghr_export_network
  ghr_environment
  status=$?
  set +eEfvx +o pipefail
  set -u
  IFS=$' \t\n'
  umask 077
  ghr_set_traps
  return "$status"
}

# Before the pool's lines, which may need it, and have the last word. GitHub's runner looks at the lower case first, other programs
# at the upper.
ghr_export_network() {
  if [[ -n $ghr_https_proxy ]]; then export https_proxy=$ghr_https_proxy HTTPS_PROXY=$ghr_https_proxy; fi
  if [[ -n $ghr_http_proxy ]]; then export http_proxy=$ghr_http_proxy HTTP_PROXY=$ghr_http_proxy; fi
  if [[ -n $ghr_no_proxy ]]; then export no_proxy=$ghr_no_proxy NO_PROXY=$ghr_no_proxy; fi
  if [[ -n $ghr_tool_cache ]]; then export RUNNER_TOOL_CACHE=$ghr_tool_cache; fi
  if [[ -n $ghr_action_cache ]]; then export ACTIONS_RUNNER_ACTION_ARCHIVE_CACHE=$ghr_action_cache; fi
}

# The site's authorities besides those that the node knows: most of these variables replace the node's own list.
ghr_make_certificates() {
  local known all=$ghr_root/certificates.pem
  [[ -n $ghr_certificates ]] || return 0
  for known in "${SSL_CERT_FILE-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
    /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem /dev/null; do
    [[ -n $known && -r $known ]] && break
  done
  ghr_problem=$(cat -- "$known" "$ghr_certificates" 2>&1 >"$all") && return 0
  ghr_cause=environment
  return 1
}

# Hooks of GitHub's runner take one file each; a site may have several.
ghr_make_hooks() {
  ghr_make_hook job-started "${ACTIONS_RUNNER_HOOK_JOB_STARTED-}" ${ghr_job_started[@]+"${ghr_job_started[@]}"}
  ghr_make_hook job-completed "${ACTIONS_RUNNER_HOOK_JOB_COMPLETED-}" ${ghr_job_completed[@]+"${ghr_job_completed[@]}"}
}

ghr_make_hook() { # ghr_make_hook NAME FILE...
  local name=$1 file
  shift
  for file in "$@"; do
    [[ -n $file ]] || continue
    # The first that fails ends the job, as GitHub's runner has it.
    printf 'hook=%q\n%s\n' "$file" "\"\$hook\" || { status=\$?; echo \"::error::The site's hook \$hook failed with \$status\"; exit \$status; }"
  done >"$ghr_root/hooks/$name.sh"
}

# In the process that becomes the listener.
ghr_export_runner() {
  export "${ghr_mark?}"
  # Exit codes that tell a runner that is too old for GitHub, and the result of the job (Constants.cs, Runner.cs).
  export ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1 ACTIONS_RUNNER_RETURN_JOB_RESULT_FOR_HOSTED=1
  case $ghr_tmpdir in
    runner) export TMPDIR=$ghr_root/tmp ;;
    allocation) ;;
    *) export TMPDIR=$ghr_tmpdir ;;
  esac
  if [[ -n $ghr_certificates ]]; then
    export SSL_CERT_FILE=$ghr_root/certificates.pem CURL_CA_BUNDLE=$ghr_root/certificates.pem
    export GIT_SSL_CAINFO=$ghr_root/certificates.pem REQUESTS_CA_BUNDLE=$ghr_root/certificates.pem
    export NODE_EXTRA_CA_CERTS=$ghr_certificates
  fi
  if [[ -s $ghr_root/hooks/job-started.sh ]]; then export ACTIONS_RUNNER_HOOK_JOB_STARTED=$ghr_root/hooks/job-started.sh; fi
  if [[ -s $ghr_root/hooks/job-completed.sh ]]; then export ACTIONS_RUNNER_HOOK_JOB_COMPLETED=$ghr_root/hooks/job-completed.sh; fi
}
