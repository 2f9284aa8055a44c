const std = @import("std");
const timeslip = @import("sdk/timeslip.zig");
const Session = timeslip.Session;

pub fn toolLoop(session: *Session) ![]const u8 {
    return session.toolLoop(.{ .system = "Use the tools." }, "Add 2 and 3, and greet Ada.");
}

pub fn turnLimit(session: *Session) ![]const u8 {
    return session.toolLoop(.{ .system = "Never stop.", .max_turns = 3 }, "Go on.");
}

pub fn toolError(session: *Session) ![]const u8 {
    const calls = [_][2][]const u8{
        .{ "add", "{\"a\":\"x\",\"b\":1}" },
        .{ "add", "{" },
        .{ "fail", "{\"message\":\"no luck\"}" },
        .{ "nope", "{}" },
        .{ "greet", "{\"name\":\"Ada\",\"excited\":true}" },
    };
    var answers: [calls.len][]const u8 = undefined;
    for (calls, &answers) |call, *answer| {
        answer.* = session.callTool(call[0], call[1]) catch |failure| timeslip.errorName(failure);
    }
    return std.mem.join(session.allocator(), ", ", &answers);
}

pub fn deepJson(session: *Session) ![]const u8 {
    const opening: [100]u8 = @splat('[');
    const closing: [100]u8 = @splat(']');
    const arguments = "{\"value\":" ++ opening ++ "1" ++ closing ++ "}";
    const output = try session.callTool("echo", arguments);
    if (!std.mem.eql(u8, output, arguments)) return session.fail("the output is not the arguments", .{});
    return output;
}

pub fn userQuestion(session: *Session) ![]const u8 {
    return session.print("Hello, {s}.", .{try session.askUser("What is your name?")});
}
