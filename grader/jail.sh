# Builds the jail of a submission inside the namespaces that unshare(1) has just made, and runs a command in it.
#
#   sh jail.sh ROOT BOX DIRECTORY TMP_BYTES READABLE... -- COMMAND...
#
# ROOT is an empty directory that becomes the jail's root. BOX stays writable, each READABLE is read-only, /tmp is
# private, and nothing else is there. This shell stays as the first process of the jail, so that the command has the
# default actions of signals.
set -e
umask 022
root=$1 box=$2 directory=$3 tmp_bytes=$4
shift 4

# A bind mount is made read-only by a second call, which must repeat the flags that the kernel has locked.
read_only() {
  for flags in ro ro,nosuid ro,nodev ro,nosuid,nodev ro,nosuid,nodev,noexec; do
    if mount -o "remount,bind,$flags" "$1" 2>/dev/null; then return 0; fi
  done
  echo "jail: cannot make $1 read-only" >&2
  return 1
}

show() {
  if [ -L "$1" ]; then
    cp -P "$1" "$root$1"
    return
  elif [ -d "$1" ]; then
    mkdir -p "$root$1"
  else
    mkdir -p "$root${1%/*}"
    : >"$root$1"
  fi
  mount --rbind "$1" "$root$1"
}

mount -t tmpfs -o mode=755 jail "$root"
mkdir "$root/proc" "$root/dev" "$root/tmp"
mount -t proc proc "$root/proc"
for device in null zero full random urandom; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o "mode=1777,size=$tmp_bytes" tmp "$root/tmp"
mkdir -p "$root$box"
mount --bind "$box" "$root$box"
while [ "$1" != -- ]; do
  show "$1"
  [ -L "$1" ] || read_only "$root$1"
  shift
done
shift

mkdir "$root/.old"
cd "$root"
pivot_root . .old
umount -l /.old
rmdir /.old
mount -o remount,ro / 2>/dev/null || read_only /
cd "$directory"
setpriv --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@" &
wait $!
