//! Custom sections of a component: found at any depth, added and taken out at the top.

use wasmparser::{Parser, Payload};

use crate::error::{MarketError, Result};

/// What a component begins with.
const HEADER_BYTES: usize = 8;

/// The number of custom sections.
const CUSTOM: u8 = 0;

/// A custom section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section<'a> {
    /// How many components stand around it; none at the top.
    pub(super) depth: usize,
    /// Its name.
    pub(super) name: &'a str,
    /// Its bytes.
    pub(super) data: &'a [u8],
}

/// The custom sections of a component and of everything inside it, but for core modules.
///
/// # Errors
/// When the bytes are no component, or are truncated.
pub(super) fn custom_sections(bytes: &[u8]) -> Result<Vec<Section<'_>>> {
    let mut sections = Vec::new();
    // Whether each thing that is open is a component.
    let mut open: Vec<bool> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| damaged(&error))? {
            Payload::Version { encoding, .. } => {
                open.push(encoding == wasmparser::Encoding::Component);
                if !open[0] {
                    return Err(MarketError::refused(
                        "it is a core WebAssembly module, and a plugin is a component",
                    ));
                }
            }
            Payload::End(_) => {
                open.pop();
            }
            Payload::CustomSection(custom) if open.last() == Some(&true) => {
                let depth = open.len() - 1;
                sections.push(Section { depth, name: custom.name(), data: custom.data() });
            }
            _ => {}
        }
    }
    Ok(sections)
}

pub(super) fn damaged(error: &impl std::fmt::Display) -> MarketError {
    MarketError::refused(format!(
        "it is no whole component: {error}; the file may be truncated or damaged"
    ))
}

/// A component with one more custom section at its end.
pub(super) fn with_section(mut bytes: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(name.len() + data.len() + 5);
    push_length(&mut content, name.len());
    content.extend_from_slice(name.as_bytes());
    content.extend_from_slice(data);
    bytes.push(CUSTOM);
    push_length(&mut bytes, content.len());
    bytes.extend(content);
    bytes
}

/// A component without the custom sections at its top that have one of these names.
///
/// # Errors
/// When the bytes are truncated.
pub(super) fn without_sections(bytes: &[u8], names: &[&str]) -> Result<Vec<u8>> {
    let truncated = || damaged(&"a section is cut off");
    let mut kept = bytes.get(..HEADER_BYTES).ok_or_else(truncated)?.to_vec();
    let mut rest = &bytes[HEADER_BYTES..];
    while let Some(id) = rest.first() {
        let (length, length_bytes) = read_length(&rest[1..]).ok_or_else(truncated)?;
        let begin = 1 + length_bytes;
        let end =
            begin.checked_add(length).filter(|end| *end <= rest.len()).ok_or_else(truncated)?;
        let content = &rest[begin..end];
        let named = *id == CUSTOM && name_of(content).is_some_and(|name| names.contains(&name));
        if !named {
            kept.extend_from_slice(&rest[..end]);
        }
        rest = &rest[end..];
    }
    Ok(kept)
}

fn name_of(content: &[u8]) -> Option<&str> {
    let (length, length_bytes) = read_length(content)?;
    std::str::from_utf8(content.get(length_bytes..)?.get(..length)?).ok()
}

/// Appends a length as LEB128.
pub(super) fn push_length(bytes: &mut Vec<u8>, length: usize) {
    let mut left = length;
    loop {
        let low = (left & 0x7f) as u8;
        left >>= 7;
        bytes.push(if left == 0 { low } else { low | 0x80 });
        if left == 0 {
            return;
        }
    }
}

/// A length of at most 32 bits, and how many bytes it takes.
pub(super) fn read_length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut length: u64 = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(length).ok()?, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn what_was_added_is_found_and_can_be_taken_out() {
        let long = vec![7; 300];
        let one = with_section(EMPTY.to_vec(), "one", b"first");
        let both = with_section(one.clone(), "two", &long);
        let found = custom_sections(&both).unwrap();
        let section = |name, data| Section { depth: 0, name, data };
        assert_eq!(found, [section("one", b"first".as_slice()), section("two", &long)]);
        assert_eq!(without_sections(&both, &["two"]).unwrap(), one);
        assert_eq!(without_sections(&both, &["one", "two"]).unwrap(), EMPTY);
    }

    #[test]
    fn a_truncated_component_is_told() {
        let whole = with_section(EMPTY.to_vec(), "one", b"first");
        for length in [3, 9, whole.len() - 1] {
            assert!(without_sections(&whole[..length], &[]).is_err(), "{length}");
            assert!(custom_sections(&whole[..length]).is_err(), "{length}");
        }
        assert!(custom_sections(b"\0asm\x01\0\0\0").unwrap_err().to_string().contains("core"));
    }
}
