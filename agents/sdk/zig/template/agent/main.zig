//! An agent: it answers the task's input with the help of the session's tools.

const std = @import("std");
const timeslip = @import("sdk/timeslip.zig");

pub const panic = timeslip.panic;

comptime {
    timeslip.agent(run);
}

const instructions = "Answer in one sentence. Use the tools where they help.";

fn run(session: *timeslip.Session, task: timeslip.Task) ![]const u8 {
    const answer = try session.toolLoop(.{ .system = instructions }, task.input);
    session.log(.info, "answered after {d} ns", .{session.now()});
    return answer;
}

const testing = @import("sdk/testing.zig");
const question: timeslip.Task = .{ .name = "sum", .input = "What is 2 + 3?" };

test "answers with what the tool gives" {
    const session = testing.begin();
    testing.offers("add", "{\"sum\":5}");
    testing.calls("add", "{\"a\":2,\"b\":3}");
    testing.says("It is 5.");
    try std.testing.expectEqualStrings("It is 5.", try run(session, question));
    try std.testing.expectEqualStrings("{\"sum\":5}", testing.lastMessage());
}

test "fails when the model gives no reply" {
    const session = testing.begin();
    try std.testing.expectError(error.Failure, run(session, question));
}
