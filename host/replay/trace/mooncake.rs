//! Mooncake's traces (Qin et al., FAST '25): JSON Lines with `timestamp` in milliseconds,
//! `input_length`, `output_length` and `hash_ids`.
//!
//! A hash names a block of 512 tokens together with all before it, so equal hashes are equal
//! beginnings of prompts. The last block of a prompt has the rest of its tokens.

use std::sync::Arc;

use timeslip_timeline::conversation::{PromptPart, PromptPartKind, Role};

use super::assemble::Row;
use super::json_lines::{Object, read_objects};
use super::number::Unit;
use crate::error::TraceError;

/// Tokens of a block.
const BLOCK_TOKENS: u64 = 512;

const KEYS: &[&str] = &["timestamp", "input_length", "output_length", "hash_ids"];

pub(super) fn rows(
    file: &str,
    text: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<Row>, TraceError> {
    read_objects(file, text, KEYS, notes, row)
}

fn row(object: &Object<'_>) -> Result<Row, TraceError> {
    let input_tokens = object.tokens("input_length")?;
    Ok(Row {
        line: object.line,
        at: object.nanos("timestamp", Unit::Milliseconds)?,
        input_tokens,
        output_tokens: object.tokens("output_length")?,
        prompt: prompt(object, input_tokens)?,
        session: None,
        gap: None,
        measured: None,
    })
}

fn prompt(object: &Object<'_>, input_tokens: u64) -> Result<Arc<[PromptPart]>, TraceError> {
    let Some(text) = object.value("hash_ids") else {
        return Ok(Arc::default());
    };
    let hashes: Vec<u64> = serde_json::from_str(text).map_err(|_| {
        let problem = "this is no list of whole numbers";
        object.error("hash_ids", problem, "write the hashes of the prompt's blocks, as [0, 1, 2]")
    })?;
    let blocks = input_tokens.div_ceil(BLOCK_TOKENS);
    if !hashes.is_empty() && hashes.len() as u64 != blocks {
        let (found, fix) = (hashes.len(), "give each block one hash, or leave `hash_ids` out");
        let problem = format!(
            "{found} hashes, and a prompt of {input_tokens} tokens has {blocks} blocks of \
             {BLOCK_TOKENS}"
        );
        return Err(object.error("hash_ids", &problem, fix));
    }
    let part = |(place, digest): (usize, &u64)| PromptPart {
        kind: PromptPartKind::Message(Role::User),
        tokens: BLOCK_TOKENS.min(input_tokens - place as u64 * BLOCK_TOKENS),
        digest: *digest,
    };
    Ok(hashes.iter().enumerate().map(part).collect())
}
