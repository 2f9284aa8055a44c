//! A tool plugin: functions become tools, and their structs become JSON Schemas.

const std = @import("std");
const timeslip = @import("sdk/timeslip.zig");
const tool = @import("sdk/tool.zig");

pub const panic = timeslip.panic;

comptime {
    tool.serve(&.{
        tool.of("count_words", "Counts the words of a text.", tool.pure, countWords),
    });
}

const Counting = struct {
    text: tool.Text,
    longer_than: i64 = 0,

    pub const descriptions = .{
        .text = "The text.",
        .longer_than = "Counts words with more bytes only.",
    };
};

const Counted = struct { words: i64 };

fn countWords(_: *timeslip.Session, wanted: Counting) !Counted {
    var counted: Counted = .{ .words = 0 };
    var words = std.mem.tokenizeAny(u8, wanted.text.slice(), " \t\r\n");
    while (words.next()) |word| {
        if (word.len > wanted.longer_than) counted.words += 1;
    }
    return counted;
}

const testing = @import("sdk/testing.zig");

test "counts words" {
    const output = try testing.call(testing.begin(), "count_words", "{\"text\":\"to be or not to be\"}");
    try std.testing.expectEqualStrings("{\"words\":6}", output);
}

test "counts long words only" {
    const arguments = "{\"text\":\"to be or not to be\",\"longer_than\":2}";
    const output = try testing.call(testing.begin(), "count_words", arguments);
    try std.testing.expectEqualStrings("{\"words\":1}", output);
}

test "names the argument that is wrong" {
    const session = testing.begin();
    const result = testing.call(session, "count_words", "{\"text\":7}");
    try std.testing.expectError(error.InvalidArguments, result);
    try std.testing.expect(std.mem.indexOf(u8, session.cause(), "\"text\"") != null);
}
