//! Any calls of WASI's functions, drawn from bytes: what a hostile guest might do.

use super::guests::{Handle, agent};
use super::interfaces::{Function, INTERFACES, Parameter};

/// Where the newest handle of each kind is kept.
const HANDLES: usize = 64;
/// Where results are put.
const RESULT: usize = 1024;
/// Where texts lie.
const TEXTS: [&str; 9] = ["a", "b", "a/b", "..", "/", ".", "b/c/d", "", "\u{17c}\n"];
const TEXT_STEP: usize = 16;
const TEXTS_AT: usize = 2048;

/// The text of an agent that makes these calls.
pub(super) fn caller(bytes: &[u8]) -> String {
    let mut drawn = bytes.iter().copied();
    let mut core = String::new();
    for (index, text) in TEXTS.iter().enumerate() {
        let hex: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        let at = TEXTS_AT + TEXT_STEP * index;
        core += &format!("(data (i32.const {at}) \"{hex}\")\n");
    }
    core += "(func $main (result i32 i32)\n";
    for (interface, function) in BEGINNING {
        let found = INTERFACES.iter().find(|one| one.name.contains(interface));
        let found =
            found.and_then(|one| Some((one, one.functions.iter().find(|f| f.name == *function)?)));
        let (interface, function) = found.expect("the table has what a guest begins with");
        core += &call(interface.name, function, &mut std::iter::empty());
    }
    // The one preopened folder: a list of one handle and a name.
    core += &format!(
        "(i32.store (i32.const {}) (i32.load (i32.load (i32.const 1024))))\n",
        HANDLES + 4 * Handle::Descriptor as usize
    );
    let functions: Vec<(&str, &Function)> = INTERFACES
        .iter()
        .flat_map(|interface| interface.functions.iter().map(|function| (interface.name, function)))
        .collect();
    while let Some(which) = drawn.next() {
        let which = usize::from(which);
        core += &match functions.get(which % (functions.len() + 1)) {
            Some((interface, function)) => call(interface, function, &mut drawn),
            None => drop_one(drawn.next().unwrap_or(0)),
        };
    }
    core += "(i32.const 0) (i32.const 0))\n";
    agent(&core)
}

/// What gives a guest its first handles.
const BEGINNING: &[(&str, &str)] = &[
    ("cli/stdin", "get-stdin"),
    ("cli/stdout", "get-stdout"),
    ("clocks/monotonic", "subscribe-duration"),
    ("filesystem/preopens", "get-directories"),
];

fn call(interface: &str, function: &Function, drawn: &mut dyn Iterator<Item = u8>) -> String {
    let short = short_name(interface);
    let mut text = format!("(call ${short}.{}", function.name.trim_start_matches("[method]"));
    let mut next = |most: u32| u32::from(drawn.next().unwrap_or(0)) % most;
    for parameter in function.parameters {
        text += &match parameter {
            Parameter::Handle(handle) => {
                format!(" (i32.load (i32.const {}))", HANDLES + 4 * *handle as usize)
            }
            Parameter::Small(most) => format!(" (i32.const {})", next(*most)),
            Parameter::Long => format!(" (i64.const {})", long(next(256))),
            Parameter::Text => {
                let which = next(TEXTS.len() as u32) as usize;
                let at = TEXTS_AT + TEXT_STEP * which;
                format!(" (i32.const {at}) (i32.const {})", TEXTS[which].len())
            }
            Parameter::Pollables => {
                format!(" (i32.const {HANDLES}) (i32.const {})", next(2))
            }
        };
    }
    if function.through_memory {
        text += &format!(" (i32.const {RESULT})");
    }
    text += ")";
    match (function.gives, function.through_memory, function.result) {
        (Some(handle), true, _) => {
            let kept = HANDLES + 4 * handle as usize;
            let at = RESULT + function.handle_at as usize;
            text + &format!("\n(i32.store (i32.const {kept}) (i32.load (i32.const {at})))\n")
        }
        (Some(handle), false, _) => {
            let kept = HANDLES + 4 * handle as usize;
            format!("(i32.store (i32.const {kept}) {text})\n")
        }
        (None, _, "") => text + "\n",
        (None, ..) => format!("(drop {text})\n"),
    }
}

fn drop_one(which: u8) -> String {
    let handle = Handle::ALL[usize::from(which) % Handle::ALL.len()];
    let kept = HANDLES + 4 * handle as usize;
    format!("(call $drop.{} (i32.load (i32.const {kept})))\n", handle.resource())
}

/// Numbers at the edges, and ordinary ones.
fn long(drawn: u32) -> i64 {
    match drawn {
        0 => i64::MAX,
        1 => -1,
        2 => 1 << 32,
        3 => 1 << 20,
        4 => 65_537,
        small => i64::from(small),
    }
}

fn short_name(interface: &str) -> &'static str {
    let found = INTERFACES.iter().find(|one| one.name == interface);
    found.expect("the table has it").short
}
