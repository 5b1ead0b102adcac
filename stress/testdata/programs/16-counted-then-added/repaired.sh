# Counts the running holders and adds itself, in one window.
#
# "No more than two of these at once" is often kept by pid files in a directory. A pid file of a
# process that is no more does not count, so a killed holder takes no place for ever.
#
# Right: nobody else counts between the count and the new pid file. The lock is given back before
# the work, and the kernel takes it from a process that is killed.
set -eu
dir=$1 token=$2

log() {
    echo "$1 $token" >> "$dir/log"
}

count() {
    running=0
    for holder in "$dir"/holders/*; do
        holder=${holder##*/}
        if kill -0 "${holder%%.*}" 2> /dev/null; then
            running=$((running + 1))
        fi
    done
}

mkdir -p "$dir/holders"
exec 9>> "$dir/guard"
flock 9
count
if [ "$running" -ge 2 ]; then
    exit 1
fi
: > "$dir/holders/$$.$token"
exec 9>&-

log enter
sleep 0.005
log leave
rm "$dir/holders/$$.$token"
