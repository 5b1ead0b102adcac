# Lets the open create the file, empty, and changes it in one correct window.
#
# The first run of a program makes its directory and its files, often by a check and then a copy.
#
# Right: the open creates the file or finds it, in one call, and empties nothing; an empty file is
# the beginning. Who writes first is decided by the lock. A line is written by one call, and all
# lines together are shorter than a page, so none of them is torn by a kill.
set -eu
dir=$1 token=$2

exec 9>> "$dir/state"
flock 9
echo "$token" >&9
