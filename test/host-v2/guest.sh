#!/bin/sh
# The machine's process 1 once its root is made: runs the command of main.ts and turns the machine off. The folder of
# results belongs to the computer outside.
results=/run/host-v2
cd "$(cat $results/repository)" || echo "host-v2: the repository is not here"
export HOME=/root LANG=C.UTF-8 CTR_TEST_COUNTS=$results/counts CTR_TEST_PATIENCE=4
export NODE_COMPILE_CACHE=/run/node-cache
# Images and containers are on a disk whose I/O can be limited.
export TMPDIR=/disk CTR_TEST_DISK=/disk
export PATH="$PWD/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

echo "host-v2: Linux $(uname -r), cgroup controllers: $(cat /sys/fs/cgroup/cgroup.controllers)"
mkdir $NODE_COMPILE_CACHE && tar -C $NODE_COMPILE_CACHE -xf $results/node-cache.tar

sh $results/command >$results/output 2>&1 </dev/null
echo $? >$results/exit-code
echo "host-v2: ended after $(cut -d. -f1 /proc/uptime) s with exit code $(cat $results/exit-code)"

# A machine that does not obey ends as well: the kernel panics when process 1 ends, and QEMU does not restart it.
echo o >/proc/sysrq-trigger
sleep 30
