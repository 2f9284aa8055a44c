//! What tool plugins in Zig are written with: functions become tools, and the structs of their
//! arguments and results become JSON Schemas.
//!
//!     const timeslip = @import("sdk/timeslip.zig");
//!     const tool = @import("sdk/tool.zig");
//!     pub const panic = timeslip.panic;
//!     comptime { tool.serve(&.{tool.of("add", "Adds two whole numbers.", tool.pure, add)}); }
//!
//!     const Numbers = struct {
//!         a: i64,
//!         b: i64 = 1,
//!         pub const descriptions = .{ .a = "The first number." };
//!     };
//!     const Sum = struct { sum: i64 };
//!
//!     fn add(_: *timeslip.Session, numbers: Numbers) !Sum {
//!         return .{ .sum = numbers.a + numbers.b };
//!     }
//!
//! Fields are i64, f64, bool, tool.Text, tool.List(…) of those and of structs, structs, and
//! tool.Any. A field with a default may be left out. The declarations `descriptions` and `choices`
//! say more of the fields by their names: `.choices = .{ .unit = &.{ "c", "f" } }`.

const std = @import("std");
const c = @import("c.zig");
const timeslip = @import("timeslip.zig");
const Session = timeslip.Session;

/// A text in arguments and results: `Text.of(bytes)` and `text.slice()`.
pub const Text = c.Text;

/// Any JSON in arguments. `arguments` of this file gives the whole text.
pub const Any = *const opaque {};

/// A list in arguments and results.
pub fn List(comptime Item: type) type {
    return extern struct {
        raw: c.List = .{},

        pub const ListItem = Item;

        /// The list of a slice, which is not copied.
        pub fn of(items: []const Item) @This() {
            return .{ .raw = .{ .items = items.ptr, .count = items.len } };
        }

        /// The slice.
        pub fn slice(list: @This()) []const Item {
            const first = list.raw.items orelse return &.{};
            return @as([*]const Item, @ptrCast(@alignCast(first)))[0..list.raw.count];
        }
    };
}

/// The annotations of a tool that changes nothing and depends on nothing outside.
pub const pure: timeslip.Annotations = .{ .read_only = true, .idempotent = true };

/// The arguments of this call, as the model wrote them.
pub fn arguments(session: *Session) []const u8 {
    return c.timeslip_arguments(session).slice();
}

/// The whole of a granted file.
pub fn readFile(session: *Session, path: []const u8) timeslip.Error![]const u8 {
    return timeslip.take(c.timeslip_read_file(session, .of(path)));
}

/// At most `length` bytes of a granted file, from `offset`.
pub fn readFileRange(session: *Session, path: []const u8, offset: u64, length: u32) timeslip.Error![]const u8 {
    return timeslip.take(c.timeslip_read_file_range(session, .of(path), offset, length));
}

/// Writes a whole file, in place of what it held.
pub fn writeFile(session: *Session, path: []const u8, contents: []const u8) timeslip.Error!void {
    return timeslip.check(c.timeslip_write_file(session, .of(path), .of(contents)));
}

/// Removes a file.
pub fn removeFile(session: *Session, path: []const u8) timeslip.Error!void {
    return timeslip.check(c.timeslip_remove_file(session, .of(path)));
}

/// Makes a tool of a function of a session and a struct of arguments. It gives a slice of bytes, the
/// output as it is, or a struct. An error becomes `failed` with the text of `Session.fail`, but for
/// the errors that a tool may give by name, such as `InvalidArguments`.
pub fn of(
    comptime name: [:0]const u8,
    comptime description: [:0]const u8,
    comptime annotations: timeslip.Annotations,
    comptime function: anytype,
) c.Tool {
    const info = @typeInfo(@TypeOf(function)).@"fn";
    const Arguments = info.param_types[1].?;
    const Result = @typeInfo(info.return_type.?).error_union.payload;
    const wrapped = struct {
        fn call(session: *Session, raw: *const anyopaque) callconv(.c) c.Output {
            timeslip.begin(session);
            const given: *const Arguments = @ptrCast(@alignCast(raw));
            const result = function(session, given.*) catch |failure| return timeslip.outputOf(failure);
            if (Result == []const u8) return .{ .text = .of(result) };
            const record = comptime recordOf(Result);
            return c.timeslip_give_record(session, record.fields, record.count, &result);
        }
    };
    return .{
        .name = name,
        .description = description,
        .arguments = recordOf(Arguments),
        .output = if (Result == []const u8) .{} else recordOf(Result),
        .annotations = annotations,
        .call = wrapped.call,
    };
}

/// A tool whose output is bytes that claim to obey the schema of a struct.
pub fn claiming(comptime tool: c.Tool, comptime Result: type) c.Tool {
    var claimed = tool;
    claimed.output = recordOf(Result);
    return claimed;
}

/// Makes tools the component's, in this order.
pub fn serve(comptime list: []const c.Tool) void {
    const exported = struct {
        const first: [*]const c.Tool = list.ptr;
        const count: usize = list.len;
    };
    @export(&exported.first, .{ .name = "timeslip_tools" });
    @export(&exported.count, .{ .name = "timeslip_tool_count" });
}

fn recordOf(comptime T: type) c.Record {
    const fields = comptime fieldsOf(T);
    return .{ .size = @sizeOf(T), .fields = fields.ptr, .count = fields.len };
}

fn fieldsOf(comptime T: type) []const c.Field {
    const info = @typeInfo(T).@"struct";
    var fields: [info.field_names.len]c.Field = undefined;
    for (&fields, info.field_names, info.field_types, info.field_attrs) |*field, name, Type, attributes| {
        field.* = typeOf(Type);
        field.name = name;
        field.offset = @offsetOf(T, name);
        if (attributes.defaultValue(Type)) |default| {
            field.preset = preset(default);
            field.optional = field.preset == null;
        }
        if (@hasDecl(T, "descriptions") and @hasField(@TypeOf(T.descriptions), name)) {
            field.description = @field(T.descriptions, name);
        }
        if (@hasDecl(T, "choices") and @hasField(@TypeOf(T.choices), name)) {
            field.choices = choicesOf(@field(T.choices, name));
        }
    }
    const made = fields;
    return &made;
}

fn typeOf(comptime T: type) c.Field {
    return switch (T) {
        i64 => .{ .type = .integer, .record = .{ .size = @sizeOf(T) } },
        f64 => .{ .type = .number, .record = .{ .size = @sizeOf(T) } },
        bool => .{ .type = .boolean, .record = .{ .size = @sizeOf(T) } },
        Text => .{ .type = .text, .record = .{ .size = @sizeOf(T) } },
        Any => .{ .type = .any, .record = .{ .size = @sizeOf(T) } },
        else => if (@typeInfo(T) != .@"struct")
            @compileError("a field may be i64, f64, bool, tool.Text, tool.List(…), tool.Any or a struct, not " ++ @typeName(T))
        else if (@hasDecl(T, "ListItem"))
            .{ .type = .list, .items = &typeOf(T.ListItem), .record = .{ .size = @sizeOf(T) } }
        else
            .{ .type = .record, .record = recordOf(T) },
    };
}

/// A default as JSON; null for an absent text, an empty list and a struct.
fn preset(comptime default: anytype) ?[*:0]const u8 {
    return switch (@TypeOf(default)) {
        i64, f64 => std.fmt.comptimePrint("{d}", .{default}),
        bool => if (default) "true" else "false",
        Text => if (default.data == null) null else std.fmt.comptimePrint("\"{s}\"", .{default.slice()}),
        else => null,
    };
}

fn choicesOf(comptime names: []const [:0]const u8) [*]const ?[*:0]const u8 {
    var choices: [names.len + 1]?[*:0]const u8 = undefined;
    for (choices[0..names.len], names) |*choice, name| choice.* = name;
    choices[names.len] = null;
    const made = choices;
    return &made;
}
