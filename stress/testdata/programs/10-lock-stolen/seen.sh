# A lock that is the existence of a pid file, and is stolen when it looks old.
#
# Programs without a system call for locks at hand, such as shell scripts, make a file that must not
# be there yet. So that a killed holder does not block everybody for ever, a waiter loses patience
# with it.
#
# Wrong: that it has been held for long does not mean that the holder is dead. A slow one loses its
# lock to the thief, goes on all the same, and at the end removes the lock of the thief.
set -eu
dir=$1 token=$2

steal_if_old() {
    tries=$((tries + 1))
    if [ "$tries" -eq 5 ]; then
        rm -f "$dir/lock"
        tries=0
    fi
}

tries=0
until (set -C && echo $$ > "$dir/lock") 2> /dev/null; do
    steal_if_old
    sleep 0.002
done

: >> "$dir/state"
cat "$dir/state" > "$dir/state.$token"
sleep 0.03
echo "$token" >> "$dir/state.$token"
mv "$dir/state.$token" "$dir/state"
rm -f "$dir/lock"
