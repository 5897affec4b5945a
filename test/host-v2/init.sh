#!/bin/busybox sh
# First program of the machine, in its initramfs: makes the root file system of the computer that runs the tests, shared
# read-only, the machine's own, with a writable layer in memory above it, and hands over to guest.sh.
/bin/busybox mkdir -p /proc /sys /dev /host /layer /new /repository /modules-tree
/bin/busybox --install -s /bin
export PATH=/bin

die() { echo "host-v2: $*"; poweroff -f; }
share() { mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2" || die "cannot mount the share $1"; }

mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
for module in /modules/*.ko; do insmod "$module" || die "cannot load $module"; done

share host /host cache=loose,ro
mount -t tmpfs tmpfs /layer && mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work root /new || die "cannot mount the root"
mount -t tmpfs -o mode=755 tmpfs /new/run && mkdir /new/run/host-v2
share results /new/run/host-v2 cache=none

# Whatever directory these are in, the mounts below may hide it.
repository=$(cat /new/run/host-v2/repository)
modules=$(cat /new/run/host-v2/modules)
version=$(uname -r)
mount --bind "/new$repository" /repository || die "the repository is not in the shared root: $repository"
mount --bind "/new$modules" /modules-tree || die "the kernel's modules are not in the shared root: $modules"

mount -t proc proc /new/proc
mount -t sysfs sysfs /new/sys
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /new/sys/fs/cgroup || die "cannot mount cgroup2"
mount -t devtmpfs devtmpfs /new/dev
mkdir -p /new/dev/pts /new/dev/shm /new/dev/mqueue
mount -t devpts -o mode=620,ptmxmode=666 devpts /new/dev/pts
mount -t mqueue mqueue /new/dev/mqueue
mount -t tmpfs -o mode=1777 tmpfs /new/dev/shm
mount -t tmpfs -o mode=1777 tmpfs /new/tmp
ln -s /proc/self/fd /new/dev/fd
for stream in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${stream%:*}" "/new/dev/${stream#*:}"; done

mkdir /new/disk
mount -t ext4 /dev/vda /new/disk || die "cannot mount the disk"
echo 256M >/new/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0 || die "cannot make swap"

mkdir -p "/new$repository" "/new/lib/modules/$version"
mount --move /repository "/new$repository"
mount --move /modules-tree "/new/lib/modules/$version"
hostname host-v2
ip link set lo up

exec switch_root /new /bin/sh "$repository/test/host-v2/guest.sh"
