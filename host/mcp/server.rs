//! Offers tools to MCP clients.
//!
//! Whoever connects has a session of its own, which begins with its first call. The calls of one
//! session are done one after the other, in the order of their coming.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ErrorData, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use timeslip_timeline::conversation::{ToolDefinition, ToolError, nearest};
use timeslip_timeline::time::Span;

use crate::calls::Calls;
use crate::result::tool_result;
use crate::stop::Stop;
use crate::tools::tool_of;

/// The most sessions that have made calls, and hold instances of components, at once.
pub const SESSIONS_AT_WORK_MAX: usize = 64;

/// Tools, and whoever does their calls.
pub trait Tools: Send + Sync + 'static {
    /// The tools, in an order that does not change.
    fn definitions(&self) -> &[ToolDefinition];

    /// Begins a session.
    fn begin(&self) -> Box<dyn ToolSession>;
}

/// A session of one client.
pub trait ToolSession: Send {
    /// Does a call, and returns when it is over or was stopped.
    fn call(&mut self, call: &ToolCall, watch: &Watch) -> Done;
}

/// A call of a tool that is there.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The tool's name.
    pub name: Arc<str>,
    /// The arguments, as JSON text.
    pub arguments: Arc<str>,
}

/// What goes between a client and the one who does its call, while it is done.
pub struct Watch {
    /// Set when nobody waits for the call any more.
    pub stop: Stop,
    /// Told of each step that is over on the way.
    pub on_step: Box<dyn Fn(StepNote) + Send>,
}

/// A step that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepNote {
    /// How many are over.
    pub count: u64,
    /// What it was, in a few words.
    pub text: String,
}

/// A call that is over.
#[derive(Clone, Debug)]
pub struct Done {
    /// The output.
    pub output: Result<Arc<str>, ToolError>,
    /// The computing time of the plugin, or of the agent that is the tool.
    pub compute: Span,
    /// From asking to the end, on the session's clock.
    pub took: Span,
}

/// What a server needs that many connections share.
#[derive(Clone)]
pub struct Server {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    /// What offers and does them.
    pub(crate) tools: Box<dyn Tools>,
    /// The tools in the protocol's form.
    listed: Vec<Tool>,
    info: ServerConfig,
    /// Sessions that have made a call.
    pub(crate) at_work: AtomicUsize,
    /// Connections that may make one.
    connected: AtomicUsize,
}

impl Server {
    /// Offers these tools under a name and a version.
    ///
    /// # Errors
    /// When a definition is none that the protocol can carry.
    pub fn new(name: &str, version: &str, tools: impl Tools) -> Result<Server, String> {
        let listed: Result<Vec<Tool>, String> = tools.definitions().iter().map(tool_of).collect();
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let info =
            ServerConfig::new(capabilities).with_server_info(Implementation::new(name, version));
        let shared = Shared {
            tools: Box::new(tools),
            listed: listed?,
            info,
            at_work: AtomicUsize::new(0),
            connected: AtomicUsize::new(0),
        };
        Ok(Server { shared: Arc::new(shared) })
    }

    /// Whoever answers a new connection.
    pub(crate) fn connection(&self) -> Connection {
        self.shared.connected.fetch_add(1, Ordering::SeqCst);
        Connection { shared: self.shared.clone(), calls: Calls::default() }
    }

    /// How many connections there are.
    pub(crate) fn connected(&self) -> usize {
        self.shared.connected.load(Ordering::SeqCst)
    }
}

/// Answers one client.
pub(crate) struct Connection {
    shared: Arc<Shared>,
    calls: Calls,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.connected.fetch_sub(1, Ordering::SeqCst);
    }
}

impl ServerHandler for Connection {
    fn get_info(&self) -> ServerConfig {
        self.shared.info.clone()
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.shared.listed.iter().find(|tool| tool.name == name).cloned()
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.shared.listed.clone()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let definitions = self.shared.tools.definitions();
        let Some(tool) = definitions.iter().find(|tool| tool.name == request.name) else {
            return Err(unknown_tool(&request.name, definitions));
        };
        let arguments = serde_json::to_string(&request.arguments.unwrap_or_default());
        let arguments = arguments.expect("a JSON object is always JSON text");
        let call = ToolCall { name: tool.name.as_str().into(), arguments: arguments.into() };
        let done = self.calls.run(&self.shared, call, context).await?;
        Ok(tool_result(tool, &done).into())
    }
}

fn unknown_tool(name: &str, definitions: &[ToolDefinition]) -> ErrorData {
    let known = definitions.iter().map(|tool| tool.name.as_str());
    let near = match nearest(name, known) {
        Some(near) => format!("; the nearest is \"{near}\""),
        None => String::new(),
    };
    // The client's own text may be of any length.
    let shown: String = name.chars().take(100).collect();
    ErrorData::invalid_params(format!("unknown tool: \"{shown}\"{near}"), None)
}
