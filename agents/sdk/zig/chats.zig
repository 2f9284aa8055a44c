//! Messages, requests, replies, and what is under way.

const c = @import("c.zig");
const timeslip = @import("timeslip.zig");
const Error = timeslip.Error;
const Session = timeslip.Session;

/// A model's request to call a tool.
pub const ToolCall = c.ToolCall;

/// One message of a conversation.
pub const Message = c.Message;

/// A message of the agent's author.
pub fn system(content: []const u8) Message {
    return .{ .role = 0, .content = .of(content) };
}

/// A message of whom the agent works for.
pub fn user(content: []const u8) Message {
    return .{ .role = 1, .content = .of(content) };
}

/// A message of the model.
pub fn assistant(content: []const u8) Message {
    return .{ .role = 2, .content = .of(content) };
}

/// The message that answers a tool call.
pub fn toolOutput(call_id: []const u8, content: []const u8) Message {
    return .{ .role = 3, .content = .of(content), .tool_call_id = .of(call_id) };
}

/// A tool as it is offered to a model.
pub const ToolDefinition = c.ToolDefinition;

/// What a tool says of its own behaviour.
pub const Annotations = c.Annotations;

/// Whether the model may, must or must not call tools.
pub const ToolChoice = union(enum) {
    auto,
    none,
    required,
    /// It must call the tool of this name.
    named: []const u8,
};

/// A question to a model. What is null or empty is left to the machine.
pub const Request = struct {
    /// The model's name; null takes the model of the bench.
    model: ?[]const u8 = null,
    /// The conversation so far, oldest first, at least one message.
    messages: []const Message,
    /// The tools that the model may call. They are part of the prompt and cost tokens.
    tools: []const ToolDefinition = &.{},
    /// The most tokens that the reply may have.
    max_output_tokens: ?u32 = null,
    /// Sampling temperature, 0 or more.
    temperature: ?f64 = null,
    /// Nucleus sampling, over 0 and up to 1.
    top_p: ?f64 = null,
    /// Seed of the sampling.
    seed: ?u64 = null,
    /// Texts that end the reply before they are written.
    stop: []const []const u8 = &.{},
    /// Whether the model may call tools.
    tool_choice: ToolChoice = .auto,
    /// JSON Schema that the reply's text must obey.
    response_schema: ?[]const u8 = null,

    /// The request as C takes it; it points into this one.
    pub fn lower(request: *const Request, session: *Session) c.Request {
        const stop = session.allocator().alloc(c.Text, request.stop.len) catch unreachable;
        for (stop, request.stop) |*to, from| to.* = .of(from);
        return .{
            .model = optional(request.model),
            .messages = request.messages.ptr,
            .message_count = request.messages.len,
            .tools = request.tools.ptr,
            .tool_count = request.tools.len,
            .max_output_tokens = if (request.max_output_tokens) |*value| value else null,
            .temperature = if (request.temperature) |*value| value else null,
            .top_p = if (request.top_p) |*value| value else null,
            .seed = if (request.seed) |*value| value else null,
            .stop = stop.ptr,
            .stop_count = stop.len,
            .tool_choice = @backingInt(request.tool_choice),
            .tool_choice_name = switch (request.tool_choice) {
                .named => |name| .of(name),
                else => .{},
            },
            .response_schema = optional(request.response_schema),
        };
    }
};

/// A text of C that may be absent.
pub fn optional(text: ?[]const u8) c.Text {
    return if (text) |bytes| .of(bytes) else .{};
}

/// Why a reply ended.
pub const FinishReason = enum(c_uint) {
    stop,
    length,
    tool_calls,
    content_filter,

    /// The reason as the contract spells it: "tool-calls".
    pub fn name(reason: FinishReason) []const u8 {
        return switch (reason) {
            .stop => "stop",
            .length => "length",
            .tool_calls => "tool-calls",
            .content_filter => "content-filter",
        };
    }
};

/// A model's reply.
pub const Reply = struct {
    /// The assistant's message.
    message: Message,
    /// Why it ended.
    finish_reason: FinishReason,
    /// Tokens.
    usage: c.Usage,
    /// Where its time went, in nanoseconds.
    timing: c.Timing,
    /// The model that answered.
    model: []const u8,
    /// The machine that served it.
    machine: []const u8,

    /// The text.
    pub fn text(reply: Reply) []const u8 {
        return reply.message.content.slice();
    }

    /// The tools that it asks for.
    pub fn toolCalls(reply: Reply) []const ToolCall {
        const calls = reply.message.tool_calls orelse return &.{};
        return calls[0..reply.message.tool_call_count];
    }

    pub fn take(reply: c.Reply) Error!Reply {
        try timeslip.check(reply.failure);
        return .{
            .message = reply.message,
            .finish_reason = @fromBackingInt(@intCast(reply.finish_reason)),
            .usage = reply.usage,
            .timing = reply.timing,
            .model = reply.model.slice(),
            .machine = reply.machine.slice(),
        };
    }
};

/// A chat under way.
pub const PendingChat = struct {
    session: *Session,
    handle: c.Handle,

    /// Waits for the reply; call it once.
    pub fn wait(chat: PendingChat) Error!Reply {
        return Reply.take(c.timeslip_chat_wait(chat.session, chat.handle));
    }

    /// Cancels a chat that nobody will wait for.
    pub fn cancel(chat: PendingChat) void {
        c.timeslip_chat_cancel(chat.handle);
    }
};

/// A tool call under way.
pub const PendingCall = struct {
    session: *Session,
    handle: c.Handle,

    /// Waits for the output; call it once.
    pub fn wait(call: PendingCall) Error![]const u8 {
        return timeslip.take(c.timeslip_call_wait(call.session, call.handle));
    }
};

/// A reply that arrives in pieces.
pub const Stream = struct {
    session: *Session,
    handle: c.Handle,

    /// A piece of a streamed reply.
    pub const Piece = struct {
        /// Text that follows the text of the pieces before.
        content: []const u8,
        /// Output tokens up to the end of this piece.
        output_tokens: u64,
    };

    /// Waits for the next piece; null after the last one.
    pub fn next(stream: Stream) Error!?Piece {
        var piece: c.Piece = .{};
        const more = c.timeslip_stream_next(stream.session, stream.handle, &piece);
        try timeslip.check(piece.failure);
        if (!more) return null;
        return .{ .content = piece.content.slice(), .output_tokens = piece.output_tokens };
    }

    /// Waits for the end and gives the whole reply; call it once.
    pub fn finish(stream: Stream) Error!Reply {
        return Reply.take(c.timeslip_stream_finish(stream.session, stream.handle));
    }

    /// Lets the stream go, and cancels the chat if it is still under way.
    pub fn close(stream: Stream) void {
        c.timeslip_stream_close(stream.handle);
    }
};
