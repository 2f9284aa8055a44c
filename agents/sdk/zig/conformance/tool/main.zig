//! The conformance tool plugin, whose definitions are the same in every language.

const std = @import("std");
const timeslip = @import("sdk/timeslip.zig");
const tool = @import("sdk/tool.zig");
const Session = timeslip.Session;

pub const panic = timeslip.panic;

comptime {
    tool.serve(&.{
        tool.of("add", "Adds two whole numbers.", tool.pure, add),
        tool.of("greet", "Greets somebody.", tool.pure, greet),
        tool.of("fail", "Fails with a message.", tool.pure, fail),
        tool.of("wait", "Waits.", tool.pure, wait),
        tool.of("echo", "Gives its value back.", tool.pure, echo),
        tool.of("crash", "Crashes.", tool.pure, crash),
        tool.claiming(
            tool.of("bad_output", "Gives an output that breaks its schema.", tool.pure, badOutput),
            Sum,
        ),
        tool.of("read", "Reads a granted file.", tool.pure, read),
    });
}

const Sum = struct { sum: i64 };

fn add(_: *Session, numbers: struct { a: i64, b: i64 }) !Sum {
    return .{ .sum = numbers.a + numbers.b };
}

fn greet(session: *Session, wanted: struct { name: tool.Text, excited: bool = false }) ![]const u8 {
    return session.print("Hello, {s}{s}", .{ wanted.name.slice(), if (wanted.excited) "!" else "." });
}

fn fail(session: *Session, wanted: struct { message: tool.Text }) ![]const u8 {
    return session.fail("{s}", .{wanted.message.slice()});
}

fn wait(session: *Session, wanted: struct { milliseconds: i64 }) !struct { waited: i64 } {
    session.sleep(@as(u64, @intCast(wanted.milliseconds)) * std.time.ns_per_ms);
    return .{ .waited = wanted.milliseconds };
}

fn echo(session: *Session, _: struct { value: tool.Any }) ![]const u8 {
    return tool.arguments(session);
}

fn crash(_: *Session, _: struct {}) ![]const u8 {
    @panic("a defect");
}

fn badOutput(_: *Session, _: struct {}) ![]const u8 {
    return "{\"sum\":\"x\"}";
}

fn read(session: *Session, wanted: struct { path: tool.Text }) ![]const u8 {
    return tool.readFile(session, wanted.path.slice()) catch
        session.fail("{s}", .{session.cause()});
}
