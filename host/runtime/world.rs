//! Which of the contracts' worlds a component fits, and the host's functions for each.

use std::sync::OnceLock;

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, Linker};

use crate::bindings::{agent, agent_blocking, tool, tool_blocking};
use crate::context::Context;
use crate::error::LoadError;
use crate::wasi;

/// A world of the contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    Agent,
    AgentBlocking,
    Tool,
    ToolBlocking,
}

impl World {
    const ALL: [World; 4] = [World::Agent, World::AgentBlocking, World::Tool, World::ToolBlocking];
}

const VERSION: &str = "0.1.0";

/// The linker of each world, made when first wanted.
#[derive(Default)]
pub(crate) struct Linkers {
    agent: OnceLock<Linker<Context>>,
    agent_blocking: OnceLock<Linker<Context>>,
    tool: OnceLock<Linker<Context>>,
    tool_blocking: OnceLock<Linker<Context>>,
}

impl Linkers {
    pub(crate) fn get(&self, engine: &Engine, world: World) -> &Linker<Context> {
        let cell = match world {
            World::Agent => &self.agent,
            World::AgentBlocking => &self.agent_blocking,
            World::Tool => &self.tool,
            World::ToolBlocking => &self.tool_blocking,
        };
        cell.get_or_init(|| new_linker(engine, world).expect("no function is defined twice"))
    }
}

type Own = HasSelf<Context>;

fn new_linker(engine: &Engine, world: World) -> wasmtime::Result<Linker<Context>> {
    let mut linker = Linker::new(engine);
    match world {
        World::Agent => agent::Agent::add_to_linker::<_, Own>(&mut linker, |c| c)?,
        World::AgentBlocking => {
            agent_blocking::AgentBlocking::add_to_linker::<_, Own>(&mut linker, |c| c)?;
        }
        World::Tool => tool::Tool::add_to_linker::<_, Own>(&mut linker, |c| c)?,
        World::ToolBlocking => {
            tool_blocking::ToolBlocking::add_to_linker::<_, Own>(&mut linker, |c| c)?;
        }
    }
    wasi::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// Interfaces of each world, without their versions.
fn interfaces(world: World) -> &'static [&'static str] {
    match world {
        World::Agent => &[
            "timeslip:agent/types",
            "timeslip:agent/model",
            "timeslip:agent/tools",
            "timeslip:agent/user",
            "timeslip:agent/session",
        ],
        World::AgentBlocking => &[
            "timeslip:agent/types",
            "timeslip:agent/model-blocking",
            "timeslip:agent/tools-blocking",
            "timeslip:agent/user-blocking",
            "timeslip:agent/session-blocking",
        ],
        World::Tool => &[
            "timeslip:agent/types",
            "timeslip:agent/session",
            "timeslip:tool/files",
            "timeslip:tool/http-types",
            "timeslip:tool/http",
        ],
        World::ToolBlocking => &[
            "timeslip:agent/types",
            "timeslip:agent/session-blocking",
            "timeslip:tool/files",
            "timeslip:tool/http-types",
            "timeslip:tool/http-blocking",
        ],
    }
}

/// The world of an agent.
pub(crate) fn agent_world(
    engine: &Engine,
    name: &str,
    component: &Component,
) -> Result<World, LoadError> {
    let wanted = "timeslip:agent/agent@0.1.0";
    let wrong = |problem| LoadError::WrongWorld { name: name.to_owned(), wanted, problem };
    let ty = component.component_type();
    let run = ty.exports(engine).find(|(export, _)| *export == "run").map(|(_, item)| item.ty);
    let world = match run {
        Some(ComponentItem::ComponentFunc(run)) if run.async_() => World::Agent,
        Some(ComponentItem::ComponentFunc(_)) => World::AgentBlocking,
        _ => {
            return Err(wrong(missing_export("the function `run`", engine, component)));
        }
    };
    check_imports(engine, component, world).map_err(wrong)?;
    Ok(world)
}

/// The world of a tool plugin.
pub(crate) fn tool_world(
    engine: &Engine,
    name: &str,
    component: &Component,
) -> Result<World, LoadError> {
    let wanted = "timeslip:tool/tool@0.1.0";
    let wrong = |problem| LoadError::WrongWorld { name: name.to_owned(), wanted, problem };
    let ty = component.component_type();
    let has = |wanted: &str| ty.exports(engine).any(|(export, _)| export == wanted);
    let world = if has("timeslip:tool/plugin@0.1.0") {
        World::Tool
    } else if has("timeslip:tool/plugin-blocking@0.1.0") {
        World::ToolBlocking
    } else {
        let wanted = "the interface `timeslip:tool/plugin@0.1.0`";
        return Err(wrong(missing_export(wanted, engine, component)));
    };
    check_imports(engine, component, world).map_err(wrong)?;
    Ok(world)
}

/// Whether a component is a cost model: that it has the interface, and imports nothing at all.
pub(crate) fn check_cost_model(
    engine: &Engine,
    name: &str,
    component: &Component,
) -> Result<(), LoadError> {
    let wanted = "timeslip:hardware/hardware@0.1.0";
    let wrong = |problem| Err(LoadError::WrongWorld { name: name.to_owned(), wanted, problem });
    let ty = component.component_type();
    if let Some((import, _)) = ty.imports(engine).next() {
        return wrong(format!(
            "it imports `{import}`, and a cost model is a pure function that imports nothing; \
             build it without WASI (for Rust: --target wasm32-unknown-unknown)"
        ));
    }
    match ty.exports(engine).any(|(export, _)| export == "timeslip:hardware/step-cost@0.1.0") {
        true => Ok(()),
        false => {
            let wanted = "the interface `timeslip:hardware/step-cost@0.1.0`";
            wrong(missing_export(wanted, engine, component))
        }
    }
}

fn missing_export(wanted: &str, engine: &Engine, component: &Component) -> String {
    let ty = component.component_type();
    let exports: Vec<&str> = ty.exports(engine).map(|(name, _)| name).collect();
    let hint = if exports.iter().any(|name| name.starts_with("timeslip:tool/plugin")) {
        "; it is a tool plugin: name it by `component` under [[tool]]"
    } else if exports.contains(&"run") {
        "; it is an agent: name it under [agent], or by `agent` under [[tool]]"
    } else if exports.iter().any(|name| name.starts_with("timeslip:hardware/step-cost")) {
        "; it times a machine's steps: name it as `cost_component` of a pool"
    } else {
        ""
    };
    match exports.as_slice() {
        [] => format!("it exports nothing, and {wanted} is missing"),
        _ => format!("{wanted} is missing; it exports {}{hint}", exports.join(", ")),
    }
}

/// Refuses imports by name before linking, because a name says more than a type error.
fn check_imports(engine: &Engine, component: &Component, world: World) -> Result<(), String> {
    for (import, _) in component.component_type().imports(engine) {
        if let Some(problem) = import_problem(import, world) {
            return Err(format!("it imports `{import}`, {problem}"));
        }
    }
    Ok(())
}

fn import_problem(import: &str, world: World) -> Option<String> {
    let (interface, version) = import.split_once('@').unwrap_or((import, ""));
    let fits = interfaces(world).contains(&interface);
    let known = World::ALL.iter().any(|world| interfaces(*world).contains(&interface));
    if known && version != VERSION {
        Some(format!(
            "but this host serves version {VERSION}; build it against the WIT of this release"
        ))
    } else if fits {
        None
    } else if interface.starts_with("wasi:") {
        wasi::import_problem(interface, version)
    } else {
        let has = interfaces(world).join(", ");
        Some(format!("which is not part of the world; the world has {has}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_world_has_a_linker() {
        let mut config = wasmtime::Config::new();
        config.wasm_component_model_async(true);
        let engine = Engine::new(&config).unwrap();
        for world in World::ALL {
            assert!(new_linker(&engine, world).is_ok(), "{world:?}");
            assert!(!interfaces(world).is_empty());
        }
    }
}
