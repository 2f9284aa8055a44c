//! The contracts in `wit/` as Rust types: what `bindgen!` makes, and nothing else.
//!
//! The records of `timeslip:agent/types` are generated once and shared by all four worlds.

/// The world `timeslip:agent/agent`, and the shared records.
pub(crate) mod agent {
    wasmtime::component::bindgen!({
        path: ["../../wit/agent", "../../wit/tool"],
        world: "timeslip:agent/agent",
        imports: { default: store | trappable },
        exports: { default: async },
        with: {
            "timeslip:agent/model.chat-stream": crate::asking::ChatStream,
            "timeslip:agent/session.span": crate::asking::JournalSpan,
        },
    });
}

/// The world `timeslip:agent/agent-blocking`.
pub(crate) mod agent_blocking {
    wasmtime::component::bindgen!({
        path: ["../../wit/agent", "../../wit/tool"],
        world: "timeslip:agent/agent-blocking",
        imports: {
            "timeslip:agent/model-blocking.chat": async | store | trappable,
            "timeslip:agent/model-blocking.[method]pending-chat.wait": async | store | trappable,
            "timeslip:agent/model-blocking.[method]chat-stream.next": async | store | trappable,
            "timeslip:agent/model-blocking.[method]chat-stream.finish": async | store | trappable,
            "timeslip:agent/tools-blocking.call": async | store | trappable,
            "timeslip:agent/tools-blocking.[method]pending-tool-call.wait": async | store | trappable,
            "timeslip:agent/user-blocking.ask": async | store | trappable,
            "timeslip:agent/session-blocking.sleep": async | store | trappable,
            default: store | trappable,
        },
        exports: { default: async },
        with: {
            "timeslip:agent/types": crate::bindings::agent::timeslip::agent::types,
            "timeslip:agent/model-blocking.chat-stream": crate::asking::ChatStream,
            "timeslip:agent/model-blocking.pending-chat": crate::asking::PendingAnswer,
            "timeslip:agent/tools-blocking.pending-tool-call": crate::asking::PendingAnswer,
            "timeslip:agent/session-blocking.span": crate::asking::JournalSpan,
        },
    });
}

/// The world `timeslip:tool/tool`.
pub(crate) mod tool {
    wasmtime::component::bindgen!({
        path: ["../../wit/agent", "../../wit/tool"],
        world: "timeslip:tool/tool",
        imports: { default: store | trappable },
        exports: { default: async },
        with: {
            "timeslip:agent/types": crate::bindings::agent::timeslip::agent::types,
            "timeslip:agent/session": crate::bindings::agent::timeslip::agent::session,
        },
    });
}

/// The world `timeslip:tool/tool-blocking`.
pub(crate) mod tool_blocking {
    wasmtime::component::bindgen!({
        path: ["../../wit/agent", "../../wit/tool"],
        world: "timeslip:tool/tool-blocking",
        imports: {
            "timeslip:tool/http-blocking.fetch": async | store | trappable,
            default: store | trappable,
        },
        exports: { default: async },
        with: {
            "timeslip:agent/types": crate::bindings::agent::timeslip::agent::types,
            "timeslip:agent/session-blocking":
                crate::bindings::agent_blocking::timeslip::agent::session_blocking,
            "timeslip:tool/files": crate::bindings::tool::timeslip::tool::files,
            "timeslip:tool/http-types": crate::bindings::tool::timeslip::tool::http_types,
        },
    });
}

/// What WASI gives a guest. Only a poll waits.
pub(crate) mod wasi {
    wasmtime::component::bindgen!({
        path: "../../wit/wasi",
        world: "timeslip:wasi/imports",
        imports: {
            "wasi:io/poll.poll": async | store | trappable,
            "wasi:io/poll.[method]pollable.block": async | store | trappable,
            default: store | trappable,
        },
        with: {
            "wasi:io/error.error": crate::wasi::streams::StreamFault,
            "wasi:io/poll.pollable": crate::wasi::poll::Pollable,
            "wasi:io/streams.input-stream": crate::wasi::streams::InputStream,
            "wasi:io/streams.output-stream": crate::wasi::streams::OutputStream,
            "wasi:filesystem/types.descriptor": crate::wasi::descriptor::Descriptor,
            "wasi:filesystem/types.directory-entry-stream": crate::wasi::listing::EntryStream,
            "wasi:cli/terminal-input.terminal-input": crate::wasi::stdio::TerminalInput,
            "wasi:cli/terminal-output.terminal-output": crate::wasi::stdio::TerminalOutput,
        },
    });
}

/// The world `timeslip:hardware/hardware`, which has no records in common with the others.
pub(crate) mod hardware {
    wasmtime::component::bindgen!({
        path: "../../wit/hardware",
        world: "timeslip:hardware/hardware",
    });
}
