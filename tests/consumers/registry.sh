# What the scripts beside this one share that need a real registry: Debian's docker-registry. They
# source it.

missing() {
    printf 'tests/consumers/%s: %s is missing; %s\n' "${0##*/}" "$1" "$2" >&2
    exit 2
}
step() { printf '\n--- %s\n' "$*"; }
fail() {
    printf 'tests/consumers/%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

command -v python3 >/dev/null || missing python3 "install Python 3.10 or newer"
command -v curl >/dev/null || missing curl "on Debian: apt-get install curl"

kept=${TIMESLIP_CONSUMERS:-${XDG_CACHE_HOME:-$HOME/.cache}/timeslip/consumers}
mkdir -p "$kept"
kept=$(cd "$kept" && pwd)

# Unpacks packages of Debian below a folder that is kept, and installs nothing, so that nothing here
# needs to be root: FOLDER PACKAGE...
unpack_packages() {
    local folder=$1 package
    shift
    if [ -e "$folder/complete" ]; then return; fi
    command -v apt-get >/dev/null || missing apt-get "the packages $* are Debian's"
    rm -rf "$folder"
    mkdir -p "$folder/packages" "$folder/unpacked"
    (cd "$folder/packages" && apt-get download "$@" >/dev/null 2>&1) ||
        missing "one of Debian's packages" "$* come from Debian's archive"
    for package in "$folder"/packages/*.deb; do dpkg -x "$package" "$folder/unpacked"; done
    touch "$folder/complete"
}

# Starts the registry with all of its files in a folder, and sets `registry` to its process and `port`
# to where it listens, on loopback: FOLDER
start_registry() {
    local folder=$1 unpacked=$kept/debian-docker-registry
    unpack_packages "$unpacked" docker-registry
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    # Without a cache, so that what lies in the folder is what is given.
    cat >"$folder/registry.yml" <<YAML
version: 0.1
storage:
  filesystem:
    rootdirectory: $folder/registry-data
http:
  addr: 127.0.0.1:$port
YAML
    "$unpacked/unpacked/usr/bin/docker-registry" serve "$folder/registry.yml" >"$folder/registry.log" 2>&1 &
    registry=$!
    for _ in $(seq 100); do
        if curl --silent --fail --output /dev/null "http://127.0.0.1:$port/v2/"; then return; fi
        sleep 0.1
    done
    fail "the registry does not start: $(tail -n 5 "$folder/registry.log")"
}
