//! The tables of a layer profile, made of timed parts of layers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use timeslip_sim::profile::LayerProfile;

use crate::derived::{Provenance, Variant};

use super::{ATTENTION, LayerRow, LayerRows};

/// Parts whose time follows from the tokens of a step, with those that a layer may lack.
const BY_TOKENS: [(&str, bool); 10] = [
    ("embedding", true),
    ("layernorm", true),
    ("qkv_proj", true),
    ("qk_norm", false),
    ("rotary_emb", false),
    ("o_proj", true),
    ("gate_up_proj", true),
    ("act_fn", true),
    ("down_proj", true),
    ("final_layernorm", true),
];

/// Parts whose time follows from the chats of a step.
const BY_CHATS: [(&str, bool); 2] = [("lm_head", true), ("sampler", true)];

/// The names of the parts of a step, attention and whole layers aside.
pub(super) fn parts() -> impl Iterator<Item = &'static str> + Clone {
    BY_TOKENS.into_iter().chain(BY_CHATS).map(|(part, _)| part)
}

/// The tables that `[pools.layer_profile]` leads to, as CSV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// `layer,tokens,time_us`.
    pub dense: String,
    /// `prefill_chunk,kv_prefill,n_decode,kv_decode,time_us`.
    pub attention: String,
    /// `layer,sequences,time_us`.
    pub per_sequence: String,
}

/// A machine that is timed by its tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayeredMachine {
    /// Its name.
    pub name: String,
    /// Its TOML text.
    pub text: String,
    /// What the text leads to.
    pub tables: Tables,
}

impl LayeredMachine {
    /// The machine's file and those that it leads to, by their paths in the folder of machines;
    /// those first.
    pub fn files(&self) -> [(String, &str); 4] {
        let name = &self.name;
        [
            (format!("{name}/dense.csv"), &self.tables.dense),
            (format!("{name}/attention.csv"), &self.tables.attention),
            (format!("{name}/per_sequence.csv"), &self.tables.per_sequence),
            (format!("{name}.toml"), &self.text),
        ]
    }

    /// A machine with one pool whose steps these tables time; `None` of a machine with several,
    /// since the tables are of one chip that does everything. They hold for one model, so the
    /// machine serves that alone, and cannot inherit from one that serves others.
    pub(crate) fn of(
        variant: &Variant<'_>,
        model: &str,
        device: &str,
        tables: Tables,
    ) -> Option<LayeredMachine> {
        let name = format!("{}-layers", variant.name);
        let Provenance { source, date } = variant.provenance.clone();
        let mut machine = variant.machine.clone();
        let serving = machine.serving(model)?;
        let [pool] = machine.pools.as_mut_slice() else {
            return None;
        };
        let path = |table: &str| Path::new(&name).join(table);
        pool.layer_profile = Some(LayerProfile {
            dense: path("dense.csv"),
            attention: path("attention.csv"),
            per_sequence: path("per_sequence.csv"),
            kv_blocks: None,
            source: source.clone(),
            date,
            confidence: variant.confidence,
            note: Some(NOTE.to_owned()),
        });
        machine.title = format!("{}, by measured layers", machine.title);
        machine.about = format!("`timeslip calibrate` made its tables of {source}, of {device}.");
        machine.inherits = None;
        machine.default_model = model.to_owned();
        machine.serves = vec![serving];
        machine.other_models = None;
        machine.name.clone_from(&name);
        let text = toml::to_string(&machine).ok()?;
        Some(LayeredMachine { name, text, tables })
    }
}

/// What a reader of the tables should know.
const NOTE: &str = "A step that reads a prompt and writes replies takes the sum of both in \
                    attention, as PyTorch computes them.";

/// Times by what they follow from.
type Times<'a> = BTreeMap<(&'a str, u64), f64>;

impl Tables {
    /// Of the rows of one format.
    ///
    /// # Errors
    /// Which parts of a step no row times.
    pub fn of(rows: &LayerRows, dtype: &str) -> Result<Tables, Vec<&'static str>> {
        let rows: Vec<&LayerRow> = rows.rows.iter().filter(|row| row.dtype == dtype).collect();
        let is_there = |part: &str| rows.iter().any(|row| row.part == part);
        let needed = BY_TOKENS.into_iter().chain(BY_CHATS).filter(|(_, needed)| *needed);
        let mut missing: Vec<&str> =
            needed.map(|(part, _)| part).filter(|part| !is_there(part)).collect();
        let attends = |reads: bool| {
            rows.iter().any(|row| row.part == ATTENTION && row.reads == reads && is_one(row))
        };
        if !attends(true) || !attends(false) {
            missing.push(ATTENTION);
        }
        if !missing.is_empty() {
            return Err(missing);
        }
        let by_tokens = times(&rows, &BY_TOKENS, |row| row.batch * row.new_tokens);
        let by_chats = times(&rows, &BY_CHATS, |row| row.batch);
        Ok(Tables {
            dense: table("layer,tokens,time_us", &by_tokens),
            attention: attention(&rows),
            per_sequence: table("layer,sequences,time_us", &by_chats),
        })
    }
}

/// A table has one prompt in a step.
fn is_one(row: &LayerRow) -> bool {
    !row.reads || row.batch == 1
}

/// The times of parts by a count; where one was timed twice at one count, the later row holds.
fn times<'a>(
    rows: &[&'a LayerRow],
    parts: &[(&str, bool)],
    count: impl Fn(&LayerRow) -> u64,
) -> Times<'a> {
    let named = rows.iter().filter(|row| parts.iter().any(|(part, _)| *part == row.part));
    named.map(|row| ((row.part.as_str(), count(row)), row.seconds)).collect()
}

fn table(heading: &str, times: &Times<'_>) -> String {
    let mut text = format!("{heading}\n");
    for ((part, count), seconds) in times {
        writeln!(text, "{part},{count},{}", microseconds(*seconds)).expect("a string takes it");
    }
    text
}

/// Attention of prompts, of replies, and of both in one step. PyTorch computes the two one after
/// the other, so a step that does both takes the sum.
fn attention(rows: &[&LayerRow]) -> String {
    let mut times: BTreeMap<[u64; 4], f64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.part == ATTENTION && is_one(row)) {
        let at = match row.reads {
            true => [row.new_tokens, row.context_tokens, 0, 0],
            false => [0, 0, row.batch, row.context_tokens],
        };
        times.insert(at, row.seconds);
    }
    let alone = times.clone();
    let is_reading = |(at, _): &(&[u64; 4], &f64)| at[0] > 0;
    for (reading, its) in alone.iter().filter(is_reading) {
        for (writing, others) in alone.iter().filter(|row| !is_reading(row)) {
            times.insert([reading[0], reading[1], writing[2], writing[3]], its + others);
        }
    }
    let mut text = "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n".to_owned();
    for ([chunk, past, chats, context], seconds) in times {
        writeln!(text, "{chunk},{past},{chats},{context},{}", microseconds(seconds))
            .expect("a string takes it");
    }
    text
}

fn microseconds(seconds: f64) -> String {
    format!("{:.3}", seconds * 1e6)
}
