//! The names of spans' attributes: OpenTelemetry's semantic conventions for generative AI, version
//! 0.1.0, and below `timeslip.` what these have no name for.

/// What is done: `invoke_agent`, `chat` or `execute_tool`.
pub const OPERATION: &str = "gen_ai.operation.name";
/// Who serves the model.
pub const PROVIDER: &str = "gen_ai.provider.name";
/// The model that was asked for.
pub const REQUEST_MODEL: &str = "gen_ai.request.model";
/// The model, as the server names it.
pub const RESPONSE_MODEL: &str = "gen_ai.response.model";
/// Why the reply ended.
pub const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
/// From the request to the first token, in seconds.
pub const TIME_TO_FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
/// Tokens of the prompt.
pub const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// Tokens of the reply.
pub const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
/// Tokens of the prompt that a cache served.
pub const CACHE_READ_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
/// Tokens of reasoning.
pub const REASONING_TOKENS: &str = "gen_ai.usage.reasoning.output_tokens";
/// The agent.
pub const AGENT: &str = "gen_ai.agent.name";
/// The session.
pub const CONVERSATION: &str = "gen_ai.conversation.id";
/// The tool.
pub const TOOL: &str = "gen_ai.tool.name";
/// Why there is no result.
pub const ERROR_TYPE: &str = "error.type";

/// The name of the service that a program reports as.
pub const SERVICE: &str = "service.name";
/// Its version.
pub const SERVICE_VERSION: &str = "service.version";

/// The task of a session.
pub const TASK: &str = "timeslip.task";
/// The machine that served a chat.
pub const MACHINE: &str = "timeslip.machine";
/// Whether a figure of that machine's profile is an estimate.
pub const ESTIMATED: &str = "timeslip.estimated";
/// Waiting for the machine, in nanoseconds.
pub const QUEUE: &str = "timeslip.queue_ns";
/// Reading the prompt.
pub const PREFILL: &str = "timeslip.prefill_ns";
/// Moving the prompt's state.
pub const TRANSFER: &str = "timeslip.transfer_ns";
/// Writing the reply.
pub const DECODE: &str = "timeslip.decode_ns";
/// Computing of a tool.
pub const COMPUTE: &str = "timeslip.compute_ns";
/// Waiting of a tool.
pub const WAIT: &str = "timeslip.wait_ns";
/// Joules of a chat.
pub const ENERGY: &str = "timeslip.energy_j";
/// Dollars of a chat.
pub const COST: &str = "timeslip.cost_usd";
/// Whether a step is on its session's critical path.
pub const ON_CRITICAL_PATH: &str = "timeslip.on_critical_path";
/// The bench.
pub const BENCH: &str = "timeslip.bench";
/// The seed.
pub const SEED: &str = "timeslip.seed";

/// Those of the semantic conventions.
pub const CONVENTIONS: [&str; 14] = [
    OPERATION,
    PROVIDER,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    FINISH_REASONS,
    TIME_TO_FIRST_CHUNK,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    CACHE_READ_TOKENS,
    REASONING_TOKENS,
    AGENT,
    CONVERSATION,
    TOOL,
    ERROR_TYPE,
];
