//! The conformance agent: every language's SDK has the same one, with the same texts.

const std = @import("std");
const timeslip = @import("sdk/timeslip.zig");
const models = @import("models.zig");
const tools = @import("tools.zig");
const session_behaviours = @import("session.zig");

pub const panic = timeslip.panic;

comptime {
    timeslip.agent(run);
}

const Behaviour = *const fn (session: *timeslip.Session) anyerror![]const u8;

const behaviours = [_]struct { []const u8, Behaviour }{
    .{ "plain-reply", models.plainReply },
    .{ "options", models.options },
    .{ "streaming", models.streaming },
    .{ "cancellation", models.cancellation },
    .{ "parallel-calls", models.parallelCalls },
    .{ "tool-loop", tools.toolLoop },
    .{ "tool-error", tools.toolError },
    .{ "model-error", models.modelError },
    .{ "refused-grant", models.refusedGrant },
    .{ "budget-exhausted", models.budgetExhausted },
    .{ "turn-limit", tools.turnLimit },
    .{ "user-question", tools.userQuestion },
    .{ "unicode", models.unicode },
    .{ "large-prompt", models.largePrompt },
    .{ "deep-json", tools.deepJson },
    .{ "sleep-and-clock", session_behaviours.sleepAndClock },
    .{ "random", session_behaviours.random },
    .{ "journal", session_behaviours.journal },
    .{ "config", session_behaviours.config },
    .{ "budget-left", session_behaviours.budgetLeft },
    .{ "failure", session_behaviours.failure },
    .{ "panic", session_behaviours.defect },
    .{ "out-of-memory", session_behaviours.outOfMemory },
    .{ "out-of-fuel", session_behaviours.outOfFuel },
};

fn run(session: *timeslip.Session, task: timeslip.Task) anyerror![]const u8 {
    const end = std.mem.indexOfScalar(u8, task.input, ' ') orelse task.input.len;
    const word = task.input[0..end];
    for (behaviours) |behaviour| {
        if (std.mem.eql(u8, behaviour[0], word)) return behaviour[1](session);
    }
    return session.fail("no behaviour is called \"{s}\"", .{word});
}
