//! Scripts a session for `zig test`, without a host: replies come from the test, and the clock moves
//! by sleeping alone. The texts must outlive the test.

const std = @import("std");
const c = @import("c.zig");
const timeslip = @import("timeslip.zig");
const Session = timeslip.Session;

extern fn timeslip_test_begin() *Session;
extern fn timeslip_test_config([*:0]const u8, [*:0]const u8) void;
extern fn timeslip_test_says([*:0]const u8) void;
extern fn timeslip_test_calls([*:0]const u8, [*:0]const u8) void;
extern fn timeslip_test_tool([*:0]const u8, [*:0]const u8) void;
extern fn timeslip_test_answers([*:0]const u8) void;
extern fn timeslip_test_chats() usize;
extern fn timeslip_test_last_message() ?[*:0]const u8;

/// Begins a session in which nothing is scripted yet, and forgets the one before.
pub fn begin() *Session {
    return timeslip_test_begin();
}

/// A value of the bench's configuration.
pub fn config(key: [:0]const u8, value: [:0]const u8) void {
    timeslip_test_config(key, value);
}

/// The next reply of the model is this text.
pub fn says(text: [:0]const u8) void {
    timeslip_test_says(text);
}

/// The next reply of the model asks for this tool.
pub fn calls(tool: [:0]const u8, arguments: [:0]const u8) void {
    timeslip_test_calls(tool, arguments);
}

/// The session has a tool of this name, which always gives this output.
pub fn offers(tool: [:0]const u8, output: [:0]const u8) void {
    timeslip_test_tool(tool, output);
}

/// The next answer of the user.
pub fn answers(text: [:0]const u8) void {
    timeslip_test_answers(text);
}

/// How many chats the agent asked for.
pub fn chats() usize {
    return timeslip_test_chats();
}

/// The last message of the last chat.
pub fn lastMessage() []const u8 {
    return std.mem.span(timeslip_test_last_message() orelse "");
}

extern fn timeslip_answer(*Session, c.Text, c.Text) c.Output;

/// Calls one of the component's tools, with arguments as JSON text.
pub fn call(session: *Session, tool: []const u8, arguments: []const u8) timeslip.Error![]const u8 {
    return timeslip.take(timeslip_answer(session, .of(tool), .of(arguments)));
}

extern fn timeslip_test_file([*:0]const u8, [*:0]const u8) void;

/// A granted file of a tool plugin.
pub fn file(path: [:0]const u8, contents: [:0]const u8) void {
    timeslip_test_file(path, contents);
}
