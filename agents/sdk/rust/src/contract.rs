//! The bindings of the contracts: every interface that a component may import, once, and the two
//! worlds that a component exports, made of the same records.

#![allow(missing_docs, unreachable_pub, reason = "the contract's documentation is in wit/")]

timeslip_sdk_macros::contract! {
    inline: "
        package timeslip:sdk;
        world imports {
            import timeslip:agent/types@0.1.0;
            import timeslip:agent/model@0.1.0;
            import timeslip:agent/tools@0.1.0;
            import timeslip:agent/user@0.1.0;
            import timeslip:agent/session@0.1.0;
            import timeslip:tool/files@0.1.0;
            import timeslip:tool/http-types@0.1.0;
            import timeslip:tool/http@0.1.0;
        }
    ",
    world: "timeslip:sdk/imports",
    generate_all,
}

/// What an agent exports.
pub mod agent_world {
    timeslip_sdk_macros::contract! {
        world: "timeslip:agent/agent",
        with: {
            "timeslip:agent/types@0.1.0": crate::contract::timeslip::agent::types,
            "timeslip:agent/model@0.1.0": crate::contract::timeslip::agent::model,
            "timeslip:agent/tools@0.1.0": crate::contract::timeslip::agent::tools,
            "timeslip:agent/user@0.1.0": crate::contract::timeslip::agent::user,
            "timeslip:agent/session@0.1.0": crate::contract::timeslip::agent::session,
        },
        pub_export_macro: true,
        export_macro_name: "export_agent_world",
        default_bindings_module: "timeslip_sdk::contract::agent_world",
    }
}

/// What a tool plugin exports.
pub mod tool_world {
    timeslip_sdk_macros::contract! {
        world: "timeslip:tool/tool",
        with: {
            "timeslip:agent/types@0.1.0": crate::contract::timeslip::agent::types,
            "timeslip:agent/session@0.1.0": crate::contract::timeslip::agent::session,
            "timeslip:tool/files@0.1.0": crate::contract::timeslip::tool::files,
            "timeslip:tool/http-types@0.1.0": crate::contract::timeslip::tool::http_types,
            "timeslip:tool/http@0.1.0": crate::contract::timeslip::tool::http,
            "timeslip:tool/plugin@0.1.0": generate,
        },
        pub_export_macro: true,
        export_macro_name: "export_tool_world",
        default_bindings_module: "timeslip_sdk::contract::tool_world",
    }
}
