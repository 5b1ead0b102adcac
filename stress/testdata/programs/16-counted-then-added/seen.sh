# Counts the running holders, and then adds itself.
#
# "No more than two of these at once" is often kept by pid files in a directory. A pid file of a
# process that is no more does not count, so a killed holder takes no place for ever.
#
# Wrong: between the count and the new pid file others can count as well, and all of them go in.
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
count
if [ "$running" -ge 2 ]; then
    exit 1
fi
: > "$dir/holders/$$.$token"

log enter
sleep 0.005
log leave
rm "$dir/holders/$$.$token"
