//! Finds the bracket that closes a container, 64 bytes at a time.
//!
//! Most of the data is only stepped over, and this is the step. Masks say where the quotes and
//! brackets of a block are, and arithmetic on masks which brackets stand outside of strings.

const BLOCK_BYTES: usize = 64;

/// Behind the bracket that closes the container that begins at `start`; none where the text ends
/// before.
pub(super) fn end_of_container(bytes: &[u8], start: usize) -> Option<usize> {
    let mut place = Place::default();
    let mut at = start;
    while let Some(block) = bytes[at..].first_chunk() {
        let masks = Masks::of(block);
        let end = if !(masks.has_escapes || place.escaped) {
            place.pass_block(&masks)
        } else {
            place.pass_bytes(block)
        };
        if let Some(length) = end {
            return Some(at + length);
        }
        at += BLOCK_BYTES;
    }
    place.pass_bytes(&bytes[at..]).map(|length| at + length)
}

/// What lies open at a place in the text.
#[derive(Default)]
struct Place {
    /// Open brackets.
    depth: u32,
    /// Whether a string is open.
    in_string: bool,
    /// Whether the byte before was a backslash that escapes the next.
    escaped: bool,
}

impl Place {
    /// Passes a block without backslashes; gives the length up to the closing bracket if it is
    /// there.
    fn pass_block(&mut self, masks: &Masks) -> Option<usize> {
        let strings = prefix_xor(masks.quotes) ^ if self.in_string { u64::MAX } else { 0 };
        let opening = masks.opening & !strings;
        let closing = masks.closing & !strings;
        let closing_count = closing.count_ones();
        if closing_count >= self.depth
            && let Some(length) = self.closing_place(opening, closing)
        {
            return Some(length);
        }
        self.depth = self.depth + opening.count_ones() - closing_count;
        self.in_string = strings >> 63 == 1;
        None
    }

    fn closing_place(&self, opening: u64, closing: u64) -> Option<usize> {
        let mut rest = closing;
        let mut closed = 0;
        while rest != 0 {
            let bit = rest.trailing_zeros();
            let opened_before = (opening & ((1 << bit) - 1)).count_ones();
            closed += 1;
            if self.depth + opened_before == closed {
                return Some(bit as usize + 1);
            }
            rest &= rest - 1;
        }
        None
    }

    /// As `pass_block`, for any bytes.
    fn pass_bytes(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            if self.in_string {
                let ends = *byte == b'"' && !self.escaped;
                self.escaped = *byte == b'\\' && !self.escaped;
                self.in_string = !ends;
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
            if self.depth == 0 {
                return Some(index + 1);
            }
        }
        None
    }
}

/// Every bit becomes the parity of the bits up to it: one from an opening quote up to the byte
/// before the closing one.
fn prefix_xor(bits: u64) -> u64 {
    let bits = bits ^ (bits << 1);
    let bits = bits ^ (bits << 2);
    let bits = bits ^ (bits << 4);
    let bits = bits ^ (bits << 8);
    let bits = bits ^ (bits << 16);
    bits ^ (bits << 32)
}

/// The bit by which a brace differs from the bracket of its side.
const BRACE_BIT: u8 = b'{' ^ b'[';

/// Where the bytes that matter are in a block: bit 0 is its first byte.
#[derive(Default)]
struct Masks {
    quotes: u64,
    has_escapes: bool,
    opening: u64,
    closing: u64,
}

impl Masks {
    /// Without loops: this is the innermost of all, and the guests' profile unrolls none.
    #[cfg(target_arch = "wasm32")]
    #[target_feature(enable = "simd128")]
    fn of(block: &[u8; BLOCK_BYTES]) -> Masks {
        use std::arch::wasm32::{
            i8x16_bitmask, i8x16_eq, u8x16_splat, v128, v128_any_true, v128_load, v128_or,
        };

        let part = |index: usize| {
            let part = block.as_chunks::<16>().0[index].as_ptr();
            // SAFETY: the pointer is to 16 bytes, and the load needs no alignment.
            unsafe { v128_load(part.cast()) }
        };
        let is = |part: v128, byte: u8| i8x16_eq(part, u8x16_splat(byte));
        let folded = |part: v128| v128_or(part, u8x16_splat(BRACE_BIT));
        let mask = |part: v128, byte: u8| u64::from(i8x16_bitmask(is(part, byte)));
        let (a, b, c, d) = (part(0), part(1), part(2), part(3));
        let places = |a, b, c, d, byte| {
            mask(a, byte) | mask(b, byte) << 16 | mask(c, byte) << 32 | mask(d, byte) << 48
        };
        let quotes = places(a, b, c, d, b'"');
        let escapes =
            v128_or(v128_or(is(a, b'\\'), is(b, b'\\')), v128_or(is(c, b'\\'), is(d, b'\\')));
        let (a, b, c, d) = (folded(a), folded(b), folded(c), folded(d));
        Masks {
            quotes,
            has_escapes: v128_any_true(escapes),
            opening: places(a, b, c, d, b'{'),
            closing: places(a, b, c, d, b'}'),
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn of(block: &[u8; BLOCK_BYTES]) -> Masks {
        let mut masks = Masks::default();
        for (index, byte) in block.iter().enumerate() {
            let place = |is: bool| u64::from(is) << index;
            masks.quotes |= place(*byte == b'"');
            masks.has_escapes |= *byte == b'\\';
            masks.opening |= place(byte | BRACE_BIT == b'{');
            masks.closing |= place(byte | BRACE_BIT == b'}');
        }
        masks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Byte for byte, as `pass_bytes` does it.
    fn slowly(bytes: &[u8]) -> Option<usize> {
        Place::default().pass_bytes(bytes)
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        for filling in ["", "}}]]", "{[", "\\\"}", "\\\\"] {
            for padding in 0..130 {
                let space = " ".repeat(padding);
                let container = format!("{{{space}\"a\":[\"{filling}\"]{space}}}");
                let text = format!("{container}, 1}}");
                assert_eq!(end_of_container(text.as_bytes(), 0), Some(container.len()));
            }
        }
    }

    #[test]
    fn a_container_without_an_end_has_none() {
        for length in [1, 63, 64, 65, 200] {
            assert_eq!(end_of_container(&b"[".repeat(length), 0), None);
        }
        assert_eq!(end_of_container(b"[\"]", 0), None);
    }

    proptest! {
        #[test]
        fn blocks_are_passed_as_bytes_are(text in "\\{[\\[\\]{}\"\\\\a]{0,300}") {
            prop_assert_eq!(end_of_container(text.as_bytes(), 0), slowly(text.as_bytes()));
        }

        #[test]
        fn blocks_of_strings_are_passed_as_bytes_are(text in "\\{([\\[\\]{}]|\"[{}a]{0,40}\"){0,40}") {
            prop_assert_eq!(end_of_container(text.as_bytes(), 0), slowly(text.as_bytes()));
        }
    }
}
