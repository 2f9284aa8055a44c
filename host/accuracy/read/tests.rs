//! Files as people have them: whole, cut down by other programs, and broken.

use super::read;
use crate::row::{Asked, Metric, Phase, Row, StatedLayout, StatedServing};

fn failure(text: &str) -> String {
    read("rows.csv", text).unwrap_err().to_string()
}

fn serving(row: &Row) -> &StatedServing {
    match &row.asked {
        Asked::Serving(serving) => serving,
        Asked::Step(step) => panic!("{step:?}"),
    }
}

const HEADER: &str = "id,silicon_data_source,backend,model_path,system,mode,isl,osl,batch_size,tp_size,\
                      attention_dp_size,silicon_ttft_ms,silicon_tpot_ms\n";

#[test]
fn a_row_of_serving_says_what_was_done_and_measured() {
    let text = format!(
        "{HEADER}a,\"db; silicon_concurrency=64; wip\",vllm,openai/gpt-oss-120b,h200_sxm,agg,1024,\
         128,8,8.0,,195.5,5.25\n"
    );
    let rows = read("rows.csv", &text).unwrap();
    let row = &rows[0];
    assert_eq!((row.id.as_str(), row.line, row.mode()), ("a", 2, "agg"));
    assert_eq!(row.measured, [(Metric::Ttft, 195.5), (Metric::Tpot, 5.25)]);
    let stated = serving(row);
    assert_eq!((stated.input_tokens, stated.output_tokens), (Some(1024), Some(128)));
    assert_eq!(stated.concurrency, Some(64), "the note on the source counts before the batch");
    assert_eq!(stated.together, StatedLayout { tensor: Some(8), ..StatedLayout::default() });
}

#[test]
fn chats_at_once_are_found_where_the_note_lacks_them() {
    let row = |id: &str, batch: &str, data: &str| {
        let text = format!("{HEADER}{id},note,vllm,m,s,agg,10,10,{batch},1,{data},1,1\n");
        serving(&read("rows.csv", &text).unwrap()[0]).concurrency
    };
    assert_eq!(row("x_1024x1024_c112_tp4", "28", ""), Some(112));
    assert_eq!(row("x", "28", "4"), Some(112));
    assert_eq!(row("x", "", ""), None);
}

#[test]
fn columns_that_are_not_there_are_cells_without_a_value() {
    let text = "system,model_path,isl,osl,silicon_ttft_ms,silicon_tpot_ms\nb300_sxm,a/b,,9,nan,4\n";
    let rows = read("rows.csv", text).unwrap();
    assert_eq!((rows[0].id.as_str(), rows[0].mode()), ("line 2", "mode not stated"));
    assert_eq!(serving(&rows[0]).input_tokens, None);
    assert_eq!(rows[0].measured, [(Metric::Tpot, 4.0)]);
}

#[test]
fn a_row_of_a_step_says_what_was_timed() {
    let text =
        "phase,batch,new_tokens_per_req,past_kv_per_req,measured_ms\nprefill,2,1024,0,36.8\n";
    let rows = read("steps.csv", text).unwrap();
    let Asked::Step(step) = &rows[0].asked else { panic!("a step") };
    assert_eq!((step.phase, step.batch, step.new_tokens), (Phase::Prefill, 2, 1024));
    assert_eq!(rows[0].measured, [(Metric::Step, 36.8)]);
    assert_eq!(rows[0].id, "prefill 2 x 1024 after 0");
}

#[test]
fn a_broken_cell_is_named_by_line_and_column() {
    let row = |cells: &str| failure(&format!("{HEADER}{cells}\n"));
    assert_eq!(
        row("a,n,vllm,m,s,agg,many,10,1,1,1,1,1"),
        "rows.csv:2, column `isl`: `many` is not a number\n  fix: correct it, or leave the cell empty"
    );
    assert!(row("a,n,v,m,s,agg,1.5,10,1,1,1,1,1").contains("`1.5` is not a whole number"));
    assert!(row("a,n,v,m,s,agg,0,10,1,1,1,1,1").contains("`0` must be at least 1"));
    assert!(
        row("a,n,v,m,s,agg,9,10,1,1,1,-3,1").contains("column `silicon_ttft_ms`: `-3` must be")
    );
    assert!(row("a,n,v,m,s,agg,9,10,1,1,1,inf,1").contains("`inf` is not a number"));
    let step = "phase,batch,new_tokens_per_req,past_kv_per_req,measured_ms\n";
    assert!(failure(&format!("{step}read,1,1,0,5\n")).contains("neither `prefill` nor `decode`"));
    assert!(
        failure(&format!("{step}decode,,1,0,5\n")).contains("column `batch`: the cell is empty")
    );
}

#[test]
fn a_file_that_is_no_file_of_measurements_is_told_what_is_one() {
    assert!(failure("").starts_with("rows.csv: the file is empty\n  fix: "));
    let unknown = failure("a,b\n1,2\n");
    assert!(unknown.starts_with("rows.csv:1: the header is of no known format"), "{unknown}");
    assert!(unknown.contains("measured serving: model_path,system"), "{unknown}");
    assert!(unknown.contains("measured steps: phase,batch"), "{unknown}");
    let missing =
        failure("model_path,systm,isl,osl,silicon_ttft_ms,silicon_tpot_ms\na,b,1,1,1,1\n");
    assert!(missing.contains("the column `system` is missing"), "{missing}");
    assert!(missing.contains("was the column `systm` meant"), "{missing}");
    assert!(failure(HEADER).contains("there is no row below the header"));
    assert!(
        failure(&format!("{HEADER}a,b\n")).contains("rows.csv:2: 2 columns, and the header has 13")
    );
}
