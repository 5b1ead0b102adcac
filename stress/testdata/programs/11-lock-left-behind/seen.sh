# A lock that is the existence of a directory, and is never stolen.
#
# mkdir either makes the directory or says that it is there, which is the lock that every shell has.
#
# Wrong: a holder that is killed leaves it behind. All others wait their whole patience, each time,
# and do nothing, for ever.
set -eu
dir=$1 token=$2

tries=0
until mkdir "$dir/lock" 2> /dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -eq 20 ]; then
        exit 1
    fi
    sleep 0.002
done

echo "$token" >> "$dir/state"
rmdir "$dir/lock"
