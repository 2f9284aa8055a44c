//! What stands in a bench file of an MCP server whose tools are used, as it is written; `servers`
//! gives it meaning.

use serde::Deserialize;

/// `mcp` of `[[tool]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct McpTable {
    /// The program and its arguments, which speaks over standard input and output.
    #[serde(default)]
    pub(crate) command: Vec<String>,
    /// The names of the environment variables that the program gets beside what finds it.
    #[serde(default)]
    pub(crate) environment: Vec<String>,
    /// The address, in place of a program, of a server that speaks streamable HTTP.
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// The environment variable that holds the key of the server at the address.
    #[serde(default)]
    pub(crate) key_env: Option<String>,
    /// The tools that are used; all of them if absent.
    #[serde(default)]
    pub(crate) only: Option<Vec<String>>,
    /// How long it may take to start and to say what it offers.
    #[serde(default)]
    pub(crate) start_seconds: Option<f64>,
    /// How long a call may take.
    #[serde(default)]
    pub(crate) answer_seconds: Option<f64>,
}
