const std = @import("std");
const timeslip = @import("sdk/timeslip.zig");
const models = @import("models.zig");
const Session = timeslip.Session;

pub fn sleepAndClock(session: *Session) ![]const u8 {
    const begin = session.now();
    session.sleep(std.time.ns_per_s);
    const slept = session.now() - begin;
    if (slept < std.time.ns_per_s or slept >= 1010 * std.time.ns_per_ms) {
        return session.fail("slept for {d} ns", .{slept});
    }
    return "slept";
}

pub fn random(session: *Session) ![]const u8 {
    const first = session.random();
    const second = session.random();
    const bytes = session.randomBytes(5);
    return session.print("{x} {x} {x}", .{ first, second, bytes });
}

pub fn journal(session: *Session) ![]const u8 {
    session.log(.debug, "at debug", .{});
    session.log(.info, "at info", .{});
    session.log(.warn, "at warn", .{});
    session.log(.err, "at error", .{});
    const span = session.span("work");
    defer span.end();
    session.sleep(5 * std.time.ns_per_ms);
    return "logged";
}

pub fn config(session: *Session) ![]const u8 {
    return session.print("{s}/{s}", .{
        session.config("greeting") orelse "none", session.config("missing") orelse "none",
    });
}

fn left(session: *Session, limit: ?u64) []const u8 {
    return if (limit) |number| session.print("{d}", .{number}) else "none";
}

pub fn budgetLeft(session: *Session) ![]const u8 {
    const before = session.budgetLeft();
    _ = try models.ask(session, "Say hello.");
    const after = session.budgetLeft();
    return session.print("{s} {s} {s} {s} {s}->{s}", .{
        left(session, before.time),        left(session, before.model_calls),
        left(session, before.tool_calls),  left(session, before.output_tokens),
        left(session, before.model_calls), left(session, after.model_calls),
    });
}

pub fn failure(session: *Session) ![]const u8 {
    return session.fail("the task cannot be done", .{});
}

pub fn defect(_: *Session) ![]const u8 {
    @panic("a defect");
}

pub fn outOfMemory(session: *Session) ![]const u8 {
    while (true) {
        const block: []volatile u8 = try session.allocator().alloc(u8, 1 << 20);
        block[0] = 1;
    }
}

pub fn outOfFuel(_: *Session) ![]const u8 {
    var turns: u32 = 0;
    const counter: *volatile u32 = &turns;
    while (true) counter.* +%= 1;
}
