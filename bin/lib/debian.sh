# shellcheck shell=bash
# Packages of any Debian release, downloaded and unpacked but never installed. Sourced; nothing here writes to the machine's own
# package database or sources, so it needs no root and cannot leave the machine half upgraded.

# The address of the Debian archive this machine already uses. Asked from apt, so that a mirror the owner chose is kept and no
# address is written down here. Fails where there is none (Ubuntu): see private_apt.
debian_archive() {
  apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk '$1 == "Debian" && $2 !~ /-/ { print $3; found = 1; exit } END { exit !found }'
}

# private_apt <dir> <release>: makes <dir> an apt of its own for that release's main archive, with its index read.
# Only the main archive: the -updates and -security indexes of a mirror may be of another day than the packages they name.
private_apt() {
  local dir=$1 release=$2 archive keyring=/usr/share/keyrings/debian-archive-keyring.gpg options=''
  mkdir -p "$dir"/{state/lists/partial,cache/archives/partial,none,debs}
  : >"$dir/state/status"
  [[ -e $keyring ]] && options="[signed-by=$keyring] "
  if archive=$(debian_archive); then
    echo "deb $options$archive $release main" >"$dir/sources.list"
  else
    # Not Debian. mmdebstrap knows Debian's archive and key: with nothing to install it writes just the source list we need.
    command -v mmdebstrap >/dev/null || return 1
    mmdebstrap --quiet --variant=custom --mode=root "$release" "$dir/root" >/dev/null
    grep --max-count=1 '^deb ' "$dir/root/etc/apt/sources.list" >"$dir/sources.list"
  fi
  {
    apt-config dump Acquire # the machine's own proxies and checks; its hooks are left out
    cat <<CONF
Dir::Etc::main "$dir/none/apt.conf";
Dir::Etc::parts "$dir/none";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "$dir/none";
Dir::Etc::preferences "$dir/none/preferences";
Dir::Etc::preferencesparts "$dir/none";
Dir::State "$dir/state";
Dir::State::status "$dir/state/status";
Dir::Cache "$dir/cache";
Acquire::Languages "none";
Acquire::Retries "2";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
CONF
  } >"$dir/apt.conf"
  APT_CONFIG=$dir/apt.conf apt-get update -qq
}

# download_packages <dir> <package>...: just these, without what they depend on.
download_packages() {
  local dir=$1
  shift
  (cd "$dir/debs" && APT_CONFIG=$dir/apt.conf apt-get download -qq "$@")
}

# download_closure <dir> <package>...: these and all they depend on, as for an empty system.
download_closure() {
  local dir=$1
  shift
  APT_CONFIG=$dir/apt.conf apt-get install -qq --yes --download-only "$@" >/dev/null
  find "$dir/cache/archives" -maxdepth 1 -name '*.deb' -exec mv -t "$dir/debs" {} +
}

# unpack_packages <target> <file.deb>...: files only, no maintainer script runs. Two at a time: unpacking is bound by the processor.
unpack_packages() {
  local target=$1
  shift
  mkdir -p "$target"
  printf '%s\0' "$@" | TARGET=$target xargs -0 -n 1 -P 2 sh -c \
    'dpkg-deb --fsys-tarfile "$0" | tar -x -C "$TARGET" --keep-directory-symlink --no-same-owner'
}

# make_root <root> <unwanted> <file.deb>...: a root file system of these packages, without those whose file name matches <unwanted>. They are
# unpacked but not configured: what their scripts would have done is done here.
make_root() {
  local root=$1 unwanted=$2 name deb debs=()
  shift 2
  mkdir -p "$root"/{etc,tmp,proc,sys,dev,run,root,var/tmp,var/lib/dpkg/status.d,usr/{bin,sbin,lib,lib64}}
  chmod 1777 "$root/tmp" "$root/var/tmp"
  for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
  for deb in "$@"; do
    [[ $(basename "$deb") =~ $unwanted ]] && continue
    debs+=("$deb")
    # For image scanners: which packages are in here.
    dpkg-deb --field "$deb" >"$root/var/lib/dpkg/status.d/$(basename "${deb%%_*}")"
  done
  unpack_packages "$root" "${debs[@]}"
  cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
  cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
  cp "$root/usr/share/libc-bin/nsswitch.conf" "$root/etc/nsswitch.conf"
  # Without a cache the loader searches the usual folders, so this may fail where root is wanted and not there.
  ldconfig -r "$root" 2>/dev/null || true
  find "$root/usr/share/doc" -type f ! -name copyright -delete
  rm -rf "$root"/usr/share/{man,info,locale,lintian,bash-completion} "$root/var/cache"/*
}

# package_version <file.deb>: the upstream part of its version (3.9.3 of 3.9.3-1+deb13u1).
package_version() {
  dpkg-deb --field "$1" Version | sed -e 's/^[0-9]*://' -e 's/-[^-]*$//' -e 's/+.*//'
}
