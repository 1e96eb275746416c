#!/bin/sh
# A private network with only a loopback, and a cgroup for everything that is started on it. Ends when its standard input does,
# hence also when the test is killed outright, and takes everything with it: processes, mounts, network, folder.
#   bench.sh FOLDER      prints `ready` when FOLDER/cgroup is there
set -eu
folder=$1
ip link set lo up
mkdir "$folder/cgroup" "$folder/cgroup.all"
mount -t cgroup2 cgroup2 "$folder/cgroup.all"
mkdir "$folder/cgroup.all/tidegate-bench-$$"
mount --bind "$folder/cgroup.all/tidegate-bench-$$" "$folder/cgroup"
echo ready
read -r _ || true
echo 1 >"$folder/cgroup/cgroup.kill"
# The killed leave their groups a moment later; a group with somebody in it cannot be removed.
tries=0
while grep -q '^populated 1' "$folder/cgroup/cgroup.events" && [ "$tries" -lt 100 ]; do
  tries=$((tries + 1))
  sleep 0.1
done
umount "$folder/cgroup"
find "$folder/cgroup.all/tidegate-bench-$$" -depth -type d -exec rmdir {} +
umount "$folder/cgroup.all"
rm -rf "$folder"
