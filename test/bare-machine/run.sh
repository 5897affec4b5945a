#!/bin/sh
# Proves that the project installs what it needs: makes a bare Debian tree (git, Debian's own Node and npm, nothing
# else), clones this repository into it, and runs a command there, by default `.ci/run`. The tree has mounts of its own
# and shares the network, from which it installs packages. Tests make networks of their own; the quickstart would put
# its engine into the machine's: take it away there with `npm run quickstart -- --clean`.
#
#   sh test/bare-machine/run.sh [COMMAND …]
#
# BARE_TREE keeps the tree in a tar file between runs; without it the tree is made anew.
set -eu
repository=$(cd "$(dirname "$0")/../.." && pwd)
work=${BARE_WORK:-$(mktemp -d)}
tree=$work/tree
tar=${BARE_TREE:-$work/tree.tar}
[ $# -gt 0 ] || set -- bash .ci/run

[ -e "$tar" ] || mmdebstrap --quiet --variant=apt --include=git,nodejs,npm,ca-certificates,mount bookworm "$tar" \
  $(ls /etc/apt/sources.list.d/debian.sources 2>/dev/null)

enter() {
  # A mount of its own, so that the root inside is one: programs that unshare mounts change its propagation.
  mkdir "$tree" && mount --bind "$tree" "$tree"
  tar -C "$tree" -xf "$tar" --exclude=./dev
  mkdir -p "$tree/dev" "$tree/proc" "$tree/sys"
  mount --rbind /dev "$tree/dev" && mount -t proc proc "$tree/proc" && mount --rbind /sys "$tree/sys"
  mount -t tmpfs tmpfs "$tree/run" && mount -t tmpfs tmpfs "$tree/tmp"
  cp /etc/resolv.conf "$tree/etc/resolv.conf"
  # Where packages come from, and which authorities vouch for it, are the machine's own settings.
  for file in /etc/npmrc "$HOME/.npmrc" /usr/local/share/ca-certificates/*; do
    [ ! -f "$file" ] || install -D -m 644 "$file" "$tree$file"
  done
  chroot "$tree" update-ca-certificates >/dev/null 2>&1
  git clone --quiet --no-hardlinks "file://$repository" "$tree/root/ctr"
  # Not chroot: programs that enter this mount namespace from elsewhere must find the same root.
  mkdir "$tree/former" && cd "$tree" && pivot_root . former && umount -l /former
  cd /root/ctr
  exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin CI=true LANG=C.UTF-8 \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$@"
}

if [ -n "${IN_OWN_MOUNTS:-}" ]; then enter "$@"; fi
code=0
IN_OWN_MOUNTS=1 BARE_WORK=$work BARE_TREE=$tar unshare --mount --propagation private sh "$0" "$@" || code=$?
rm -rf "$work"
exit $code
