# shellcheck shell=bash disable=SC2154 # bin/setup and the other parts set what is not set here
# Finding a container engine and, where that is allowed, starting one. Sourced by bin/setup; needs its say, die and lib.

# For tests: a folder that holds everything of a private engine, which then leaves the machine's own alone.
engine_dir=${ZKD_SETUP_ENGINE_DIR:-}

if [[ -n $engine_dir ]]; then
  engine_socket=$engine_dir/docker.sock
  engine_pid_file=$engine_dir/dockerd.pid
  engine_log=$engine_dir/dockerd.log
  engine_data=$engine_dir/data
  engine_run=$engine_dir/run
  engine_options=(--host "unix://$engine_socket" --data-root "$engine_data" --exec-root "$engine_run" --bridge none --iptables=false)
  # A daemon without a bridge takes docker0 away from whoever has one: so it gets a network namespace of its own.
  engine_launcher=(unshare --net --)
else
  engine_socket=/var/run/docker.sock
  # Not the daemon's default pid file: dockerd refuses to start while the pid in it is anyone's, and after a kill it stays behind.
  engine_pid_file=/run/zkd-dockerd.pid
  engine_log=/var/log/zkd-dockerd.log
  engine_data=/var/lib/docker
  engine_run=/var/run/docker
  engine_options=()
  engine_launcher=()
fi
export ZKD_SETUP_SOCKET=$engine_socket # the default that engine.mjs asks

engine_started=no # yes: by this run

# Looks for an engine; sets engine_host, engine_source, engine_state and engine_detail.
survey_engine() {
  local answer
  mapfile -t answer < <(node "$lib/engine.mjs" survey)
  engine_host=${answer[0]:-} engine_source=${answer[1]:-} engine_state=${answer[2]:-error} engine_detail=${answer[3]:-}
}

other_engine() {
  local name
  for name in podman nerdctl colima orbctl rdctl; do
    if command -v "$name" >/dev/null; then
      echo "$name"
      return
    fi
  done
  return 1
}

# A docker service is systemd's to start, not ours.
is_service_known() {
  [[ -z $engine_dir && -d /run/systemd/system ]] && systemctl cat docker.service >/dev/null 2>&1
}

# is_alive <pid file> <program> <argument it carries>: the pid in the file is that very program, not one that got its number later.
is_alive() {
  local pid
  [[ -f $1 ]] && pid=$(<"$1") && [[ $pid =~ ^[0-9]+$ ]] || return 1
  [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "$2" ]] && tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qF -- "$3"
}

is_daemon_alive() { is_alive "$engine_pid_file" dockerd "$engine_pid_file"; }

# Stops with what to do unless an engine answers, or one may be brought. Touches nothing.
check_engine_rule() {
  survey_engine
  if [[ $engine_state == ok ]]; then
    return
  fi
  if [[ $engine_state == denied ]]; then
    die 5 "permission denied on $engine_host" \
      "sudo usermod -aG docker \"\$USER\"    # then log in again" \
      "export DOCKER_HOST=unix:///path/to/docker.sock    # or an engine of your own"
  fi
  if [[ -n $engine_source ]]; then
    die 5 "$engine_source names ${engine_host:-no known address}, and no engine answers there ($engine_detail)" \
      "docker version    # once that engine is started" \
      "unset DOCKER_HOST DOCKER_CONTEXT; docker context use default; bin/setup    # or let setup look for another one"
  fi
  if [[ $engine_state == error ]]; then
    die 5 "what listens on $engine_host is no usable engine ($engine_detail)" "docker -H $engine_host version"
  fi
  # From here on nothing answers on the usual sockets.
  if is_daemon_alive; then
    return # an earlier run's, still starting
  fi
  local other
  if other=$(other_engine); then
    die 5 "no Docker Engine answers, and $other is installed: setup brings no second engine" \
      "export DOCKER_HOST=unix:///path/to/its.sock    # after starting its Docker-compatible socket"
  fi
  if is_service_known; then
    die 5 "the docker service is installed but does not answer" "systemctl start docker" "journalctl -u docker    # if that fails"
  fi
  if [[ $yes != yes ]]; then
    die 5 "no container engine is to be found, and setup was not told to bring one" \
      "bin/setup --yes    # lets setup install and start Docker Engine" \
      "$(engine_by_hand)    # the same by hand" \
      "export DOCKER_HOST=unix:///path/to/docker.sock    # an engine elsewhere"
  fi
  if [[ $(id -u) != 0 ]]; then
    die 5 "no container engine is to be found, and only root can start one" "sudo bin/setup --yes" \
      "$(engine_by_hand)    # the same by hand, as root"
  fi
  if ! command -v dockerd >/dev/null && ! is_debian; then
    die 5 "no container engine is to be found, and setup can install one on Debian and Ubuntu only" \
      "install Docker Engine as its documentation says for your system, start it, then run bin/setup again"
  fi
}

engine_by_hand() {
  command -v dockerd >/dev/null || echo -n 'apt-get update && apt-get install --yes --no-install-recommends docker.io iptables && '
  if [[ -d /run/systemd/system ]]; then
    echo 'systemctl start docker'
  else
    echo "(setsid dockerd >$engine_log 2>&1 &)"
  fi
}

# The packages a missing engine needs.
engine_packages() {
  [[ $engine_state == ok ]] && return
  # All three: an installation that was cut off may have brought only some.
  command -v dockerd >/dev/null && command -v containerd >/dev/null && command -v runc >/dev/null || echo docker.io
  command -v iptables >/dev/null || echo iptables
}

bring_engine() {
  if [[ $engine_state != ok ]]; then
    # Installing the package starts the service where there is systemd.
    is_service_known || is_daemon_alive || start_daemon
    wait_for_engine || recover_engine
  fi
  export DOCKER_HOST=$engine_host # from here on all parts of setup ask this one
  say engine "Docker Engine $engine_detail answers on $engine_host"
}

# A daemon that was killed leaves files behind that keep the next one from starting.
remove_stale_files() {
  is_daemon_alive || rm -f "$engine_pid_file" "$engine_socket"
  # dockerd takes any living process with this number for its containerd, and then waits for it in vain.
  local containerd_pid_file=$engine_run/containerd/containerd.pid
  is_alive "$containerd_pid_file" containerd "$engine_run" || rm -f "$containerd_pid_file"
}

start_daemon() {
  say engine "starting dockerd, log in $engine_log"
  remove_stale_files
  mkdir -p "$(dirname "$engine_log")" "$(dirname "$engine_pid_file")" "$engine_data" "$engine_run"
  # Marks the data as begun by setup: only such may be set aside when it turns out to be broken.
  if [[ -z $(ls -A "$engine_data") ]]; then touch "$engine_data/.zkd-setup"; fi
  (
    # It outlives this script, so it must not hold its lock, its output or its folder.
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      if ((fd > 2)); then eval "exec $fd>&-"; fi
    done
    cd /
    exec setsid nohup "${engine_launcher[@]}" dockerd --pidfile "$engine_pid_file" "${engine_options[@]}" >>"$engine_log" 2>&1 </dev/null
  ) &
  daemon_job=$!
  engine_started=yes
}

# Until the engine answers; fails as soon as a daemon of ours is gone.
wait_for_engine() {
  local deadline=$((SECONDS + ${ZKD_SETUP_ENGINE_TIMEOUT_S:-60}))
  while ((SECONDS < deadline)); do
    survey_engine
    [[ $engine_state == ok ]] && return
    if [[ $engine_started == yes ]] && ! kill -0 "$daemon_job" 2>/dev/null; then return 1; fi
    sleep 0.2
  done
  return 1
}

# Data that setup itself began may be torn by a power cut or a kill. It is set aside, never deleted, and put back if that was not it.
recover_engine() {
  local aside
  if [[ $engine_started == yes && -e $engine_data/.zkd-setup ]] && ! kill -0 "$daemon_job" 2>/dev/null; then
    aside=$engine_data.broken-$(date +%Y%m%dT%H%M%S)
    # A daemon that was killed leaves its data mounted onto itself.
    awk -v dir="$engine_data" '$2 == dir || index($2, dir "/") == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount --lazy
    mv "$engine_data" "$aside"
    start_daemon
    if wait_for_engine; then
      say engine "its data was broken; started with none, the old is in $aside"
      return
    fi
    kill "$daemon_job" 2>/dev/null || true
    wait "$daemon_job" || true
    rm -rf "$engine_data"
    mv "$aside" "$engine_data"
  fi
  tail -n 20 "$engine_log" >&2 || true
  die 5 "the engine does not answer on $engine_host ($engine_detail); the end of $engine_log is above" \
    "tail -n 100 $engine_log" "kill \$(cat $engine_pid_file); bin/setup --yes    # to start it anew"
}
