//! Predictions held against measured rows, from the command line.

use serde_json::Value;

use crate::place::{Place, shared};

/// A row that can be predicted, one that asks the same, and one of a system that nobody knows.
const ROWS: &str = "\
id,silicon_data_source,backend,model_path,system,mode,isl,osl,tp_size,silicon_ttft_ms,silicon_tpot_ms
one,silicon_concurrency=4,vllm,meta-llama/Llama-3.1-8B,h200_sxm,agg,512,64,1,90,5
two,silicon_concurrency=4,vllm,meta-llama/Llama-3.1-8B,h200_sxm,agg,512,64,1,110,6
odd,silicon_concurrency=4,vllm,meta-llama/Llama-3.1-8B,tpu9,agg,512,64,1,90,5
";

#[test]
fn measured_rows_are_predicted_and_the_others_counted() {
    let place = Place::new();
    place.write("rows.csv", ROWS);
    let screen = place.run(&["hardware", "accuracy", "rows.csv", "--rows"]).passed();
    assert!(screen.starts_with("rows.csv: 3 rows, 2 predicted, 1 not\n"), "{screen}");
    assert!(screen.contains("there is no profile of a chip for system `tpu9`"), "{screen}");
    let command = ["hardware", "accuracy", "rows.csv", "--json", "--markdown", "ACCURACY.md"];
    let json: Value = serde_json::from_str(&place.run(&command).passed()).unwrap();
    let error = json["by_row"][0]["ttft_error"].as_f64().unwrap();
    let predicted = json["by_row"][0]["predicted_ttft_ms"].as_f64().unwrap();
    assert!((error - (predicted / 90.0 - 1.0)).abs() < 1e-12);
    assert_eq!(json["by_row"][1]["predicted_ttft_ms"], json["by_row"][0]["predicted_ttft_ms"]);
    let page = place.read("ACCURACY.md");
    assert!(page.contains("$ timeslip hardware accuracy rows.csv"), "{page}");
}

#[test]
fn bands_are_written_with_the_command_that_writes_them_anew() {
    let place = Place::new();
    place.write("rows.csv", ROWS);
    place.run(&["hardware", "accuracy", "rows.csv", "--bands", "bands.toml"]).passed();
    let bands = place.read("bands.toml");
    let command = "# Written by: timeslip hardware accuracy rows.csv --bands bands.toml\n";
    assert!(bands.starts_with(command), "{bands}");
    assert!(bands.contains("chip = \"h200\"\nmode = \"agg\"\nmetric = \"ttft\"\n"), "{bands}");
    place.write("rows.csv", ROWS.replace("h200_sxm", "tpu9"));
    let none = place.run(&["hardware", "accuracy", "rows.csv", "--bands", "bands.toml"]).failed(2);
    assert!(none.contains("no TTFT was predicted and measured"), "{none}");
    assert_eq!(place.read("bands.toml"), bands, "what was there stays");
}

#[test]
fn a_file_that_cannot_be_used_is_told_where_and_why() {
    let place = Place::new();
    let fails = |text: &str| {
        place.write("rows.csv", text);
        place.run(&["hardware", "accuracy", "rows.csv"]).failed(2)
    };
    let broken = fails(&ROWS.replace(",1,110,", ",1,fast,"));
    assert!(broken.contains("rows.csv:3, column `silicon_ttft_ms`: `fast` is not a number"));
    assert!(fails("a,b\n1,2\n").contains("the header is of no known format"));
    assert!(fails("").contains("the file is empty"));
    let missing = place.run(&["hardware", "accuracy", "none.csv"]).failed(2);
    assert!(missing.contains("cannot read none.csv"), "{missing}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let Some(rows) = shared("data/validation/silicon/silicon_sample.csv") else { return };
    let text = std::fs::read_to_string(rows).unwrap();
    let lines: Vec<&str> =
        text.lines().enumerate().filter(|(n, _)| n % 40 == 0).map(|(_, line)| line).collect();
    let place = Place::new();
    place.write("rows.csv", lines.join("\n"));
    let on = |threads| {
        place.run(&["hardware", "accuracy", "rows.csv", "--json", "--threads", threads]).passed()
    };
    assert!(on("1") == on("3"), "the figures differ by the number of threads");
}

/// Measurements that are all twice as long as predictions make the figures slower, and the error
/// smaller; what is written is a folder of profiles like any other.
#[test]
fn figures_are_fitted_to_measured_rows_and_written() {
    let place = Place::new();
    let header = ROWS.lines().next().unwrap();
    let row = |chats: u64, measured: &str| {
        format!(
            "c{chats},silicon_concurrency={chats},vllm,meta-llama/Llama-3.1-8B,h200_sxm,agg,512,64,1,\
             {measured}\n"
        )
    };
    let loads = [1, 2, 4, 8, 16];
    let rows = |measured: &dyn Fn(usize) -> String| {
        let lines = loads.iter().enumerate().map(|(index, chats)| row(*chats, &measured(index)));
        format!("{header}\n{}", lines.collect::<String>())
    };
    let errors = |more: &[&str]| {
        let command = [&["hardware", "accuracy", "rows.csv", "--json"], more].concat();
        let json: Value = serde_json::from_str(&place.run(&command).passed()).unwrap();
        let all = &json["classes"][0];
        (json["by_row"].clone(), all["errors"]["tpot"]["median"].as_f64().unwrap())
    };
    place.write("rows.csv", rows(&|_| "50,5".to_owned()));
    let (predicted, _) = errors(&[]);
    let twice = |index: usize| {
        let twice = |key: &str| 2.0 * predicted[index][key].as_f64().unwrap();
        format!("{},{}", twice("predicted_ttft_ms"), twice("predicted_tpot_ms"))
    };
    place.write("rows.csv", rows(&twice));
    let (_, before) = errors(&[]);
    let fit = ["hardware", "calibrate", "rows.csv", "--write", "fitted", "--leave-one-out"];
    let screen = place.run(&[&fit[..], &["fits.json"]].concat()).passed();
    assert!(screen.contains("software vllm host_fixed_seconds"), "{screen}");
    place.run(&["hardware", "validate", "--profiles", "fitted"]).passed();
    let (_, after) = errors(&["--profiles", "fitted"]);
    assert!((before - 0.5).abs() < 0.01 && after < before, "{before} before, {after} after");
    // Nobody else's rows are there to fit to, so that the model left out is predicted by the priors.
    let (_, left_out) = errors(&["--leave-one-out", "fits.json"]);
    assert!(left_out > after, "{left_out} without the model's rows");
    place.write("fits.json", "{}");
    let broken = [&["hardware", "accuracy", "rows.csv", "--leave-one-out"][..], &["fits.json"]];
    assert!(place.run(&broken.concat()).failed(2).contains("fits.json: missing field `all`"));
}

/// The largest batch is one that explains itself as fast enough, and one more is not.
#[test]
fn the_batch_up_to_which_a_speed_is_reached_is_where_it_ends() {
    let place = Place::new();
    let machine = ["--machine", "h200-8", "--model", "llama-3.3-70b", "--target", "40", "--json"];
    let reach = place.run(&[&["hardware", "reach"], &machine[..]].concat()).passed();
    let reach: Value = serde_json::from_str(&reach).unwrap();
    let context = &reach["pairs"][0]["contexts"][1];
    assert_eq!((&context["answer"], &context["limit"]), (&"reached".into(), &"time".into()));
    let batch = context["batch"].as_u64().unwrap();
    let speed = |batch: u64| {
        let batch = batch.to_string();
        let context = ["--context-tokens", "8000", "--batch", &batch, "--json"];
        let explain = ["hardware", "explain", "h200-8", "--model", "llama-3.3-70b"];
        let said = place.run(&[&explain[..], &context].concat()).passed();
        let said: Value = serde_json::from_str(&said).unwrap();
        said["tokens_per_second_per_user"].as_f64().unwrap()
    };
    let (last, next) = (speed(batch), speed(batch + 1));
    assert!(last >= 40.0 && next < 40.0, "{last} at {batch}, {next} at one more");
    let far = place.run(&["hardware", "reach", "--machine", "h200-9"]).failed(2);
    assert!(far.contains("did you mean `h200-8`?"), "{far}");
}
