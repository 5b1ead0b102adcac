# A breaker whose counter is kept by cat and echo.
#
# After so many failures in a row a hook is to be left alone. Each failure adds one to a number in a
# file.
#
# Wrong: two failures that read the same number count as one, so that the breaker opens too late, or
# never.
set -eu
dir=$1 token=$2

: >> "$dir/failures"
failures=$(cat "$dir/failures")
echo $((failures + 1)) > "$dir/failures.$token"
mv "$dir/failures.$token" "$dir/failures"
