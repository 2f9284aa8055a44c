//! The MCP servers whose tools a bench uses.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use timeslip_mcp::client::{ServerPlace, ServerPlan};
use timeslip_timeline::conversation::ToolDefinition;

use super::file::ToolTable;
use super::mcp_file::McpTable;
use super::resolve::Reader;
use super::{Bench, LoadedWords, RecordedWords};
use crate::exit::Failure;

/// How long a server may take to start where the bench does not say: a package manager may have to
/// fetch it first.
const START_SECONDS: f64 = 120.0;

/// How long a call may take where the bench does not say, as for a request over HTTP.
const ANSWER_SECONDS: f64 = 60.0;

/// The longest that either may take, in seconds.
const SECONDS_MAX: f64 = 86_400.0;

/// A server whose tools a bench uses.
pub(crate) struct MountedServer {
    /// Where it is, and how to treat it.
    pub(crate) plan: ServerPlan,
    /// Where it was named, for messages.
    pub(crate) place: String,
}

/// Reads `mcp` of a table.
pub(super) fn server(
    reader: &Reader<'_>,
    table: &ToolTable,
    mcp: &McpTable,
    name: &str,
) -> Result<MountedServer, Failure> {
    let at = place(reader, table, mcp);
    let wrong = |problem: &str| Failure::usage(format!("{at}: {problem}"));
    check_keys(table, mcp).map_err(|problem| wrong(&problem))?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || !name.chars().all(allowed) {
        return Err(wrong(&format!(
            "`{name}` is the name of an MCP server, which stands in recordings as a part of \
             addresses\n  fix: give it a `name` of the characters a-z A-Z 0-9 _ -"
        )));
    }
    let seconds = |key, value, standard| -> Result<Duration, Failure> {
        let seconds = reader.positive(key, value)?.unwrap_or(standard);
        Ok(Duration::from_secs_f64(seconds.min(SECONDS_MAX)))
    };
    let plan = ServerPlan {
        name: name.into(),
        place: match (&mcp.url, mcp.command.split_first()) {
            (Some(url), None) => {
                ServerPlace::Address { url: url.clone(), key_env: mcp.key_env.clone() }
            }
            (None, Some((program, arguments))) => ServerPlace::Program {
                program: program.clone(),
                arguments: arguments.to_vec(),
                environment: mcp.environment.clone(),
                folder: folder(reader),
            },
            _ => {
                return Err(wrong(
                    "an MCP server is a program or an address\n  fix: give `mcp` one of `command = \
                     [\"PROGRAM\", \"ARGUMENT\"]` and `url = \"http://…\"`",
                ));
            }
        },
        only: mcp.only.clone(),
        start_within: seconds("start_seconds", mcp.start_seconds, START_SECONDS)?,
        answer_within: seconds("answer_seconds", mcp.answer_seconds, ANSWER_SECONDS)?,
    };
    Ok(MountedServer { plan, place: at })
}

/// Where a table's server is named.
fn place(reader: &Reader<'_>, table: &ToolTable, mcp: &McpTable) -> String {
    match table.name.as_ref().or(mcp.url.as_ref()).or(mcp.command.first()) {
        Some(word) => reader.text.place_of(word),
        None => reader.text.place_of_key("mcp"),
    }
}

/// The folder that programs run in: the bench's own.
fn folder(reader: &Reader<'_>) -> PathBuf {
    let folder = reader.folder.on_disk(".").unwrap_or_default();
    match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder,
    }
}

/// Keys that are of components, or of the other kind of server.
fn check_keys(table: &ToolTable, mcp: &McpTable) -> Result<(), String> {
    let of_components = [
        ("component", table.component.is_some()),
        ("agent", table.agent.is_some()),
        ("description", table.description.is_some()),
        ("models", !table.models.is_empty()),
        ("tools", table.tools.is_some()),
        ("digest", table.digest.is_some()),
        ("files", table.files.is_some()),
        ("http", !table.http.is_empty()),
        ("http_methods", !table.http_methods.is_empty()),
        ("write", table.write),
        ("config", !table.config.is_empty()),
    ];
    if let Some((key, _)) = of_components.into_iter().find(|(_, given)| *given) {
        return Err(format!(
            "`{key}` is for components, and this [[tool]] is an MCP server, which nothing here holds \
             back\n  fix: take `{key}` out"
        ));
    }
    match (&mcp.url, &mcp.key_env) {
        (Some(_), _) if !mcp.environment.is_empty() => Err(
            "`environment` is for programs, and this server has an address\n  fix: take it out; a \
             key goes by `key_env`"
                .to_owned(),
        ),
        (None, Some(_)) => Err("`key_env` is for servers with an address, and this one is a \
                                program\n  fix: name the variable in `environment`"
            .to_owned()),
        _ => Ok(()),
    }
}

impl MountedServer {
    /// What the bench says of it, for the bench's digest.
    pub(super) fn said(&self) -> Value {
        let place = match &self.plan.place {
            ServerPlace::Program { program, arguments, environment, .. } => {
                let command: Vec<&String> = std::iter::once(program).chain(arguments).collect();
                json!({ "command": command, "environment": environment })
            }
            ServerPlace::Address { url, key_env } => json!({ "url": url, "key_env": key_env }),
        };
        json!({ "name": &*self.plan.name, "place": place, "only": self.plan.only })
    }
}

impl Bench {
    /// What the bench's recordings say that a server of this name offers.
    ///
    /// # Errors
    /// When it is not recorded, or two recordings do not say the same.
    pub(crate) fn recorded_tools(
        &self,
        server: &MountedServer,
    ) -> Result<Vec<ToolDefinition>, Failure> {
        let name = &server.plan.name;
        let LoadedWords::Cassette(RecordedWords { cassettes, .. }) = &self.words else {
            return Err(Failure::usage(format!(
                "{}: `{name}` is an MCP server, which takes the time that it really takes, and this \
                 run does not ask real servers\n  fix: record it by `timeslip record BENCH -o \
                 FOLDER`, and run the recording",
                server.place
            )));
        };
        let mut found: Option<&[ToolDefinition]> = None;
        for cassette in cassettes {
            let Some(definitions) = cassette.tools_of_server(name) else {
                return Err(Failure::usage(format!(
                    "{}: the recording {} does not hold the MCP server `{name}`\n  fix: record it \
                     again by `timeslip record BENCH -o FOLDER`",
                    server.place,
                    cassette.file()
                )));
            };
            if found.is_some_and(|before| before != definitions) {
                return Err(Failure::usage(format!(
                    "{}: {} says that the MCP server `{name}` offers other tools than the recordings \
                     before it do\n  fix: record all of them again",
                    server.place,
                    cassette.file()
                )));
            }
            found = Some(definitions);
        }
        Ok(found.unwrap_or_default().to_vec())
    }
}
