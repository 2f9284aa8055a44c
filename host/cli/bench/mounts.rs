//! What a bench mounts for its agent: tool plugins, agents that are tools of others, and MCP servers.

use std::sync::Arc;

use timeslip_runtime::grants::ModelGrant;
use timeslip_timeline::conversation::nearest;

use super::components::{Granted, find_component};
use super::file::{BenchFile, ToolTable};
use super::grants::GrantedFolders;
use super::resolve::{Reader, model_grant, stem_of};
use super::servers::{self, MountedServer};
use super::{Bench, Mounted};
use crate::exit::Failure;

/// The `[[tool]]` tables of a bench.
pub(crate) struct Mounts {
    /// The tool plugins.
    pub(crate) plugins: Vec<Mounted>,
    /// The agents that are tools.
    pub(crate) agents: Vec<MountedAgent>,
    /// The MCP servers.
    pub(crate) servers: Vec<MountedServer>,
    /// What the bench's own agent may call.
    pub(crate) of_agent: Callable,
}

/// An agent that is a tool of others.
pub(crate) struct MountedAgent {
    /// The component. Its name is the tool's.
    pub(crate) component: Mounted,
    /// What it does, for the models that may call it.
    pub(crate) description: String,
    /// The models that it may ask.
    pub(crate) models: ModelGrant,
    /// What it may call itself.
    pub(crate) tools: Callable,
}

/// The tools that an agent may call, by the places of those who offer them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Callable {
    /// Places among the plugins.
    pub(crate) plugins: Vec<usize>,
    /// Places among the agents.
    pub(crate) agents: Vec<usize>,
    /// Places among the MCP servers.
    pub(crate) servers: Vec<usize>,
}

impl Callable {
    fn of(places: impl Iterator<Item = Place>) -> Callable {
        let mut callable = Callable::default();
        for place in places {
            match place {
                Place::Plugin(plugin) => callable.plugins.push(plugin),
                Place::Agent(agent) => callable.agents.push(agent),
                Place::Server(server) => callable.servers.push(server),
            }
        }
        callable
    }

    /// Whether it leaves nothing of the bench out.
    pub(crate) fn is_everything(&self, bench: &Bench) -> bool {
        let named = (self.plugins.len(), self.agents.len(), self.servers.len());
        named == (bench.tools.len(), bench.agents.len(), bench.servers.len())
    }
}

/// The longest name of a tool.
const NAME_MAX: usize = 64;

/// What is said of an agent that the bench does not describe.
const UNDESCRIBED: &str = "Does a task and gives its answer.";

impl Mounts {
    /// Reads the `[[tool]]` tables.
    ///
    /// # Errors
    /// When one of them is wrong or leads nowhere, naming the line and the fix.
    pub(super) fn read(
        reader: &Reader<'_>,
        file: &BenchFile,
        granted: &mut GrantedFolders,
    ) -> Result<Mounts, Failure> {
        let names = names(reader, &file.tool)?;
        let places = Places::of(&file.tool, &names);
        let mut plugins = Vec::new();
        let mut agents = Vec::new();
        let mut servers = Vec::new();
        for (table, name) in file.tool.iter().zip(&names) {
            match (&table.mcp, &table.agent) {
                (Some(mcp), _) => servers.push(servers::server(reader, table, mcp, name)?),
                (None, None) => {
                    plugins.push(mounted(reader, table, name, "the tool plugin", granted)?);
                }
                (None, Some(_)) => agents.push(MountedAgent {
                    component: mounted(reader, table, name, "the agent", granted)?,
                    description: match &table.description {
                        Some(description) => description.clone(),
                        None => UNDESCRIBED.to_owned(),
                    },
                    models: model_grant(&table.models),
                    tools: match &table.tools {
                        Some(named) => places.callable(reader, named)?,
                        None => Callable { agents: Vec::new(), ..places.everything() },
                    },
                }),
            }
        }
        let of_agent = match &file.agent.tools {
            Some(named) => places.callable(reader, named)?,
            None => places.everything(),
        };
        Ok(Mounts { plugins, agents, servers, of_agent })
    }
}

/// Where a table's component is: a plugin's or an agent's.
fn component_of(table: &ToolTable) -> Option<&String> {
    table.component.as_ref().or(table.agent.as_ref())
}

/// The tables' names, each once.
fn names(reader: &Reader<'_>, tables: &[ToolTable]) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        let place = reader.text.place_of_table("[[tool]]", number);
        let wrong = |problem: String| Failure::usage(format!("{place}: {problem}"));
        let stem = match (&table.mcp, component_of(table)) {
            (Some(mcp), _) => mcp.command.first().map_or("mcp", String::as_str),
            (None, Some(component)) => component,
            (None, None) => {
                return Err(wrong(
                    "a [[tool]] table names no component\n  fix: add `component = \
                     \"PLUGIN.wasm\"`, `agent = \"AGENT.wasm\"` for an agent that is a tool, or \
                     `mcp = { command = [\"PROGRAM\"] }` for an MCP server"
                        .to_owned(),
                ));
            }
        };
        let name = table.name.clone().unwrap_or_else(|| stem_of(stem));
        if names.contains(&name) {
            return Err(wrong(format!(
                "two [[tool]] tables are named `{name}`\n  fix: give this one another `name`"
            )));
        }
        if table.agent.is_some() && table.component.is_some() {
            return Err(wrong(
                "a [[tool]] table is a plugin or an agent\n  fix: leave out `component` or `agent`"
                    .to_owned(),
            ));
        }
        if table.mcp.is_none() {
            check_keys(table, &name).map_err(wrong)?;
        }
        names.push(name);
    }
    Ok(names)
}

/// Keys that only an agent has, and the name that models call it by.
fn check_keys(table: &ToolTable, name: &str) -> Result<(), String> {
    if table.agent.is_some() && !(table.http.is_empty() && table.http_methods.is_empty()) {
        let key = if table.http.is_empty() { "http_methods" } else { "http" };
        return Err(format!(
            "`{key}` is for plugins, and `{name}` is an agent\n  fix: mount a plugin that fetches"
        ));
    }
    if table.agent.is_none() {
        let keys = [
            ("description", table.description.is_some()),
            ("models", !table.models.is_empty()),
            ("tools", table.tools.is_some()),
        ];
        return match keys.into_iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(format!(
                "`{key}` is for agents that are tools, and `{name}` is a plugin\n  fix: take it out, \
                 or name the component by `agent`"
            )),
            None => Ok(()),
        };
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match !name.is_empty() && name.len() <= NAME_MAX && name.chars().all(allowed) {
        true => Ok(()),
        false => Err(format!(
            "`{name}` is the name of an agent that is a tool, and models call tools by names of 1 to \
             {NAME_MAX} of the characters a-z A-Z 0-9 _ -\n  fix: give it such a `name`"
        )),
    }
}

fn mounted(
    reader: &Reader<'_>,
    table: &ToolTable,
    name: &str,
    what: &str,
    granted: &mut GrantedFolders,
) -> Result<Mounted, Failure> {
    let component = component_of(table).expect("names were checked");
    let found = find_component(reader, what, component, table.digest.as_deref())?;
    found.check_grants(
        reader,
        &Granted {
            files: table.files.as_deref(),
            write: table.write,
            http: &table.http,
            methods: &table.http_methods,
            models: &table.models,
        },
    )?;
    Ok(Mounted {
        name: name.to_owned(),
        file: reader.folder.shown(component),
        bytes: found.bytes,
        config: reader.config(&table.config)?,
        files: granted.grant(reader, table.files.as_deref(), table.write)?,
        http: Arc::new(reader.http_grant(table)?),
    })
}

/// Where the tables stand among the plugins and among the agents.
struct Places<'a> {
    of: Vec<(&'a str, Place)>,
}

#[derive(Clone, Copy)]
enum Place {
    Plugin(usize),
    Agent(usize),
    Server(usize),
}

impl<'a> Places<'a> {
    fn of(tables: &[ToolTable], names: &'a [String]) -> Places<'a> {
        let (mut plugins, mut agents, mut servers) = (0, 0, 0);
        let place = |(table, name): (&ToolTable, &'a String)| {
            let (count, place): (&mut usize, fn(usize) -> Place) = match (&table.mcp, &table.agent)
            {
                (Some(_), _) => (&mut servers, Place::Server),
                (None, None) => (&mut plugins, Place::Plugin),
                (None, Some(_)) => (&mut agents, Place::Agent),
            };
            *count += 1;
            (name.as_str(), place(*count - 1))
        };
        Places { of: tables.iter().zip(names).map(place).collect() }
    }

    /// All tables.
    fn everything(&self) -> Callable {
        Callable::of(self.of.iter().map(|(_, place)| *place))
    }

    /// The tables of these names, in the order of the bench.
    fn callable(&self, reader: &Reader<'_>, named: &[String]) -> Result<Callable, Failure> {
        let known = || self.of.iter().map(|(name, _)| *name);
        if let Some(unknown) = named.iter().find(|name| !known().any(|known| known == *name)) {
            let near = match nearest(unknown, known()) {
                Some(near) => format!("the nearest is `{near}`"),
                None => format!("there are: {}", known().collect::<Vec<_>>().join(", ")),
            };
            return Err(Failure::usage(format!(
                "{}: `tools` names `{unknown}`, and no [[tool]] is called so; {near}",
                reader.text.place_of(unknown)
            )));
        }
        let is_named = |(name, _): &&(&str, Place)| named.iter().any(|one| one == name);
        Ok(Callable::of(self.of.iter().filter(is_named).map(|(_, place)| *place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::BenchFolder;
    use crate::bench::text::TomlText;

    /// What the tables of a bench are called and may call, or why not.
    fn callable(tables: &str, named: &[&str]) -> Result<Callable, String> {
        let text = format!(
            "name = \"b\"\n[agent]\ncomponent = \"a.wasm\"\n[words]\nkind = \"endpoint\"\n{tables}"
        );
        let text = TomlText { file: "b.toml".to_owned(), text };
        let file: BenchFile = text.parse().map_err(|failure| failure.message)?;
        let folder = BenchFolder::Disk(".".into());
        let reader = Reader { text: &text, folder: &folder, builds: &[] };
        let names = names(&reader, &file.tool).map_err(|failure| failure.message)?;
        let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
        let places = Places::of(&file.tool, &names);
        places.callable(&reader, &named).map_err(|failure| failure.message)
    }

    const TEAM: &str = "[[tool]]\nagent = \"x/one.wasm\"\n[[tool]]\ncomponent = \"two.wasm\"\n\
        [[tool]]\nname = \"three\"\nagent = \"x/one.wasm\"\n[[tool]]\ncomponent = \"four.wasm\"\n";

    #[test]
    fn tools_are_named_in_any_order_and_counted_among_their_kind() {
        let all = callable(TEAM, &["four", "three", "one", "two", "two"]).unwrap();
        assert_eq!(
            all,
            Callable { plugins: vec![0, 1], agents: vec![0, 1], ..Callable::default() }
        );
        let some = callable(TEAM, &["four", "three"]).unwrap();
        assert_eq!(some, Callable { plugins: vec![1], agents: vec![1], ..Callable::default() });
        assert_eq!(callable(TEAM, &[]).unwrap(), Callable::default());
    }

    #[test]
    fn a_name_that_no_table_has_is_met_with_the_nearest_or_with_all() {
        let told = callable(TEAM, &["tree"]).unwrap_err();
        assert_eq!(
            told,
            "b.toml: `tools` names `tree`, and no [[tool]] is called so; the nearest is `three`"
        );
        let told = callable(TEAM, &["calculator"]).unwrap_err();
        assert!(told.ends_with("there are: one, two, three, four"), "{told}");
    }

    #[test]
    fn the_second_table_of_a_name_is_the_wrong_one() {
        let told = callable(&TEAM.replace("three", "two"), &[]).unwrap_err();
        assert!(told.starts_with("b.toml:10: two [[tool]] tables are named `two`"), "{told}");
        for name in ["", "a b", "ä", &"a".repeat(65)] {
            let told = callable(&TEAM.replace("three", name), &[]).unwrap_err();
            assert!(told.starts_with("b.toml:10: ") && told.contains("1 to 64"), "{name}: {told}");
        }
    }
}
