//! Components that import WASI, written as text: the interfaces, and what a core module needs to
//! call their functions.

use super::interfaces::{Function, INTERFACES, Interface, Parameter};

/// What kind of thing a handle stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]

pub(super) enum Handle {
    Pollable,
    Error,
    InputStream,
    OutputStream,
    Descriptor,
    EntryStream,
}

impl Handle {
    /// The resource's name.
    pub(super) fn resource(self) -> &'static str {
        match self {
            Handle::Pollable => "pollable",
            Handle::Error => "error",
            Handle::InputStream => "input-stream",
            Handle::OutputStream => "output-stream",
            Handle::Descriptor => "descriptor",
            Handle::EntryStream => "directory-entry-stream",
        }
    }

    /// All of them.
    pub(super) const ALL: [Handle; 6] = [
        Handle::Pollable,
        Handle::Error,
        Handle::InputStream,
        Handle::OutputStream,
        Handle::Descriptor,
        Handle::EntryStream,
    ];
}

/// The parameters of a function in a core module's text.
fn core_type(function: &Function) -> String {
    let core = |parameter: &Parameter| match parameter {
        Parameter::Handle(_) | Parameter::Small(_) => "i32",
        Parameter::Long => "i64",
        Parameter::Text | Parameter::Pollables => "i32 i32",
    };
    let mut parameters: Vec<&str> = function.parameters.iter().map(core).collect();
    if function.through_memory {
        parameters.push("i32");
    }
    let result = match function.result {
        "" => String::new(),
        result => format!("(result {result})"),
    };
    format!("(param {}) {result}", parameters.join(" "))
}

/// The parts of a component's text that depend on the interfaces.
#[derive(Default)]
struct Parts {
    /// What the component imports.
    imports: String,
    /// The functions, lowered.
    lowered: String,
    /// What the core module is given.
    given: String,
    /// What the core module imports.
    core_imports: String,
}

impl Parts {
    fn add(&mut self, interface: &Interface) {
        let Interface { name, short, types, .. } = interface;
        self.imports += &format!("(import \"{name}\" (instance ${short} {types}\n");
        self.given += &format!("(with \"{short}\" (instance\n");
        for function in interface.functions {
            let key = format!("{short} {}", function.name).replace([' ', '[', ']'], "-");
            let plain = function.name.trim_start_matches("[method]");
            self.imports += &format!("  (export \"{}\" (func {}))\n", function.name, function.ty);
            self.lowered += &format!(
                "(alias export ${short} \"{}\" (func ${key}))\n(core func ${key} (canon lower (func \
                 ${key}) (memory $memory) (realloc $realloc)))\n",
                function.name
            );
            self.given += &format!("  (export \"{}\" (func ${key}))\n", function.name);
            self.core_imports += &format!(
                "(import \"{short}\" \"{}\" (func ${short}.{plain} {}))\n",
                function.name,
                core_type(function)
            );
        }
        self.imports += "))\n";
        self.given += "))\n";
        for resource in interface.given {
            self.imports += &format!("(alias export ${short} \"{resource}\" (type ${resource}))\n");
        }
    }

    fn add_drops(&mut self) {
        self.given += "(with \"drop\" (instance\n";
        for handle in Handle::ALL {
            let resource = handle.resource();
            self.lowered +=
                &format!("(core func $drop-{resource} (canon resource.drop ${resource}))\n");
            self.given += &format!("(export \"{resource}\" (func $drop-{resource}))\n");
            self.core_imports +=
                &format!("(import \"drop\" \"{resource}\" (func $drop.{resource} (param i32)))\n");
        }
        self.given += "))\n";
    }
}

/// An agent of the blocking world, whose core module begins with all imports and a memory, and goes
/// on with this text, which defines a function `$main` that gives an address and a length.
///
/// What the host gives lies from 64 KiB on, one behind the other, and there again at the end.
pub(super) fn agent(core: &str) -> String {
    let mut parts = Parts::default();
    INTERFACES.iter().for_each(|interface| parts.add(interface));
    parts.add_drops();
    let Parts { imports, lowered, given, core_imports } = parts;
    format!(
        r#"(component
{TYPES}
{imports}
(core module $libc
  (memory (export "memory") 16)
  (global $next (mut i32) (i32.const 65536))
  (func (export "realloc") (param i32 i32 i32) (param $length i32) (result i32) (local $given i32)
    (if (i32.gt_u (local.get $length) (i32.const 900000)) (then unreachable))
    (if (i32.gt_u (i32.add (global.get $next) (local.get $length)) (i32.const 1000000)) (then
      (global.set $next (i32.const 65536))))
    (local.set $given (global.get $next))
    (global.set $next (i32.and (i32.const -8)
      (i32.add (i32.const 7) (i32.add (global.get $next) (local.get $length)))))
    local.get $given))
(core instance $libc (instantiate $libc))
(alias core export $libc "memory" (core memory $memory))
(alias core export $libc "realloc" (core func $realloc))
{lowered}
(core module $agent
  (import "libc" "memory" (memory 1))
{core_imports}
{core}
  (func (export "run") (param i32 i32 i32 i32) (result i32)
    (local $address i32) (local $length i32)
    call $main
    local.set $length
    local.set $address
    (i32.store (i32.const 16) (i32.const 0))
    (i32.store (i32.const 20) (local.get $address))
    (i32.store (i32.const 24) (local.get $length))
    i32.const 16))
(core instance $agent (instantiate $agent
  (with "libc" (instance $libc))
  {given}))
(func (export "run") (param "task" $task) (result (result $outcome (error $failure)))
  (canon lift (core func $agent "run") (memory $memory) (realloc $realloc))))"#
    )
}

const TYPES: &str = r#"(import "timeslip:agent/types@0.1.0" (instance $types
    (type $task-fields (record (field "name" string) (field "input" string)))
    (export "task" (type (eq $task-fields)))
    (type $outcome-fields (record (field "answer" string)))
    (export "outcome" (type (eq $outcome-fields)))
    (type $failure-fields (record (field "message" string)))
    (export "failure" (type (eq $failure-fields)))))
  (alias export $types "task" (type $task))
  (alias export $types "outcome" (type $outcome))
  (alias export $types "failure" (type $failure))"#;
