# A lock that the kernel keeps, for as long as the holder lives and no longer.
#
# Programs without a system call for locks at hand, such as shell scripts, make a file that must not
# be there yet, and steal it when it looks old.
#
# Right: flock(1) locks the open file that this shell hands to it, and the kernel knows whether the
# holder is alive: nothing has to be stolen. The commands below inherit the lock, so a `mv` that
# outlives a killed shell is still alone.
set -eu
dir=$1 token=$2

exec 9>> "$dir/lock"
flock 9

: >> "$dir/state"
cat "$dir/state" > "$dir/state.$token"
sleep 0.03
echo "$token" >> "$dir/state.$token"
mv "$dir/state.$token" "$dir/state"
