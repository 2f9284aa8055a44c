//! Asks MCP servers, as programs or over HTTP.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, ClientConfig, Implementation, PaginatedRequestParams, Tool,
};
use rmcp::service::{Peer, RoleClient, RunningService, ServiceError, serve_client};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use timeslip_timeline::conversation::ToolDefinition;
use timeslip_timeline::http::{HttpError, HttpRequest, HttpResponse};
use tokio::time::timeout;

use crate::error::ServerError;
use crate::process::ServerProcess;
pub use crate::process::end_all;
use crate::tools::definition_of;
use crate::wire::{refusal, response, server_and_tool};

/// The largest message of a server that is read.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// The most pages of tools that are asked for.
const PAGES_MAX: usize = 100;

/// The most tools of one server.
const TOOLS_MAX: usize = 1000;

/// A server that a bench names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPlan {
    /// What the bench calls it.
    pub name: Arc<str>,
    /// Where it is.
    pub place: ServerPlace,
    /// The tools that are used, if not all are.
    pub only: Option<Vec<String>>,
    /// How long it may take to start and to say what it offers. A package manager may fetch it first.
    pub start_within: Duration,
    /// How long a call may take.
    pub answer_within: Duration,
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerPlace {
    /// A program, which is started and ended with the run.
    Program {
        /// The program.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
        /// The names of the environment variables that it gets.
        environment: Vec<String>,
        /// The folder that it runs in.
        folder: PathBuf,
    },
    /// An address of streamable HTTP.
    Address {
        /// The address.
        url: String,
        /// The environment variable that holds its key.
        key_env: Option<String>,
    },
}

/// A server that has said what it offers. Dropping it ends its program.
pub struct RunningServer {
    name: Arc<str>,
    definitions: Arc<[ToolDefinition]>,
    answer_within: Duration,
    service: RunningService<RoleClient, ClientConfig>,
    process: Option<ServerProcess>,
}

impl RunningServer {
    /// Starts a server and asks it for its tools.
    ///
    /// # Errors
    /// When it cannot be started or reached, does not answer, or offers what cannot be used.
    pub async fn start(plan: &ServerPlan, version: &str) -> Result<RunningServer, ServerError> {
        let own = ClientConfig::new(Default::default(), Implementation::new("timeslip", version));
        let mut process = None;
        let begun = timeout(plan.start_within, begin(plan, own, &mut process)).await;
        let said = |reason: String| ServerError::Protocol {
            reason,
            said: process.as_ref().map(ServerProcess::said).unwrap_or_default(),
        };
        let (service, tools) = match begun {
            Ok(Ok(begun)) => begun,
            Ok(Err(Begin::Server(error))) => return Err(error),
            Ok(Err(Begin::Protocol(reason))) => {
                // What it says of its end comes after the end itself.
                tokio::time::sleep(Duration::from_millis(200)).await;
                return Err(said(reason));
            }
            Err(_) => return Err(said(format!("nothing within {:?}", plan.start_within))),
        };
        let definitions = used(&tools, plan.only.as_deref())?;
        Ok(RunningServer {
            name: plan.name.clone(),
            definitions: definitions.into(),
            answer_within: plan.answer_within,
            service,
            process,
        })
    }

    /// What the bench calls it.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The tools that are used.
    pub fn definitions(&self) -> &Arc<[ToolDefinition]> {
        &self.definitions
    }

    /// Does a call that stands in a request, as [`crate::guest`] writes it.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
        let invalid = |text: &str| HttpError::InvalidRequest(text.to_owned());
        let (_, tool) =
            server_and_tool(&request.url).ok_or_else(|| invalid("the address names no tool"))?;
        let arguments = serde_json::from_slice(&request.body)
            .map_err(|_| invalid("the arguments are no JSON object"))?;
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let peer: &Peer<RoleClient> = &self.service;
        match timeout(self.answer_within, peer.call_tool(params)).await {
            Ok(Ok(result)) => Ok(response(result)),
            Ok(Err(ServiceError::McpError(error))) => Ok(refusal(&error)),
            Ok(Err(error)) => {
                let said = self.process.as_ref().map(ServerProcess::said).unwrap_or_default();
                Err(HttpError::Failed(format!("the server `{}`: {error}{said}", self.name)))
            }
            Err(_) => Err(HttpError::Timeout(format!(
                "no answer of the server `{}` within {:?}",
                self.name, self.answer_within
            ))),
        }
    }
}

/// Why a server did not begin.
enum Begin {
    Server(ServerError),
    Protocol(String),
}

type Begun = (RunningService<RoleClient, ClientConfig>, Vec<Tool>);

async fn begin(
    plan: &ServerPlan,
    own: ClientConfig,
    process: &mut Option<ServerProcess>,
) -> Result<Begun, Begin> {
    let service = match &plan.place {
        ServerPlace::Program { program, arguments, environment, folder } => {
            let (started, output, input) =
                ServerProcess::start(program, arguments, environment, folder)
                    .map_err(Begin::Server)?;
            *process = Some(started);
            let transport =
                AsyncRwTransport::new_client(output, input).with_max_line_length(ANSWER_BYTES_MAX);
            serve_client(own, transport).await
        }
        ServerPlace::Address { url, key_env } => {
            let config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
            let config = match key_env {
                Some(name) => config.auth_header(key(name).map_err(Begin::Server)?),
                None => config,
            };
            let transport = StreamableHttpClientTransport::with_client(http_client()?, config);
            serve_client(own, transport).await
        }
    };
    let service = service.map_err(|error| Begin::Protocol(error.to_string()))?;
    let tools = list(service.peer()).await?;
    Ok((service, tools))
}

/// A client that follows nothing: the bench names where the server is.
fn http_client() -> Result<reqwest::Client, Begin> {
    // Another part of the program may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    client.map_err(|error| Begin::Protocol(error.to_string()))
}

fn key(name: &str) -> Result<String, ServerError> {
    let missing =
        |reason: &str| ServerError::Key { name: name.to_owned(), reason: reason.to_owned() };
    // The error itself would show the value.
    let key = std::env::var(name).map_err(|_| missing("it is not set, or is no text"))?;
    match key.trim() {
        "" => Err(missing("it is empty")),
        key if key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(key.to_owned()),
        _ => Err(missing("it holds more than letters, digits and signs of ASCII")),
    }
}

async fn list(peer: &Peer<RoleClient>) -> Result<Vec<Tool>, Begin> {
    let mut tools = Vec::new();
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let page = peer.list_tools(Some(params)).await;
        let page = page.map_err(|error| Begin::Protocol(error.to_string()))?;
        tools.extend(page.tools);
        cursor = page.next_cursor;
        if cursor.is_none() || tools.len() > TOOLS_MAX {
            break;
        }
    }
    match cursor.is_none() && tools.len() <= TOOLS_MAX {
        true => Ok(tools),
        false => Err(Begin::Protocol(format!("it lists more than {TOOLS_MAX} tools"))),
    }
}

/// The definitions of the tools that are used, in the server's order.
fn used(tools: &[Tool], only: Option<&[String]>) -> Result<Vec<ToolDefinition>, ServerError> {
    let offered = |name: &str| tools.iter().any(|tool| tool.name == name);
    if let Some(unknown) = only.unwrap_or_default().iter().find(|name| !offered(name)) {
        let names = || tools.iter().map(|tool| &*tool.name);
        let hint = match timeslip_timeline::conversation::nearest(unknown, names()) {
            Some(near) => format!("the nearest is `{near}`"),
            None => format!("it has: {}", names().collect::<Vec<_>>().join(", ")),
        };
        let reason = format!("`only` names `{unknown}`, which the server does not offer; {hint}");
        return Err(ServerError::Tools { reason });
    }
    let is_used = |tool: &&Tool| only.is_none_or(|only| only.iter().any(|name| *name == tool.name));
    let definitions = tools.iter().filter(is_used).map(|tool| {
        definition_of(tool).map_err(|problem| ServerError::Tools {
            reason: format!("{problem}\n  fix: name the tools that are wanted by `only`"),
        })
    });
    definitions.collect()
}
