//! Measured serving, as AIConfigurator publishes it (`silicon_sample.csv`): one line for each load
//! on each configuration, with the mean times to the first token and per token after it.

use super::Format;
use super::table::Cells;
use crate::error::MeasurementError;
use crate::row::{Asked, Metric, Row, StatedFormats, StatedLayout, StatedServing};

pub(super) const FORMAT: Format = Format {
    about: "measured serving",
    known_by: &["silicon_ttft_ms", "silicon_tpot_ms"],
    required: &["model_path", "system", "isl", "osl", "silicon_ttft_ms", "silicon_tpot_ms"],
    read,
};

fn read(cells: &Cells<'_>) -> Result<Row, MeasurementError> {
    let text = |column| cells.text(column).map(str::to_owned);
    let id = text("id").unwrap_or_else(|| format!("line {}", cells.line));
    let together = layout(cells, "")?;
    let serving = StatedServing {
        mode: text("mode"),
        input_tokens: cells.count("isl")?,
        output_tokens: cells.count("osl")?,
        concurrency: concurrency(cells, &id, &together)?,
        measured_on: cells.text("silicon_data_source").and_then(day),
        together,
        prefill: layout(cells, "prefill_")?,
        decode: layout(cells, "decode_")?,
    };
    let mut measured = Vec::new();
    for (metric, column) in [(Metric::Ttft, "silicon_ttft_ms"), (Metric::Tpot, "silicon_tpot_ms")] {
        measured.extend(cells.positive(column)?.map(|value| (metric, value)));
    }
    Ok(Row {
        line: cells.line,
        id,
        system: text("system").unwrap_or_default(),
        model: text("model_path").unwrap_or_default(),
        software: text("backend"),
        formats: StatedFormats {
            precision: text("precision"),
            linear: text("gemm_quant_mode"),
            experts: text("moe_quant_mode"),
        },
        asked: Asked::Serving(Box::new(serving)),
        measured,
    })
}

fn layout(cells: &Cells<'_>, side: &str) -> Result<StatedLayout, MeasurementError> {
    // Some files write 0 for what was not set.
    let count = |name: &str| {
        let stated = cells.whole(&format!("{side}{name}"))?;
        Ok::<_, MeasurementError>(stated.filter(|count| *count > 0))
    };
    Ok(StatedLayout {
        workers: count("num_workers")?,
        tensor: count("tp_size")?,
        pipeline: count("pp_size")?,
        attention_data: count("attention_dp_size")?,
        expert_tensor: count("moe_tp_size")?,
        expert: count("moe_ep_size")?,
    })
}

/// Chats at once. The note on the row's source has it; where it does not, a column or the row's
/// name may; last, the batch of each copy of attention, which in some rows is something else.
fn concurrency(
    cells: &Cells<'_>,
    id: &str,
    together: &StatedLayout,
) -> Result<Option<u64>, MeasurementError> {
    let noted = cells.text("silicon_data_source").and_then(noted);
    for stated in [noted, cells.count("silicon_concurrency")?, cells.count("concurrency")?] {
        if stated.is_some() {
            return Ok(stated);
        }
    }
    let batch = cells.count("batch_size")?;
    let copies = together.attention_data.unwrap_or(1);
    Ok(named(id).or(batch.map(|batch| batch * copies)))
}

/// The number after `silicon_concurrency=`.
fn noted(source: &str) -> Option<u64> {
    let (_, rest) = source.split_once("silicon_concurrency=")?;
    rest.split(';').next()?.trim().parse().ok().filter(|chats| *chats > 0)
}

/// The day after `measured=`.
fn day(source: &str) -> Option<String> {
    let (_, rest) = source.split_once("measured=")?;
    rest.get(..10).map(str::to_owned)
}

/// The number of a part `c64` of a name such as `…_1024x1024_c64_tp8_…`.
fn named(id: &str) -> Option<u64> {
    let numbers = id.split('_').filter_map(|part| part.strip_prefix('c'));
    numbers.filter_map(|number| number.parse().ok()).find(|chats| *chats > 0)
}
