//! What the host must end.

use std::hint::black_box;

const BLOCK_BYTES: usize = 1 << 20;

/// Allocates and touches memory without end.
pub(crate) fn out_of_memory() -> ! {
    let mut blocks = Vec::new();
    loop {
        blocks.push(black_box(vec![1_u8; BLOCK_BYTES]));
    }
}

/// Computes without end.
pub(crate) fn out_of_fuel() -> ! {
    let mut number = 0_u64;
    loop {
        number = black_box(number.wrapping_add(1));
    }
}
