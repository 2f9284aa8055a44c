//! What stands in a bench file of a real server, as it is written; `endpoints` gives it meaning.

use serde::Deserialize;

/// `[[endpoint]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndpointTable {
    /// What `machines` call it.
    pub(crate) name: String,
    /// The address that `/chat/completions` is added to.
    pub(crate) url: String,
    /// Its model where `machines` name none.
    #[serde(default)]
    pub(crate) model: Option<String>,
    /// The environment variable that holds its key.
    #[serde(default)]
    pub(crate) key_env: Option<String>,
    /// The file that holds its key.
    #[serde(default)]
    pub(crate) key_file: Option<String>,
    /// What it speaks.
    #[serde(default)]
    pub(crate) api: ApiKey,
    /// Whether replies are streamed; they are if absent.
    #[serde(default)]
    pub(crate) stream: Option<bool>,
    /// What it calls the limit on output tokens.
    #[serde(default)]
    pub(crate) limit_field: LimitFieldKey,
    /// The limit on output tokens of requests that set none.
    #[serde(default)]
    pub(crate) max_output_tokens: Option<u32>,
    /// Chats at once.
    #[serde(default)]
    pub(crate) calls_at_once: Option<usize>,
    /// How long to wait for a connection.
    #[serde(default)]
    pub(crate) connect_seconds: Option<f64>,
    /// How long to wait for the first byte of a reply.
    #[serde(default)]
    pub(crate) first_byte_seconds: Option<f64>,
    /// How long to wait between two pieces of a reply.
    #[serde(default)]
    pub(crate) between_chunks_seconds: Option<f64>,
    /// How long a chat may take, retries included.
    #[serde(default)]
    pub(crate) whole_seconds: Option<f64>,
    /// The most retries of a chat.
    #[serde(default)]
    pub(crate) retries: Option<u32>,
    /// The longest pause before the first retry.
    #[serde(default)]
    pub(crate) retry_pause_seconds: Option<f64>,
    /// The longest `Retry-After` to wait for.
    #[serde(default)]
    pub(crate) retry_after_seconds_max: Option<f64>,
    /// A PEM file of certificates to trust besides those of the system.
    #[serde(default)]
    pub(crate) certificates: Option<String>,
    /// How to reach it.
    #[serde(default)]
    pub(crate) proxy: ProxyKey,
    /// Dollars per million tokens of prompts that no cache holds.
    #[serde(default)]
    pub(crate) usd_per_million_input_tokens: Option<f64>,
    /// Dollars per million tokens of prompts that a cache holds.
    #[serde(default)]
    pub(crate) usd_per_million_cached_input_tokens: Option<f64>,
    /// Dollars per million tokens of replies.
    #[serde(default)]
    pub(crate) usd_per_million_output_tokens: Option<f64>,
}

/// `api` of `[[endpoint]]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApiKey {
    /// OpenAI's chat completions.
    #[default]
    ChatCompletions,
    /// OpenAI's Responses API.
    Responses,
}

/// `limit_field` of `[[endpoint]]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LimitFieldKey {
    /// What every server knows.
    #[default]
    MaxTokens,
    /// What OpenAI's reasoning models demand.
    MaxCompletionTokens,
}

/// `proxy` of `[[endpoint]]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProxyKey {
    /// The one that the environment names, if it does.
    #[default]
    Environment,
    /// None.
    Direct,
}
