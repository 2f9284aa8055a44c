//! The functions and structs of the C SDK that the Zig one stands on, as timeslip.h, agent.h and
//! tool.h declare them.

const Session = @import("timeslip.zig").Session;

/// `timeslip_text`.
pub const Text = extern struct {
    data: ?[*]const u8 = null,
    length: usize = 0,

    /// The text of a slice, which is not copied.
    pub fn of(bytes: []const u8) Text {
        return .{ .data = bytes.ptr, .length = bytes.len };
    }

    /// The slice; empty for an absent text.
    pub fn slice(text: Text) []const u8 {
        return if (text.data) |data| data[0..text.length] else "";
    }
};

/// `timeslip_error`.
pub const Error = extern struct { kind: c_uint = 0, text: Text = .{} };

/// `timeslip_output`.
pub const Output = extern struct { failure: Error = .{}, text: Text = .{} };

/// `timeslip_task`.
pub const Task = extern struct { name: Text, input: Text };

/// `timeslip_tool_call`.
pub const ToolCall = extern struct { id: Text, name: Text, arguments: Text };

/// `timeslip_message`.
pub const Message = extern struct {
    role: c_uint,
    content: Text = .{},
    tool_calls: ?[*]const ToolCall = null,
    tool_call_count: usize = 0,
    tool_call_id: Text = .{},
};

/// `timeslip_annotations`.
pub const Annotations = extern struct {
    read_only: bool = false,
    destructive: bool = false,
    idempotent: bool = false,
    open_world: bool = false,
};

/// `timeslip_tool_definition`.
pub const ToolDefinition = extern struct {
    name: Text,
    description: Text,
    input_schema: Text,
    output_schema: Text = .{},
    annotations: Annotations = .{},
};

/// `timeslip_tool_list`.
pub const ToolList = extern struct { items: ?[*]const ToolDefinition = null, count: usize = 0 };

/// `timeslip_request`.
pub const Request = extern struct {
    model: Text = .{},
    messages: [*]const Message,
    message_count: usize,
    tools: ?[*]const ToolDefinition = null,
    tool_count: usize = 0,
    max_output_tokens: ?*const u32 = null,
    temperature: ?*const f64 = null,
    top_p: ?*const f64 = null,
    seed: ?*const u64 = null,
    stop: ?[*]const Text = null,
    stop_count: usize = 0,
    tool_choice: c_uint = 0,
    tool_choice_name: Text = .{},
    response_schema: Text = .{},
};

/// `timeslip_usage`.
pub const Usage = extern struct { input_tokens: u64, cached_input_tokens: u64, output_tokens: u64 };

/// `timeslip_timing`, in nanoseconds.
pub const Timing = extern struct {
    queue: u64,
    prefill: u64,
    transfer: u64,
    decode: u64,
    time_to_first_token: u64,
    end_to_end: u64,
};

/// `timeslip_reply`.
pub const Reply = extern struct {
    failure: Error,
    message: Message,
    finish_reason: c_uint,
    usage: Usage,
    timing: Timing,
    model: Text,
    machine: Text,
};

/// `timeslip_piece`.
pub const Piece = extern struct { failure: Error = .{}, content: Text = .{}, output_tokens: u64 = 0 };

/// `timeslip_limit`.
pub const Limit = extern struct { limited: bool, left: u64 };

/// `timeslip_budget`.
pub const Budget = extern struct { time: Limit, model_calls: Limit, tool_calls: Limit, output_tokens: Limit };

/// `timeslip_loop`.
pub const Loop = extern struct {
    system: Text = .{},
    tools: ToolList = .{},
    max_turns: c_uint = 0,
    options: ?*const Request = null,
};

/// What C knows of a span, a stream or something under way.
pub const Handle = extern struct { handle: i32 };

pub extern fn timeslip_allocate(*Session, usize) *anyopaque;
pub extern fn timeslip_log(*Session, c_uint, [*:0]const u8, ...) void;
pub extern fn timeslip_now(*Session) u64;
pub extern fn timeslip_sleep(*Session, u64) void;
pub extern fn timeslip_random(*Session) u64;
pub extern fn timeslip_random_bytes(*Session, u32) Text;
pub extern fn timeslip_config(*Session, [*:0]const u8) Text;
pub extern fn timeslip_span_begin(*Session, [*:0]const u8) Handle;
pub extern fn timeslip_span_end(Handle) void;
pub extern fn timeslip_budget_left(*Session) Budget;
pub extern fn timeslip_error_name(c_uint) [*:0]const u8;
pub extern fn timeslip_fail(*Session, [*:0]const u8, ...) Text;
pub extern fn timeslip_chat(*Session, *const Request) Reply;
pub extern fn timeslip_chat_start(*Session, *const Request) Handle;
pub extern fn timeslip_chat_wait(*Session, Handle) Reply;
pub extern fn timeslip_chat_cancel(Handle) void;
pub extern fn timeslip_stream_start(*Session, *const Request) Handle;
pub extern fn timeslip_stream_next(*Session, Handle, *Piece) bool;
pub extern fn timeslip_stream_finish(*Session, Handle) Reply;
pub extern fn timeslip_stream_close(Handle) void;
pub extern fn timeslip_list_tools(*Session) ToolList;
pub extern fn timeslip_call_tool(*Session, Text, Text) Output;
pub extern fn timeslip_call_start(*Session, Text, Text) Handle;
pub extern fn timeslip_call_wait(*Session, Handle) Output;
pub extern fn timeslip_ask_user(*Session, Text) Output;
pub extern fn timeslip_tool_loop(*Session, *const Loop, Text) Text;
pub extern fn timeslip_arguments(*Session) Text;
pub extern fn timeslip_read_file(*Session, Text) Output;
pub extern fn timeslip_read_file_range(*Session, Text, u64, u32) Output;
pub extern fn timeslip_write_file(*Session, Text, Text) Error;
pub extern fn timeslip_remove_file(*Session, Text) Error;

/// `timeslip_type`.
pub const Type = enum(c_uint) { integer, number, boolean, text, any, list, record };

/// `timeslip_list`.
pub const List = extern struct { items: ?*const anyopaque = null, count: usize = 0 };

/// `timeslip_record`.
pub const Record = extern struct {
    size: usize = 0,
    fields: ?[*]const Field = null,
    count: usize = 0,
};

/// `timeslip_field`.
pub const Field = extern struct {
    name: ?[*:0]const u8 = null,
    offset: usize = 0,
    type: Type,
    description: ?[*:0]const u8 = null,
    optional: bool = false,
    preset: ?[*:0]const u8 = null,
    choices: ?[*]const ?[*:0]const u8 = null,
    items: ?*const Field = null,
    record: Record = .{},
};

/// `timeslip_tool`.
pub const Tool = extern struct {
    name: [*:0]const u8,
    description: [*:0]const u8,
    arguments: Record,
    output: Record,
    annotations: Annotations,
    call: *const fn (*Session, *const anyopaque) callconv(.c) Output,
};

pub extern fn timeslip_give_record(*Session, ?[*]const Field, usize, *const anyopaque) Output;
