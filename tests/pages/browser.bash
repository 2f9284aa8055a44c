# Finds Chromium, and installs what drives it; for `source`. Sets CHROMIUM and PLAYWRIGHT.
#
# The npm package playwright-core, which downloads no browser, is kept in TIMESLIP_PAGES, by default a
# folder in the user's cache.

driver=playwright-core@1.65.1
kept=${TIMESLIP_PAGES:-${XDG_CACHE_HOME:-$HOME/.cache}/timeslip/pages}

missing() {
    printf '%s: %s is missing; %s\n' "$0" "$1" "$2" >&2
    exit 2
}

command -v npm >/dev/null || missing npm "install Node.js 20 or newer"

browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
if ! browser >/dev/null && [ "${CI:-}" = true ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq >/dev/null || true
    apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null
fi
CHROMIUM=$(browser) || missing Chromium "on Debian: apt-get install chromium fonts-dejavu-core"

node_folder=$kept/${driver//[@\/]/-}
if [ ! -e "$node_folder/complete" ]; then
    rm -rf "$node_folder"
    mkdir -p "$node_folder"
    npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$node_folder" "$driver" \
        >/dev/null || missing "the npm package $driver" "it comes from the npm registry"
    touch "$node_folder/complete"
fi
PLAYWRIGHT=$node_folder/node_modules/playwright-core/index.mjs
export CHROMIUM PLAYWRIGHT
