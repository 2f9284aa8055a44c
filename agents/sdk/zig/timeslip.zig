//! What agents in Zig are written with: chats with models, tools, the user, and the clock, the
//! randomness and the journal of the session. It is a thin layer over the C SDK.
//!
//!     const timeslip = @import("sdk/timeslip.zig");
//!     pub const panic = timeslip.panic;
//!     comptime { timeslip.agent(run); }
//!
//!     fn run(session: *timeslip.Session, task: timeslip.Task) ![]const u8 {
//!         const reply = try session.chat(.{ .messages = &.{timeslip.user(task.input)} });
//!         return reply.text();
//!     }
//!
//! What a function gives stays until the session ends (in a tool plugin: until the call ends);
//! nobody frees it.

const std = @import("std");
const c = @import("c.zig");
const chats = @import("chats.zig");

/// What an agent is asked to do.
pub const Task = struct {
    /// The task's name in the bench.
    name: []const u8,
    /// The task itself: the user's opening words.
    input: []const u8,
};

/// Why something gave no value, with the names of the contract. `Session.cause` has the text.
pub const Error = error{
    Refused,
    UnknownModel,
    ContextTooLong,
    OverBudget,
    InvalidRequest,
    Unavailable,
    UnknownTool,
    InvalidArguments,
    Failed,
    InvalidOutput,
    Crashed,
    Nobody,
    Gone,
    NotFound,
    InvalidPath,
    Timeout,
    /// The agent gives up; see `Session.fail`.
    Failure,
};

/// The errors in the order of timeslip_error_kind, from 1 on.
const errors = [_]Error{
    error.Refused,        error.UnknownModel,  error.ContextTooLong, error.OverBudget,
    error.InvalidRequest, error.Unavailable,   error.UnknownTool,    error.InvalidArguments,
    error.Failed,         error.InvalidOutput, error.Crashed,        error.Nobody,
    error.Gone,           error.NotFound,      error.InvalidPath,    error.Timeout,
};

/// An error's name as the contract spells it: "unknown-model".
pub fn errorName(failure: anyerror) []const u8 {
    for (errors, 1..) |one, kind| {
        if (one == failure) return std.mem.span(c.timeslip_error_name(@intCast(kind)));
    }
    return @errorName(failure);
}

/// The text of the newest error. One instance serves one session, on one thread.
var newest_cause: []const u8 = "";

/// Gives the error of a C result, if it has one.
pub fn check(failure: c.Error) Error!void {
    if (failure.kind == 0) return;
    newest_cause = failure.text.slice();
    return errors[failure.kind - 1];
}

pub const ToolCall = chats.ToolCall;
pub const Message = chats.Message;
pub const system = chats.system;
pub const user = chats.user;
pub const assistant = chats.assistant;
pub const toolOutput = chats.toolOutput;
pub const ToolDefinition = chats.ToolDefinition;
pub const Annotations = chats.Annotations;
pub const ToolChoice = chats.ToolChoice;
pub const Request = chats.Request;
pub const FinishReason = chats.FinishReason;
pub const Reply = chats.Reply;
pub const PendingChat = chats.PendingChat;
pub const PendingCall = chats.PendingCall;
pub const Stream = chats.Stream;

/// The text of a C output.
pub fn take(output: c.Output) Error![]const u8 {
    try check(output.failure);
    return output.text.slice();
}

/// A named part of the session's work, for timelines.
pub const Span = struct {
    handle: c.Handle,

    /// Ends it.
    pub fn end(span: Span) void {
        c.timeslip_span_end(span.handle);
    }
};

/// How much a line of the journal matters.
pub const Level = enum(c_uint) { debug, info, warn, err };

/// What is left of a session's budgets; null is unlimited.
pub const Budget = struct {
    /// Nanoseconds until the deadline.
    time: ?u64,
    model_calls: ?u64,
    tool_calls: ?u64,
    output_tokens: ?u64,
};

fn left(limit: c.Limit) ?u64 {
    return if (limit.limited) limit.left else null;
}

/// How the tool-calling loop goes.
pub const Loop = struct {
    /// Instructions; null for none.
    system: ?[]const u8 = null,
    /// Tools to offer; null for all of the session's.
    tools: ?[]const ToolDefinition = null,
    /// Turns before the loop gives up.
    max_turns: u32 = 12,
};

/// One execution of a task.
pub const Session = opaque {
    /// Memory that stays until the session ends. When there is no more the component traps, so an
    /// allocation never fails.
    pub fn allocator(session: *Session) std.mem.Allocator {
        return .{ .ptr = session, .vtable = &arena };
    }

    /// A text made by a format of std.fmt.
    pub fn print(session: *Session, comptime format: []const u8, values: anytype) [:0]const u8 {
        return session.allocator().printSentinel(format, values, 0) catch unreachable;
    }

    /// The text of the newest error.
    pub fn cause(_: *Session) []const u8 {
        return newest_cause;
    }

    /// Says why the agent gives up: `return session.fail("…", .{})`.
    pub fn fail(session: *Session, comptime format: []const u8, values: anytype) error{Failure} {
        newest_cause = session.print(format, values);
        return error.Failure;
    }

    /// Asks a model and waits for the whole reply.
    pub fn chat(session: *Session, request: Request) Error!Reply {
        const lowered = request.lower(session);
        return Reply.take(c.timeslip_chat(session, &lowered));
    }

    /// Asks a model and returns at once. What is started before the first is waited for overlaps in
    /// time.
    pub fn startChat(session: *Session, request: Request) PendingChat {
        const lowered = request.lower(session);
        return .{ .session = session, .handle = c.timeslip_chat_start(session, &lowered) };
    }

    /// Asks a model for a reply in pieces.
    pub fn stream(session: *Session, request: Request) Stream {
        const lowered = request.lower(session);
        return .{ .session = session, .handle = c.timeslip_stream_start(session, &lowered) };
    }

    /// The session's tools, in the order of the bench and of each plugin.
    pub fn listTools(session: *Session) []const ToolDefinition {
        const list = c.timeslip_list_tools(session);
        return if (list.items) |items| items[0..list.count] else &.{};
    }

    /// Calls a tool, with arguments as JSON text of an object, and waits for its output.
    pub fn callTool(session: *Session, name: []const u8, arguments: []const u8) Error![]const u8 {
        return take(c.timeslip_call_tool(session, .of(name), .of(arguments)));
    }

    /// Calls a tool and returns at once.
    pub fn startCall(session: *Session, name: []const u8, arguments: []const u8) PendingCall {
        const handle = c.timeslip_call_start(session, .of(name), .of(arguments));
        return .{ .session = session, .handle = handle };
    }

    /// Says something to the user and waits for the answer.
    pub fn askUser(session: *Session, text: []const u8) Error![]const u8 {
        return take(c.timeslip_ask_user(session, .of(text)));
    }

    /// The plain tool-calling loop: ask the model, call every tool that it asks for, give it the
    /// outputs, until it answers with text alone.
    pub fn toolLoop(session: *Session, loop: Loop, input: []const u8) Error![]const u8 {
        const none: [0]ToolDefinition = .{};
        const tools: c.ToolList = if (loop.tools) |tools|
            .{ .items = if (tools.len == 0) &none else tools.ptr, .count = tools.len }
        else
            .{};
        const lowered: c.Loop = .{
            .system = chats.optional(loop.system),
            .tools = tools,
            .max_turns = loop.max_turns,
        };
        const answer = c.timeslip_tool_loop(session, &lowered, .of(input));
        newest_cause = "";
        if (answer.data == null) return error.Failure;
        return answer.slice();
    }

    /// Writes a line to the session's journal, by a format of std.fmt.
    pub fn log(session: *Session, level: Level, comptime format: []const u8, values: anytype) void {
        c.timeslip_log(session, @backingInt(level), "%s", session.print(format, values).ptr);
    }

    /// Begins a named part of the session's work: `defer session.span("search").end();`
    pub fn span(session: *Session, name: [:0]const u8) Span {
        return .{ .handle = c.timeslip_span_begin(session, name) };
    }

    /// Nanoseconds since the session began.
    pub fn now(session: *Session) u64 {
        return c.timeslip_now(session);
    }

    /// Waits for this many nanoseconds of the session's clock.
    pub fn sleep(session: *Session, nanoseconds: u64) void {
        c.timeslip_sleep(session, nanoseconds);
    }

    /// A random number, drawn from the session's seed.
    pub fn random(session: *Session) u64 {
        return c.timeslip_random(session);
    }

    /// Random bytes from the same source, at most 65,536.
    pub fn randomBytes(session: *Session, length: u32) []const u8 {
        return c.timeslip_random_bytes(session, length).slice();
    }

    /// The value that the bench configures under this key, if it does.
    pub fn config(session: *Session, key: [:0]const u8) ?[]const u8 {
        const value = c.timeslip_config(session, key);
        return if (value.data == null) null else value.slice();
    }

    /// What is left of the session's budgets now.
    pub fn budgetLeft(session: *Session) Budget {
        const budget = c.timeslip_budget_left(session);
        return .{
            .time = left(budget.time),
            .model_calls = left(budget.model_calls),
            .tool_calls = left(budget.tool_calls),
            .output_tokens = left(budget.output_tokens),
        };
    }
};

const arena: std.mem.Allocator.VTable = .{
    .alloc = allocate,
    .resize = std.mem.Allocator.noResize,
    .remap = std.mem.Allocator.noRemap,
    .free = std.mem.Allocator.noFree,
};

/// The arena of C aligns to 16 bytes.
fn allocate(session: *anyopaque, size: usize, alignment: std.mem.Alignment, _: usize) ?[*]u8 {
    if (alignment.toByteUnits() > 16) return null;
    return @ptrCast(c.timeslip_allocate(@ptrCast(session), size));
}

/// Makes a function the component's agent: it takes a session and a task and gives the answer, or an
/// error, which is the session's failure.
pub fn agent(comptime run: fn (session: *Session, task: Task) anyerror![]const u8) void {
    const exported = struct {
        fn call(session: *Session, task: c.Task) callconv(.c) c.Text {
            running = session;
            const given: Task = .{ .name = task.name.slice(), .input = task.input.slice() };
            const answer = run(session, given) catch |failure| return failed(session, failure);
            return .of(answer);
        }
    };
    @export(&exported.call, .{ .name = "timeslip_run" });
}

/// The tool loop has told C already why it failed, and leaves no cause.
fn failed(session: *Session, failure: anyerror) c.Text {
    if (failure == error.Failure and newest_cause.len == 0) return .{};
    const text = if (newest_cause.len == 0) @errorName(failure) else newest_cause;
    return c.timeslip_fail(session, "%s", session.print("{s}", .{text}).ptr);
}

/// Begins a call of a tool.
pub fn begin(session: *Session) void {
    running = session;
    newest_cause = "";
}

/// What a tool gives for an error: its kind where tools have one of that name, else `failed`.
pub fn outputOf(failure: anyerror) c.Output {
    const text = if (newest_cause.len == 0) @errorName(failure) else newest_cause;
    const kind: c_uint = for (errors, 1..) |one, kind| {
        if (one == failure) break @intCast(kind);
    } else failed_kind;
    return .{ .failure = .{ .kind = kind, .text = .of(text) } };
}

/// `TIMESLIP_FAILED`.
const failed_kind = 9;

/// The session that a panic is written to.
var running: ?*Session = null;

/// Writes a panic to the journal and traps. Say `pub const panic = timeslip.panic;` in the first file.
pub const panic = std.debug.FullPanic(crash);

fn crash(text: []const u8, _: ?usize) noreturn {
    if (running) |session| session.log(.err, "panic: {s}", .{text});
    @trap();
}
