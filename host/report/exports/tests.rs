//! Every number of an export is the slip's, and its form is the format's.

use serde_json::Value;
use timeslip_gate::step::Step;

use super::otlp::{Spans, names};
use super::*;
use crate::examples;

fn slip() -> timeslip_gate::slip::Slip {
    examples::slip(vec![examples::guide(), examples::delegated(), examples::lost()])
}

#[test]
fn a_trace_holds_every_step_once_for_its_session() {
    let slip = slip();
    let text = trace::chrome_trace(&slip);
    let trace: Value = serde_json::from_str(&text).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let of_sessions = |category: &str| {
        let is_one = |event: &&Value| event["pid"] == 1 && event["cat"] == category;
        events.iter().filter(is_one).collect::<Vec<_>>()
    };
    let steps: Vec<&Step> = slip.sessions.iter().flat_map(|session| &session.steps).collect();
    let chats = steps.iter().filter(|step| matches!(step, Step::Chat(_))).count();
    assert_eq!(of_sessions("chat").len(), chats);
    assert_eq!(of_sessions("session").len(), slip.sessions.len());
    for (event, session) in of_sessions("session").iter().zip(&slip.sessions) {
        assert_eq!(event["ts"].as_f64().unwrap() * 1e3, session.at_ns as f64);
        assert_eq!(event["dur"].as_f64().unwrap() * 1e3, session.e2e_ns as f64);
    }
    let stages: f64 = of_sessions("stage").iter().map(|one| one["dur"].as_f64().unwrap()).sum();
    let chats = of_sessions("chat");
    let whole: f64 = chats.iter().map(|one| one["dur"].as_f64().unwrap()).sum();
    assert!((stages - whole).abs() < 1e-6, "the stages are the chats");
    let last = events.iter().rfind(|event| event["ph"] == "C").unwrap();
    assert!(last["args"].as_object().unwrap().values().all(|value| *value == 0), "{last}");
}

/// A viewer of traces wants each slice of a track inside another one or beside it.
#[test]
fn slices_of_a_track_lie_inside_each_other_or_beside() {
    let trace: Value = serde_json::from_str(&trace::chrome_trace(&slip())).unwrap();
    let mut tracks = std::collections::BTreeMap::new();
    for event in trace["traceEvents"].as_array().unwrap() {
        if event["ph"] == "X" {
            let number = |key: &str| (event[key].as_f64().unwrap() * 1e3).round() as u64;
            let track = (event["pid"].to_string(), event["tid"].to_string());
            let (begin, length) = (number("ts"), number("dur"));
            tracks.entry(track).or_insert_with(Vec::new).push((begin, begin + length));
        }
    }
    for (track, slices) in tracks {
        for (index, (begin, end)) in slices.iter().enumerate() {
            for (other_begin, other_end) in &slices[index + 1..] {
                let crosses = |b: u64, e: u64, ob: u64, oe: u64| b < ob && ob < e && e < oe;
                assert!(!crosses(*begin, *end, *other_begin, *other_end), "{track:?}");
                assert!(!crosses(*other_begin, *other_end, *begin, *end), "{track:?}");
            }
        }
    }
}

#[test]
fn spans_stand_below_what_waits_for_them() {
    let slip = slip();
    let json: Value = serde_json::from_str(&Spans::of(&slip, 1_000).to_json()).unwrap();
    let spans = json["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
    let steps: usize = slip.sessions.iter().map(|session| session.steps.len()).sum();
    assert_eq!(spans.len(), steps + slip.sessions.len());
    let tree: Vec<String> = spans
        .iter()
        .map(|span| {
            let mut depth = 0;
            let mut outer = span;
            while let Some(parent) = outer.get("parentSpanId") {
                outer = spans.iter().find(|other| other["spanId"] == *parent).unwrap();
                assert_eq!(outer["traceId"], span["traceId"]);
                depth += 1;
            }
            format!("{}{}", "  ".repeat(depth), span["name"].as_str().unwrap())
        })
        .collect();
    insta::assert_snapshot!(tree.join("\n"), @r"
    invoke_agent hardware-guide
      chat gpt-oss-120b
      execute_tool profiles
      execute_tool search-the-whole-library
      chat gpt-oss-120b
    invoke_agent hardware-guide
      chat gpt-oss-120b
      execute_tool researcher
        chat gpt-oss-120b
        execute_tool fact-checker
          chat gpt-oss-120b
      chat gpt-oss-120b
    invoke_agent hardware-guide
      chat gpt-oss-120b
      chat gpt-oss-120b
      execute_tool reserve
      user
      sleep
    ");
    let first = &spans[1];
    assert_eq!(first["startTimeUnixNano"], (1_000 + 2_000_000).to_string());
    assert_eq!(first["endTimeUnixNano"], (1_000 + 240_000_000).to_string());
    let attribute = |name: &str| {
        let all = first["attributes"].as_array().unwrap().iter();
        all.clone().find(|one| one["key"] == name).map(|one| one["value"].clone())
    };
    assert_eq!(attribute(names::INPUT_TOKENS).unwrap()["intValue"], "1204");
    assert_eq!(attribute(names::COST).unwrap()["doubleValue"], 0.003_1);
    assert_eq!(attribute(names::REASONING_TOKENS), None, "unknown is left out");
}

#[test]
fn the_same_slip_gives_the_same_spans_and_parts_hold_all() {
    let (one, other) = (Spans::of(&slip(), 0), Spans::of(&slip(), 0));
    assert_eq!(one.to_protobuf(), other.to_protobuf());
    let count = one.count();
    let parts = one.parts(4);
    assert_eq!(parts.iter().map(Spans::count).sum::<usize>(), count);
    assert!(parts.iter().all(|part| part.count() <= 4));
}

#[test]
fn tables_have_a_line_for_each_step() {
    let text = csv::steps_csv(&slip());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 15);
    assert_eq!(lines[1].split(',').count(), lines[0].split(',').count());
    assert_eq!(
        lines[1],
        "0,sram-against-hbm,0,,chat,,rubin-groq3,gpt-oss-120b,2000000,238000000,4000000,31000000,\
         3000000,200000000,40000000,636656,1570.707070707071,1204,0,312,0.25,0.0031,,,stop,,1"
    );
    let parquet = parquet::steps_parquet(&slip());
    assert_eq!((&parquet[..4], &parquet[parquet.len() - 4..]), (&b"PAR1"[..], &b"PAR1"[..]));
}

#[test]
fn figures_are_gauges_and_unknown_ones_are_left_out() {
    let mut slip = slip();
    slip.bench.name = "a \"b\"\n".to_owned();
    slip.summary.cost_usd = None;
    let text = prometheus::prometheus(&slip);
    let labels = "bench=\"a \\\"b\\\"\\n\",machines=\"rubin-groq3+dgx-spark\"";
    assert!(text.contains(&format!("timeslip_sessions{{{labels}}} 3\n")), "{text}");
    assert!(text.contains(&format!("timeslip_session_e2e_seconds{{{labels},stat=\"p50\"}} 0.8\n")));
    assert!(!text.contains("cost_usd"), "{text}");
}
