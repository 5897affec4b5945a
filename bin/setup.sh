#!/bin/sh
# Prepares a fresh Debian or Ubuntu machine and hands over to Node 26. It is POSIX sh because it runs before anything
# is installed; `npm run quickstart` and `npm test` both come through here.
#
#   sh bin/setup.sh quickstart [--clean]     system packages, npm packages, build, demonstration
#   sh bin/setup.sh test [PATTERN …]         the same plus what the tests need, then the tests
#   sh bin/setup.sh packages                 only the system packages of the engine
set -eu
cd "$(dirname "$0")/.."

# What the engine uses at run time. tini is the init of `run --init`, libatomic1 is what Node 26 is linked with.
ENGINE_PACKAGES="runc crun conmon nftables libnftables1 iptables iproute2 busybox-static
  golang-github-containers-common tini ca-certificates libatomic1"
# What the tests use besides: a real registry, its client, real Docker clients, image makers, probes, load, and an
# emulated machine with cgroup v2 alone (test/host-v2).
TEST_PACKAGES="docker.io python3-docker docker-registry skopeo mmdebstrap procps util-linux mount curl git tcpdump
  bind9-dnsutils dnsperf conntrack stress-ng qemu-system-x86 cpio kmod e2fsprogs"

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() { printf 'error: %s\n' "$1" >&2; shift; for line; do printf '       %s\n' "$line" >&2; done; exit 1; }

require_root() {
  [ "$(id -u)" = 0 ] || fail "this needs root: it makes network namespaces, bridges and cgroups" "try: sudo npm run $1"
}

missing_packages() {
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
  done
}

# Installs packages without starting the services that some bring (Docker, the registry): tests start their own.
install_packages() {
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || fail "apt-get is not here, and these packages are missing: $missing" \
    "this set-up knows Debian and Ubuntu; elsewhere install the same programs by hand and run it again"
  say "Installing system packages: $missing"
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  log=$(mktemp)
  # shellcheck disable=SC2086  # a list of words
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    fail "could not install: $missing" "the lines above are apt's; the whole log is $log"
  fi
  rm -f "$log"
}

node_is_current() { [ "$(node_modules/.bin/node --version 2>/dev/null | cut -d. -f1)" = v26 ]; }

install_modules() {
  if [ node_modules/.package-lock.json -nt package-lock.json ] && node_is_current; then return 0; fi
  command -v npm >/dev/null || fail "npm is not here" "install Node.js 18 or later with npm, for example: apt install nodejs npm"
  say "Installing npm packages, Node 26 among them"
  npm ci --no-progress --loglevel=error || fail "npm could not install the packages" "its own lines are above"
  node_is_current || fail "the npm package 'node' did not bring Node 26" \
    "npm may be set not to run install scripts; allow it: npm config set ignore-scripts false, then run this again"
  touch node_modules/.package-lock.json
}

mode=${1:-}
[ $# -gt 0 ] && shift
case $mode in
  quickstart)
    require_root quickstart
    # shellcheck disable=SC2086
    install_packages $ENGINE_PACKAGES
    install_modules
    PATH=$PWD/node_modules/.bin:$PATH
    exec node bin/quickstart/main.ts "$@"
    ;;
  test)
    require_root test
    # shellcheck disable=SC2086
    install_packages $ENGINE_PACKAGES $TEST_PACKAGES
    # From Debian 13 on, Docker's CLI is a package of its own.
    command -v docker >/dev/null || install_packages docker-cli
    install_modules
    PATH=$PWD/node_modules/.bin:$PATH
    exec node test/run.ts "$@"
    ;;
  packages)
    require_root packages
    # shellcheck disable=SC2086
    install_packages $ENGINE_PACKAGES
    ;;
  *) fail "usage: sh bin/setup.sh quickstart|test|packages" ;;
esac
