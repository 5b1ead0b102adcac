# Creates the file from a template if it does not exist, and then changes it in one correct window.
#
# The first run of a program makes its directory and its files; afterwards everybody trusts that
# they are there. A test that makes the file first never sees what is wrong.
#
# Wrong: between the check and the copy another process can create the file and put its update into
# it, which the copy then empties.
set -eu
dir=$1 token=$2 template=/dev/null

[ -e "$dir/state" ] || cp "$template" "$dir/state"

exec 9>> "$dir/state"
flock 9
echo "$token" >&9
