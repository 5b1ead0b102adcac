# A breaker whose counter is kept by cat and echo, one process at a time.
#
# After so many failures in a row a hook is to be left alone. Each failure adds one to a number in a
# file.
#
# Right: the lock is taken before the number is read, and held until the new one is there. The
# commands inherit it, so a `mv` that outlives a killed shell is still alone.
set -eu
dir=$1 token=$2

exec 9>> "$dir/lock"
flock 9
: >> "$dir/failures"
failures=$(cat "$dir/failures")
echo $((failures + 1)) > "$dir/failures.$token"
mv "$dir/failures.$token" "$dir/failures"
