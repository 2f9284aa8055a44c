//! What every probe does to its own instance: uses up the processor, the memory or the stack, or
//! traps. The probes share this file, so that a limit is tested by the same code in each world.
//!
//! `black_box` keeps the optimiser from removing what has no result.

use std::hint::black_box;

const PAGE_BYTES: usize = 4096;
const MIB_BYTES: usize = 1024 * 1024;

/// Computes until the host ends the instance.
pub(crate) fn spin() -> ! {
    let mut count = 0u64;
    loop {
        count = black_box(count.wrapping_add(1));
    }
}

/// Computes for so many iterations, and gives their number back.
pub(crate) fn spin_for(iterations: u64) -> String {
    let mut count = 0u64;
    while count < iterations {
        count = black_box(count + 1);
    }
    count.to_string()
}

/// Takes so many mebibytes and touches every page of them; with 0, until the memory fails.
pub(crate) fn allocate(mebibytes: u64) -> String {
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    while mebibytes == 0 || (blocks.len() as u64) < mebibytes {
        let mut block = vec![0u8; MIB_BYTES];
        for byte in block.iter_mut().step_by(PAGE_BYTES) {
            *byte = 1;
        }
        blocks.push(black_box(block));
    }
    blocks.len().to_string()
}

/// Recurses until the stack ends. The sum behind the call keeps it from becoming a loop.
pub(crate) fn recurse(depth: u64) -> u64 {
    if black_box(depth) == 0 {
        return 0;
    }
    black_box(recurse(depth + 1)) + black_box(depth)
}

/// Executes the `unreachable` instruction.
pub(crate) fn trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
}
