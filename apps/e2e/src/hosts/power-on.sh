#!/bin/sh
# Becomes process 1 of a host: real systemd on this machine's /usr, with /etc, /var, /opt and what was added to /usr on a disk of
# its own, which is a folder and outlives the boot. Runs in fresh mount, PID, UTS, IPC and cgroup namespaces; nothing it mounts is
# seen outside.
#   power-on.sh DISK NAME RUNTIME      RUNTIME: the Node that the host offers as /usr/lib/tidegate/node
set -eu
disk=$1 name=$2 runtime=$3 root=$1/root
mkdir -p "$root" "$disk/usr" "$disk/usr.work" "$disk/etc" "$disk/var" "$disk/opt"
mount -t tmpfs -o mode=755 tmpfs "$root"
cd "$root"
mkdir usr etc var opt proc sys run tmp dev root old
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$folder"; done
mount -t overlay overlay -o "lowerdir=/usr,upperdir=$disk/usr,workdir=$disk/usr.work" usr
for folder in etc var opt; do mount --bind "$disk/$folder" "$folder"; done
mkdir -p usr/lib/tidegate
: >>usr/lib/tidegate/node
mount --bind "$runtime" usr/lib/tidegate/node
mount -o remount,bind,ro usr/lib/tidegate/node

mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs tmp
# Devices of its own: systemd creates links and nodes in /dev, which must not land in this machine's.
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for node in null zero full random urandom tty; do
  : >"dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/shm dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

mount -t proc -o nosuid,nodev,noexec proc proc
# The kernel's settings are this machine's too.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
# A boot id of its own, mounted over the kernel's as containers do: what a service finds in a fresh /proc is another one.
cat /proc/sys/kernel/random/uuid >run/boot_id
mount --bind run/boot_id proc/sys/kernel/random/boot_id
hostname "$name"
# Not chroot: a process in one may not make user namespaces, which PrivateUsers= needs.
pivot_root . old
umount -l old
rmdir old
exec env -i container=tidegate-test PATH=/usr/sbin:/usr/bin /usr/lib/systemd/systemd --system --unit=multi-user.target
