const std = @import("std");
const timeslip = @import("sdk/timeslip.zig");
const Session = timeslip.Session;

/// Asks with one message of the user.
pub fn ask(session: *Session, content: []const u8) timeslip.Error!timeslip.Reply {
    return session.chat(.{ .messages = &.{timeslip.user(content)} });
}

pub fn plainReply(session: *Session) ![]const u8 {
    return (try ask(session, "Say hello.")).text();
}

pub fn options(session: *Session) ![]const u8 {
    const reply = try session.chat(.{
        .messages = &.{ timeslip.system("Be brief."), timeslip.user("Name a colour.") },
        .max_output_tokens = 16,
        .temperature = 0.5,
        .top_p = 0.9,
        .seed = 7,
        .stop = &.{"\n"},
        .tool_choice = .none,
    });
    return session.print("{s} {s} {d}/{d}", .{
        reply.text(), reply.finish_reason.name(), reply.usage.input_tokens, reply.usage.output_tokens,
    });
}

pub fn streaming(session: *Session) ![]const u8 {
    const stream = session.stream(.{ .messages = &.{timeslip.user("Count to five.")} });
    defer stream.close();
    var joined: []const u8 = "";
    var pieces: usize = 0;
    while (try stream.next()) |piece| : (pieces += 1) {
        joined = session.print("{s}{s}", .{ joined, piece.content });
    }
    const reply = try stream.finish();
    if (!std.mem.eql(u8, joined, reply.text())) return session.fail("the pieces are not the reply", .{});
    return session.print("{d} pieces: {s}", .{ pieces, joined });
}

pub fn cancellation(session: *Session) ![]const u8 {
    const stream = session.stream(.{ .messages = &.{timeslip.user("Write a long poem.")} });
    for (0..2) |_| _ = try stream.next();
    stream.close();
    session.sleep(10 * std.time.ns_per_ms);
    return "cancelled";
}

pub fn parallelCalls(session: *Session) ![]const u8 {
    var chats: [3]timeslip.PendingChat = undefined;
    for (&chats, 1..) |*chat, branch| {
        const prompt = session.print("Branch {d}.", .{branch});
        chat.* = session.startChat(.{ .messages = &.{timeslip.user(prompt)} });
    }
    var answers: [5][]const u8 = undefined;
    for (chats, answers[0..3]) |chat, *answer| answer.* = (try chat.wait()).text();
    const calls = [_]timeslip.PendingCall{
        session.startCall("wait", "{\"milliseconds\":200}"),
        session.startCall("wait", "{\"milliseconds\":100}"),
    };
    for (calls, answers[3..]) |call, *answer| answer.* = try call.wait();
    return std.mem.join(session.allocator(), " | ", &answers);
}

/// The name of the error that a chat must give.
fn kind(reply: timeslip.Error!timeslip.Reply) []const u8 {
    return if (reply) |_| "no error" else |failure| timeslip.errorName(failure);
}

pub fn modelError(session: *Session) ![]const u8 {
    const greeting = &.{timeslip.user("Hi.")};
    const kinds = [_][]const u8{
        kind(session.chat(.{ .messages = &.{} })),
        kind(session.chat(.{ .messages = greeting, .top_p = 2.0 })),
        kind(session.chat(.{ .messages = greeting, .tool_choice = .{ .named = "missing" } })),
    };
    return std.mem.join(session.allocator(), ", ", &kinds);
}

pub fn refusedGrant(session: *Session) ![]const u8 {
    const greeting = &.{timeslip.user("Hi.")};
    return kind(session.chat(.{ .model = "another-model", .messages = greeting }));
}

pub fn budgetExhausted(session: *Session) ![]const u8 {
    var replies: usize = 0;
    while (true) : (replies += 1) {
        _ = ask(session, "Again.") catch |failure| {
            return session.print("{d} replies, then {s}", .{ replies, timeslip.errorName(failure) });
        };
    }
}

pub fn unicode(session: *Session) ![]const u8 {
    return (try ask(session, "żółć 🦀 👩\u{200d}👧 𝕏 ﷽ \x00 end")).text();
}

pub fn largePrompt(session: *Session) ![]const u8 {
    const part = "0123456789abcde ";
    const prompt = try session.allocator().alloc(u8, 65_536 * part.len);
    for (prompt, 0..) |*byte, index| byte.* = part[index % part.len];
    const reply = ask(session, prompt) catch |failure| return timeslip.errorName(failure);
    return reply.text();
}
