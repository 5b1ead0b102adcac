# A lock that the kernel keeps, and takes from a holder that is killed.
#
# mkdir either makes the directory or says that it is there, which is the lock that every shell has,
# and it stays when its holder is killed.
#
# Right: the lock is on an open file of this shell and goes with it, however it ends. The file stays
# and means nothing.
set -eu
dir=$1 token=$2

exec 9>> "$dir/lock"
tries=0
until flock -n 9; do
    tries=$((tries + 1))
    if [ "$tries" -eq 20 ]; then
        exit 1
    fi
    sleep 0.002 9>&-
done

echo "$token" >> "$dir/state"
