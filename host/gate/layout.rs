//! The bytes of a slip: JSON with one line for each session and each step, so that `diff` and
//! `git diff` show a changed step as one changed line.
//!
//! Arrays, and objects down to the second level, have one entry a line; deeper objects stand on one
//! line. Numbers are the shortest that read back as the same value.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::slip::Slip;

impl Slip {
    /// The slip as JSON text, the same bytes on every platform, with a newline at the end.
    pub fn to_json(&self) -> String {
        let mut bytes = Vec::new();
        let mut serializer = Serializer::with_formatter(&mut bytes, Lines::default());
        self.serialize(&mut serializer).expect("a slip holds nothing that JSON cannot");
        bytes.push(b'\n');
        String::from_utf8(bytes).expect("JSON is UTF-8")
    }
}

/// Objects at this depth or above have one entry a line.
const OBJECT_DEPTH_BY_LINES: usize = 2;

/// Decides where lines end.
#[derive(Default)]
struct Lines {
    /// How many objects and arrays are open.
    depth: usize,
    /// How many of them are laid out by lines.
    indent: usize,
    /// Whether the one that ends has an entry.
    has_entry: bool,
}

impl Lines {
    fn new_line(&self, out: &mut (impl io::Write + ?Sized)) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.indent).try_for_each(|_| out.write_all(b" "))
    }

    fn open(
        &mut self,
        out: &mut (impl io::Write + ?Sized),
        by_lines: bool,
        bracket: u8,
    ) -> io::Result<()> {
        self.depth += 1;
        self.indent += usize::from(by_lines);
        self.has_entry = false;
        out.write_all(&[bracket])
    }

    fn close(
        &mut self,
        out: &mut (impl io::Write + ?Sized),
        by_lines: bool,
        bracket: u8,
    ) -> io::Result<()> {
        self.depth -= 1;
        self.indent -= usize::from(by_lines);
        if by_lines && self.has_entry {
            self.new_line(out)?;
        }
        self.has_entry = true;
        out.write_all(&[bracket])
    }

    fn entry(
        &mut self,
        out: &mut (impl io::Write + ?Sized),
        by_lines: bool,
        first: bool,
    ) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        if by_lines { self.new_line(out) } else { Ok(()) }
    }

    /// Whether the innermost open object is laid out by lines.
    fn object_by_lines(&self) -> bool {
        self.depth <= OBJECT_DEPTH_BY_LINES
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, true, b'[')
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, true, b']')
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.entry(out, true, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_entry = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        let by_lines = self.depth < OBJECT_DEPTH_BY_LINES;
        self.open(out, by_lines, b'{')
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        let by_lines = self.object_by_lines();
        self.close(out, by_lines, b'}')
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        let by_lines = self.object_by_lines();
        self.entry(out, by_lines, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.object_by_lines() { b": " } else { b":" })
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_entry = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::examples;

    #[test]
    fn each_session_and_each_step_has_a_line_of_its_own() {
        let text = examples::two_sessions().to_json();
        insta::assert_snapshot!(text, @r#"
        {
         "schema": "timeslip.slip/1",
         "timeslip": "0.1.0",
         "bench": {
          "name": "booking",
          "digest": "sha256:be4c"
         },
         "seed": 7,
         "machines": [
          {"name":"rack","digest":"sha256:c0ffee","model":"small","estimated":true,"bands":{"first_token":{"low":0.75,"high":1.5,"rows":603,"class":"h200, apart"},"output_token":{"low":0.5,"high":1.5,"rows":0,"class":"h200, apart"}}},
          {"name":"other","digest":"sha256:c0ffee","model":"small","estimated":false}
         ],
         "components": [
          {"role":"agent","name":"planner","digest":"sha256:planner"},
          {"role":"tool","name":"flights","digest":"sha256:flights"}
         ],
         "words": {
          "kind": "script",
          "digest": "sha256:5c21b7"
         },
         "summary": {
          "sessions": 2,
          "succeeded": 1,
          "failed": 1,
          "model_calls": 2,
          "tool_calls": 2,
          "input_tokens": 1200,
          "cached_input_tokens": 1024,
          "output_tokens": 2,
          "makespan_ns": 3000000,
          "session_e2e_ns": {"min":2000000,"p50":2000000,"p90":2000000,"p95":2000000,"p99":2000000,"max":2000000,"mean":2000000},
          "time_to_first_token_ns": {"min":500000,"p50":500000,"p90":500000,"p95":500000,"p99":500000,"max":500000,"mean":500000},
          "inter_token_latency_ns": {"min":500000,"p50":500000,"p90":500000,"p95":500000,"p99":500000,"max":500000,"mean":500000},
          "output_token_throughput_per_user": {"min":2000.0,"p50":2000.0,"p90":2000.0,"p95":2000.0,"p99":2000.0,"max":2000.0,"mean":2000.0},
          "target_tokens_per_second": 1500,
          "model_calls_at_target": 1,
          "time_share_ns": {"queue":100000,"prefill":300000,"transfer":50000,"decode":550000,"tool":700000,"agent":300000,"user":500000,"sleep":1500000},
          "energy_j": 0.25,
          "energy_j_band": {"low":0.1875,"high":0.375},
          "cost_usd": 0.0031,
          "cost_usd_band": {"low":0.002325,"high":0.00465}
         },
         "sessions": [
          {"task":"task-0","status":"ok","at_ns":0,"e2e_ns":2000000,"time_share_ns":{"queue":100000,"prefill":300000,"transfer":50000,"decode":550000,"tool":700000,"agent":300000,"user":0,"sleep":0},"used":[
           {"name":"planner","fuel":1200000,"memory_bytes":1114112},
           {"name":"flights","fuel":30000,"memory_bytes":1048576}
          ],"prompt_parts":[
           {"kind":"tools","tokens":700,"digest":"0000000000000070"},
           {"kind":"system","tokens":400,"digest":"0000000000000005"},
           {"kind":"user","tokens":97,"digest":"00000000000000ab"}
          ],"steps":[
           {"kind":"chat","at_ns":100000,"machine":"rack","model":"small","input_tokens":1200,"cached_input_tokens":1024,"output_tokens":2,"prompt":"0-3","queue_ns":100000,"prefill_ns":300000,"transfer_ns":50000,"decode_ns":550000,"ttft_ns":500000,"e2e_ns":1000000,"finish_reason":"tool_calls","energy_j":0.25,"cost_usd":0.0031},
           {"kind":"tool","at_ns":1200000,"tool":"search","compute_ns":200000,"wait_ns":500000,"e2e_ns":700000,"ok":true},
           {"kind":"tool","at_ns":1200000,"tool":"reserve","compute_ns":300000,"wait_ns":0,"e2e_ns":300000,"ok":false,"error":"failed: no seat"}
          ]},
          {"task":"task-1","status":"failed","error":{"kind":"deadline","message":"the session took longer than its deadline of 2.00 ms"},"at_ns":1000000,"e2e_ns":2000000,"time_share_ns":{"queue":0,"prefill":0,"transfer":0,"decode":0,"tool":0,"agent":0,"user":500000,"sleep":1500000},"used":[
           {"name":"planner","fuel":1200000,"memory_bytes":1114112},
           {"name":"flights","fuel":30000,"memory_bytes":1048576}
          ],"prompt_parts":[
           {"kind":"tools","tokens":700,"digest":"0000000000000070"},
           {"kind":"system","tokens":400,"digest":"0000000000000005"},
           {"kind":"user","tokens":97,"digest":"00000000000000ab"}
          ],"steps":[
           {"kind":"user","at_ns":1000000,"e2e_ns":500000,"ok":true},
           {"kind":"sleep","at_ns":1500000,"e2e_ns":1400000},
           {"kind":"chat","at_ns":2000000,"machine":"rack","model":"small","input_tokens":0,"cached_input_tokens":0,"output_tokens":0,"prompt":"0-3","queue_ns":400000,"prefill_ns":0,"transfer_ns":0,"decode_ns":0,"ttft_ns":400000,"e2e_ns":400000,"finish_reason":"error","error":"unavailable: the machine is full","energy_j":null,"cost_usd":null}
          ]}
         ]
        }
        "#);
    }

    #[test]
    fn a_changed_step_is_one_changed_line() {
        let before = examples::two_sessions();
        let mut after = before.clone();
        let crate::step::Step::Tool(tool) = &mut after.sessions[0].steps[1] else { unreachable!() };
        tool.tool = "other".to_owned();
        let (before, after) = (before.to_json(), after.to_json());
        let changed = before.lines().zip(after.lines()).filter(|(a, b)| a != b).count();
        assert_eq!(changed, 1);
    }
}
