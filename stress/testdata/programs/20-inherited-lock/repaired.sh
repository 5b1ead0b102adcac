# A child lives on when its parent has ended, without the parent's lock.
#
# A hook starts something in the background, such as a notification or a daemon, while it holds its
# lock.
#
# Right: descriptor 9 is closed for the child, so the lock goes with its parent. Most languages have
# O_CLOEXEC for this.
set -eu
dir=$1 token=$2

exec 9>> "$dir/lock"
tries=0
until flock -n 9; do
    tries=$((tries + 1))
    if [ "$tries" -eq 5 ]; then
        exit 1
    fi
    sleep 0.002 9>&-
done

sleep 1 < /dev/null > /dev/null 2>&1 9>&- &
echo "$token" >> "$dir/state"
