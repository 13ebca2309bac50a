# shellcheck shell=bash disable=SC2154 # bin/setup and the other parts set what is not set here
# System packages: what is missing is looked up first, and installed in one go. Sourced by bin/setup.

# What the tests need besides: "<command it brings> <package>". More test clients are one line each.
test_packages=(
  'gcc g++'
  'javac default-jdk-headless'
  'python3 python3'
  'sshd openssh-server'
  'zsh zsh'
)

is_debian() {
  command -v apt-get >/dev/null && [[ -r /etc/os-release ]] &&
    (. /etc/os-release && [[ " ${ID:-} ${ID_LIKE:-} " =~ \ (debian|ubuntu)\  ]])
}

# What compiling the native client takes; nothing while the dependencies are in place.
compiler_packages() {
  dependencies_are_current && return
  command -v python3 >/dev/null || echo python3
  command -v make >/dev/null || echo make
  command -v g++ >/dev/null || echo g++
}

missing_test_packages() {
  [[ $with_tests == yes ]] || return 0
  local entry
  for entry in "${test_packages[@]}"; do
    command -v "${entry%% *}" >/dev/null || echo "${entry##* }"
  done
  # A compiler can be there without the C library in its static form, which the tests' HTTP server is linked with.
  if command -v gcc >/dev/null && [[ ! -e $(gcc -print-file-name=libc.a) ]]; then echo libc6-dev; fi
}

install_packages() {
  local packages
  mapfile -t packages < <(
    {
      engine_packages
      compiler_packages
      missing_test_packages
    } | awk '!seen[$0]++'
  )
  if ((${#packages[@]} == 0)); then
    say packages "none missing"
    return
  fi
  if ! is_debian; then
    die 5 "missing: ${packages[*]} (Debian's names); setup installs packages on Debian and Ubuntu only" \
      "install them with your system's package manager, then run bin/setup again"
  fi
  local by_hand="apt-get update && apt-get install --yes --no-install-recommends ${packages[*]}"
  if [[ $(id -u) != 0 ]]; then
    die 5 "missing: ${packages[*]}; only root can install packages" "sudo sh -c '$by_hand'"
  fi
  say packages "installing ${packages[*]}"
  if [[ " ${packages[*]} " == *' openssh-server '* ]]; then forbid_ssh_service; fi
  local log=$logs/packages.log
  if ! apt_install "${packages[@]}" >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    die 1 "installing packages failed; the end of its output is above" "$by_hand"
  fi
  hash -r
}

# Tests start an sshd of their own; the service, which its package starts, would let the whole network in. The file is Debian's own switch.
forbid_ssh_service() {
  mkdir -p /etc/ssh
  echo 'Made by bin/setup of zkd: remove this file to let the service start.' >/etc/ssh/sshd_not_to_be_run
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  # An earlier run may have been cut off in the middle of an installation.
  dpkg --configure -a
  # One unreachable source of the owner's must not stop us: what counts is whether the packages are found.
  apt-get update -qq || true
  apt-get -o DPkg::Lock::Timeout=120 install --yes --no-install-recommends "$@"
}
