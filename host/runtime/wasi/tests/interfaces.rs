//! The functions of WASI that guests of these tests may call.

/// An interface of WASI: its types, and its functions.
pub(super) struct Interface {
    /// Its name, with the version that a guest of these tests is built against.
    pub(super) name: &'static str,
    /// What stands for it in the component's text.
    pub(super) short: &'static str,
    pub(super) types: &'static str,
    /// Its functions.
    pub(super) functions: &'static [Function],
    /// Resources that other interfaces take from it.
    pub(super) given: &'static [&'static str],
}

/// A function of an interface.
pub(super) struct Function {
    /// Its name.
    pub(super) name: &'static str,
    /// Its type, as a component's text has it.
    pub(super) ty: &'static str,
    /// What a core module passes.
    pub(super) parameters: &'static [Parameter],
    /// Whether its last parameter is the place of the result.
    pub(super) through_memory: bool,
    /// What it gives, if a guest can do something with it.
    pub(super) gives: Option<Handle>,
    /// The bytes from the place of the result to the handle.
    pub(super) handle_at: u32,
    /// The core result, if there is one.
    pub(super) result: &'static str,
}

/// A core parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    /// A handle.
    Handle(Handle),
    /// A number below this.
    Small(u32),
    /// Any 64-bit number.
    Long,
    /// Address and length of a text or bytes.
    Text,
    /// Address and length of a list with two pollables.
    Pollables,
}

use super::guests::Handle;
use Handle::{Descriptor, EntryStream, Error, InputStream, OutputStream, Pollable};
use Parameter::{Handle as Of, Long, Pollables, Small, Text};

const fn plain(
    name: &'static str,
    ty: &'static str,
    parameters: &'static [Parameter],
    result: &'static str,
) -> Function {
    Function { name, ty, parameters, through_memory: false, gives: None, handle_at: 0, result }
}

const fn stored(
    name: &'static str,
    ty: &'static str,
    parameters: &'static [Parameter],
) -> Function {
    Function { name, ty, parameters, through_memory: true, gives: None, handle_at: 4, result: "" }
}

const fn giving(mut function: Function, handle: Handle) -> Function {
    function.gives = Some(handle);
    function
}

/// The interfaces, each after those that it takes types from.
pub(super) const INTERFACES: [Interface; 12] = [
    Interface {
        name: "wasi:io/poll@0.2.0",
        short: "poll",
        types: r#"(export "pollable" (type $pollable (sub resource)))"#,
        given: &["pollable"],
        functions: &[
            plain(
                "[method]pollable.ready",
                r#"(param "self" (borrow $pollable)) (result bool)"#,
                &[Of(Pollable)],
                "i32",
            ),
            plain(
                "[method]pollable.block",
                r#"(param "self" (borrow $pollable))"#,
                &[Of(Pollable)],
                "",
            ),
            stored(
                "poll",
                r#"(param "in" (list (borrow $pollable))) (result (list u32))"#,
                &[Pollables],
            ),
        ],
    },
    Interface {
        name: "wasi:io/error@0.2.0",
        short: "error",
        types: r#"(export "error" (type $error (sub resource)))"#,
        given: &["error"],
        functions: &[stored(
            "[method]error.to-debug-string",
            r#"(param "self" (borrow $error)) (result string)"#,
            &[Of(Error)],
        )],
    },
    Interface {
        name: "wasi:io/streams@0.2.3",
        short: "streams",
        types: r#"(alias outer 1 $pollable (type $p)) (export "pollable" (type $pollable (eq $p)))
            (alias outer 1 $error (type $e)) (export "error" (type $error (eq $e)))
            (type $s (variant (case "last-operation-failed" (own $error)) (case "closed")))
            (export "stream-error" (type $stream-error (eq $s)))
            (export "input-stream" (type $input-stream (sub resource)))
            (export "output-stream" (type $output-stream (sub resource)))"#,
        given: &["input-stream", "output-stream"],
        functions: &[
            stored(
                "[method]input-stream.read",
                r#"(param "self" (borrow $input-stream)) (param "len" u64) (result (result (list u8) (error $stream-error)))"#,
                &[Of(InputStream), Long],
            ),
            stored(
                "[method]input-stream.blocking-skip",
                r#"(param "self" (borrow $input-stream)) (param "len" u64) (result (result u64 (error $stream-error)))"#,
                &[Of(InputStream), Long],
            ),
            giving(
                plain(
                    "[method]input-stream.subscribe",
                    r#"(param "self" (borrow $input-stream)) (result (own $pollable))"#,
                    &[Of(InputStream)],
                    "i32",
                ),
                Pollable,
            ),
            stored(
                "[method]output-stream.check-write",
                r#"(param "self" (borrow $output-stream)) (result (result u64 (error $stream-error)))"#,
                &[Of(OutputStream)],
            ),
            stored(
                "[method]output-stream.write",
                r#"(param "self" (borrow $output-stream)) (param "contents" (list u8)) (result (result (error $stream-error)))"#,
                &[Of(OutputStream), Text],
            ),
            giving(
                stored(
                    "[method]output-stream.blocking-write-and-flush",
                    r#"(param "self" (borrow $output-stream)) (param "contents" (list u8)) (result (result (error $stream-error)))"#,
                    &[Of(OutputStream), Text],
                ),
                Error,
            ),
            stored(
                "[method]output-stream.blocking-flush",
                r#"(param "self" (borrow $output-stream)) (result (result (error $stream-error)))"#,
                &[Of(OutputStream)],
            ),
            giving(
                plain(
                    "[method]output-stream.subscribe",
                    r#"(param "self" (borrow $output-stream)) (result (own $pollable))"#,
                    &[Of(OutputStream)],
                    "i32",
                ),
                Pollable,
            ),
            stored(
                "[method]output-stream.write-zeroes",
                r#"(param "self" (borrow $output-stream)) (param "len" u64) (result (result (error $stream-error)))"#,
                &[Of(OutputStream), Long],
            ),
            stored(
                "[method]output-stream.blocking-splice",
                r#"(param "self" (borrow $output-stream)) (param "src" (borrow $input-stream)) (param "len" u64) (result (result u64 (error $stream-error)))"#,
                &[Of(OutputStream), Of(InputStream), Long],
            ),
        ],
    },
    Interface {
        name: "wasi:clocks/monotonic-clock@0.2.0",
        short: "monotonic",
        types: r#"(alias outer 1 $pollable (type $p)) (export "pollable" (type $pollable (eq $p)))"#,
        given: &[],
        functions: &[
            plain("now", "(result u64)", &[], "i64"),
            giving(
                plain(
                    "subscribe-instant",
                    r#"(param "when" u64) (result (own $pollable))"#,
                    &[Long],
                    "i32",
                ),
                Pollable,
            ),
            giving(
                plain(
                    "subscribe-duration",
                    r#"(param "when" u64) (result (own $pollable))"#,
                    &[Long],
                    "i32",
                ),
                Pollable,
            ),
        ],
    },
    Interface {
        name: "wasi:clocks/wall-clock@0.2.0",
        short: "wall",
        types: r#"(type $d (record (field "seconds" u64) (field "nanoseconds" u32)))
            (export "datetime" (type $datetime (eq $d)))"#,
        given: &["datetime"],
        functions: &[stored("now", "(result $datetime)", &[])],
    },
    Interface {
        name: "wasi:random/random@0.2.0",
        short: "random",
        types: "",
        given: &[],
        functions: &[
            stored("get-random-bytes", r#"(param "len" u64) (result (list u8))"#, &[Long]),
            plain("get-random-u64", "(result u64)", &[], "i64"),
        ],
    },
    Interface {
        name: "wasi:cli/stdin@0.2.0",
        short: "stdin",
        types: r#"(alias outer 1 $input-stream (type $i)) (export "input-stream" (type $input-stream (eq $i)))"#,
        given: &[],
        functions: &[giving(
            plain("get-stdin", "(result (own $input-stream))", &[], "i32"),
            InputStream,
        )],
    },
    Interface {
        name: "wasi:cli/stdout@0.2.0",
        short: "stdout",
        types: r#"(alias outer 1 $output-stream (type $o)) (export "output-stream" (type $output-stream (eq $o)))"#,
        given: &[],
        functions: &[giving(
            plain("get-stdout", "(result (own $output-stream))", &[], "i32"),
            OutputStream,
        )],
    },
    Interface {
        name: "wasi:cli/stderr@0.2.0",
        short: "stderr",
        types: r#"(alias outer 1 $output-stream (type $o)) (export "output-stream" (type $output-stream (eq $o)))"#,
        given: &[],
        functions: &[giving(
            plain("get-stderr", "(result (own $output-stream))", &[], "i32"),
            OutputStream,
        )],
    },
    Interface {
        name: "wasi:cli/exit@0.2.0",
        short: "exit",
        types: "",
        given: &[],
        functions: &[plain("exit", r#"(param "status" (result))"#, &[Small(2)], "")],
    },
    Interface {
        name: "wasi:filesystem/types@0.2.6",
        short: "files",
        types: r#"(alias outer 1 $input-stream (type $i)) (export "input-stream" (type $input-stream (eq $i)))
            (alias outer 1 $output-stream (type $o)) (export "output-stream" (type $output-stream (eq $o)))
            (alias outer 1 $datetime (type $t)) (export "datetime" (type $datetime (eq $t)))
            (type $k (enum "unknown" "block-device" "character-device" "directory" "fifo" "symbolic-link" "regular-file" "socket"))
            (export "descriptor-type" (type $descriptor-type (eq $k)))
            (type $df (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync" "mutate-directory"))
            (export "descriptor-flags" (type $descriptor-flags (eq $df)))
            (type $pf (flags "symlink-follow")) (export "path-flags" (type $path-flags (eq $pf)))
            (type $of (flags "create" "directory" "exclusive" "truncate")) (export "open-flags" (type $open-flags (eq $of)))
            (type $st (record (field "type" $descriptor-type) (field "link-count" u64) (field "size" u64)
              (field "data-access-timestamp" (option $datetime)) (field "data-modification-timestamp" (option $datetime))
              (field "status-change-timestamp" (option $datetime))))
            (export "descriptor-stat" (type $descriptor-stat (eq $st)))
            (type $de (record (field "type" $descriptor-type) (field "name" string)))
            (export "directory-entry" (type $directory-entry (eq $de)))
            (type $ec (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist"
              "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory" "loop"
              "too-many-links" "message-size" "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory"
              "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported" "no-tty" "no-such-device"
              "overflow" "not-permitted" "pipe" "read-only" "invalid-seek" "text-file-busy" "cross-device"))
            (export "error-code" (type $error-code (eq $ec)))
            (export "descriptor" (type $descriptor (sub resource)))
            (export "directory-entry-stream" (type $directory-entry-stream (sub resource)))"#,
        given: &["descriptor", "directory-entry-stream"],
        functions: &[
            giving(
                stored(
                    "[method]descriptor.read-via-stream",
                    r#"(param "self" (borrow $descriptor)) (param "offset" u64) (result (result (own $input-stream) (error $error-code)))"#,
                    &[Of(Descriptor), Long],
                ),
                InputStream,
            ),
            giving(
                stored(
                    "[method]descriptor.write-via-stream",
                    r#"(param "self" (borrow $descriptor)) (param "offset" u64) (result (result (own $output-stream) (error $error-code)))"#,
                    &[Of(Descriptor), Long],
                ),
                OutputStream,
            ),
            giving(
                stored(
                    "[method]descriptor.append-via-stream",
                    r#"(param "self" (borrow $descriptor)) (result (result (own $output-stream) (error $error-code)))"#,
                    &[Of(Descriptor)],
                ),
                OutputStream,
            ),
            stored(
                "[method]descriptor.set-size",
                r#"(param "self" (borrow $descriptor)) (param "size" u64) (result (result (error $error-code)))"#,
                &[Of(Descriptor), Long],
            ),
            stored(
                "[method]descriptor.read",
                r#"(param "self" (borrow $descriptor)) (param "length" u64) (param "offset" u64) (result (result (tuple (list u8) bool) (error $error-code)))"#,
                &[Of(Descriptor), Long, Long],
            ),
            stored(
                "[method]descriptor.write",
                r#"(param "self" (borrow $descriptor)) (param "buffer" (list u8)) (param "offset" u64) (result (result u64 (error $error-code)))"#,
                &[Of(Descriptor), Text, Long],
            ),
            giving(
                stored(
                    "[method]descriptor.read-directory",
                    r#"(param "self" (borrow $descriptor)) (result (result (own $directory-entry-stream) (error $error-code)))"#,
                    &[Of(Descriptor)],
                ),
                EntryStream,
            ),
            stored(
                "[method]descriptor.create-directory-at",
                r#"(param "self" (borrow $descriptor)) (param "path" string) (result (result (error $error-code)))"#,
                &[Of(Descriptor), Text],
            ),
            stored(
                "[method]descriptor.stat-at",
                r#"(param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string) (result (result $descriptor-stat (error $error-code)))"#,
                &[Of(Descriptor), Small(2), Text],
            ),
            giving(
                stored(
                    "[method]descriptor.open-at",
                    r#"(param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string) (param "open-flags" $open-flags) (param "flags" $descriptor-flags) (result (result (own $descriptor) (error $error-code)))"#,
                    &[Of(Descriptor), Small(2), Text, Small(16), Small(64)],
                ),
                Descriptor,
            ),
            stored(
                "[method]descriptor.remove-directory-at",
                r#"(param "self" (borrow $descriptor)) (param "path" string) (result (result (error $error-code)))"#,
                &[Of(Descriptor), Text],
            ),
            stored(
                "[method]descriptor.rename-at",
                r#"(param "self" (borrow $descriptor)) (param "old-path" string) (param "new-descriptor" (borrow $descriptor)) (param "new-path" string) (result (result (error $error-code)))"#,
                &[Of(Descriptor), Text, Of(Descriptor), Text],
            ),
            stored(
                "[method]descriptor.unlink-file-at",
                r#"(param "self" (borrow $descriptor)) (param "path" string) (result (result (error $error-code)))"#,
                &[Of(Descriptor), Text],
            ),
            stored(
                "[method]directory-entry-stream.read-directory-entry",
                r#"(param "self" (borrow $directory-entry-stream)) (result (result (option $directory-entry) (error $error-code)))"#,
                &[Of(EntryStream)],
            ),
        ],
    },
    Interface {
        name: "wasi:filesystem/preopens@0.2.0",
        short: "preopens",
        types: r#"(alias outer 1 $descriptor (type $d)) (export "descriptor" (type $descriptor (eq $d)))"#,
        given: &[],
        functions: &[stored(
            "get-directories",
            "(result (list (tuple (own $descriptor) string)))",
            &[],
        )],
    },
];
