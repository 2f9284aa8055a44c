use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Trace {
    Trace::parse("t", text.as_bytes(), None).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(text: &str) -> String {
    Trace::parse("t", text.as_bytes(), None).unwrap_err().to_string()
}

/// Arrivals in milliseconds, and tokens.
fn requests(trace: &Trace) -> Vec<(u64, u64, u64)> {
    let of = |session: &TraceSession| {
        let call = &trace.calls_of(session)[0];
        (session.arrives_at.as_nanos() / 1_000_000, call.input_tokens, call.output_tokens)
    };
    trace.sessions().iter().map(of).collect()
}

#[test]
fn mooncake_traces_name_the_blocks_of_prompts() {
    let trace = parse(
        "{\"timestamp\": 27000, \"input_length\": 1100, \"output_length\": 52, \
         \"hash_ids\": [0, 7, 9]}\n\
         {\"timestamp\": 30000, \"input_length\": 5, \"output_length\": 1}\n",
    );
    assert_eq!(trace.format, Format::Mooncake);
    assert_eq!(requests(&trace), [(0, 1100, 52), (3000, 5, 1)]);
    let prompt = &trace.calls()[0].prompt;
    let parts: Vec<(u64, u64)> = prompt.iter().map(|part| (part.digest, part.tokens)).collect();
    assert_eq!(parts, [(0, 512), (7, 512), (9, 76)]);
    assert!(trace.calls()[1].prompt.is_empty());
}

#[test]
fn azure_traces_and_plain_tables_are_told_apart_by_their_headers() {
    let azure = parse(
        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 23:59:59.9000000,4808,10\r\n\
         2023-11-17 00:00:00.1000000,3180,8",
    );
    assert_eq!(azure.format, Format::Azure);
    assert_eq!(requests(&azure), [(0, 4808, 10), (200, 3180, 8)]);
    let plain = parse("\u{feff}ISL,osl,arrival_s\n\n10,20,1787267980.25\n11,21,1787267980.5\n\n");
    assert_eq!(plain.format, Format::Csv);
    assert_eq!(requests(&plain), [(0, 10, 20), (250, 11, 21)]);
    let dated = parse(
        "timestamp,prompt_tokens,completion_tokens,x\n2026-04-23T17:23:06+02:00,1,2,\"a,b\"\n",
    );
    assert_eq!(requests(&dated), [(0, 1, 2)]);
}

#[test]
fn sessions_hold_their_calls_with_the_pauses_between_them() {
    let trace = parse(
        "arrival_ms,input_tokens,output_tokens,session,gap_ms\n\
         0,1,1,a,0\n4,2,1,b,\n9,3,1,a,2.5\n10,4,1,,7\n",
    );
    let sessions: Vec<Vec<u64>> = trace
        .sessions()
        .iter()
        .map(|session| trace.calls_of(session).iter().map(|call| call.input_tokens).collect())
        .collect();
    assert_eq!(sessions, [vec![1, 3], vec![2], vec![4]]);
    assert_eq!(trace.calls()[1].begins, Begins::After(Span::from_micros(2500)));
    let trace = parse("arrival_ms,isl,osl,session\n0,1,1,a\n4,2,1,b\n9,3,1,a\n");
    assert_eq!(trace.calls()[1].begins, Begins::NotBefore(Span::from_millis(9)));
    assert!(trace.notes[0].contains("gap_ms"));
}

#[test]
fn logs_of_vllm_carry_what_the_server_took() {
    let line = |queued: &str| {
        format!(
            "{{\"request_id\":\"a\",\"input_toks\":9,\"output_toks\":5,\"arrival_time\":1787267980.0,\
             \"queued_ts\":{queued},\"scheduled_ts\":10.5,\"first_token_ts\":11.0,\
             \"last_token_ts\":13.0}}\n"
        )
    };
    let trace = parse(&line("10.25"));
    let measured = MeasuredTimes {
        front_end: Span::ZERO,
        queue: Span::from_millis(250),
        time_to_first_token: Span::from_millis(750),
        end_to_end: Span::from_millis(2750),
    };
    assert_eq!(trace.measured_of(&trace.sessions()[0]), [measured]);
    let lacking = parse(&format!("{}{}", line("10.25"), line("null")));
    assert!(lacking.measured.is_empty());
    assert_eq!(lacking.notes, ["1 requests lack measured times, so none are compared"]);
    assert_eq!(
        refusal(&line("10.75")),
        "t:1: `scheduled_ts`: this is earlier than `queued_ts`\n  fix: leave this request out"
    );
}

#[test]
fn requests_out_of_order_are_put_in_order_and_those_of_one_instant_keep_theirs() {
    let trace = parse("arrival_ms,isl,osl\n5,1,1\n3,2,1\n5,3,1\n3,4,1\n");
    assert_eq!(requests(&trace), [(0, 2, 1), (0, 4, 1), (2, 1, 1), (2, 3, 1)]);
    assert_eq!(trace.notes, ["t:3: requests are out of order and were put in order"]);
}

#[test]
fn a_last_line_that_is_cut_off_is_left_out() {
    let whole = "{\"timestamp\":0,\"input_length\":5,\"output_length\":1}\n";
    let note = "t:2: the last line is cut off and was left out";
    for end in [&b"{\"timestamp\":1,\"inp"[..], &b"{\"timestamp\":1,\"\xc3"[..]] {
        let trace = Trace::parse("t", &[whole.as_bytes(), end].concat(), None).unwrap();
        assert_eq!((trace.calls().len(), &trace.notes[..]), (1, &[note.to_owned()][..]));
    }
    let trace = parse("arrival_ms,isl,osl\n0,1,1\n1,2");
    assert_eq!(trace.notes, ["t:3: the last line is cut off and was left out"]);
    // In the middle it is an error.
    assert!(refusal("arrival_ms,isl,osl\n0,1\n1,2,3\n").starts_with("t:2: 2 columns"));
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_the_fix() {
    let cases = [
        ("", "t: the file is empty\n  fix: name a trace with at least one request"),
        ("\u{feff} \r\n", "t: the file is empty\n  fix: name a trace with at least one request"),
        ("arrival_ms,isl,osl\n", "t: the trace has no request"),
        (
            "[{\"timestamp\":0}]",
            "t:1: this is a JSON array, and a trace has one JSON object a line",
        ),
        ("\n{\"a\":1}\n", "t:2: these JSON Lines are of no known trace"),
        (
            "{\"timestamp\":0,\"input_length\":5,\"output_lenght\":1}\n",
            "t:1: the key `output_length` is missing\n  fix: rename `output_lenght` to \
             `output_length`",
        ),
        (
            "{\"timestamp\":0,\"input_length\":-5,\"output_length\":1}\n",
            "t:1: `input_length`: -5 is below zero\n  fix: write a whole number of tokens, 0 or more",
        ),
        (
            "{\"timestamp\":0,\"input_length\":600,\"output_length\":1,\"hash_ids\":[1]}\n",
            "t:1: `hash_ids`: 1 hashes, and a prompt of 600 tokens has 2 blocks of 512",
        ),
        ("{\"input_length\":1 \"x\"}\n", "t:1: column 19: expected `,` or `}`"),
        (
            "arrival,isl,osl\n0,1,1\n",
            "t:1: no column is named arrival_ms or arrival_s or timestamp\n  fix: the column \
             `arrival`: did you mean `arrival_s`?",
        ),
        ("isl,osl,input_tokens,arrival_s\n1,1,1,1\n", "t:1: the columns `isl` and `input_tokens`"),
        ("arrival_s,isl,osl\n0,1,1\nNaN,1,1\n", "t:3: `arrival_s`: NaN is no number"),
        ("arrival_s,isl,osl\n0,1e12,1\n", "t:2: `isl`: 1e12 tokens are more than"),
        ("arrival_s,isl,osl\n0,,1\n", "t:2: `isl`: there is no number"),
        ("timestamp,isl,osl\nyesterday,1,1\n", "t:2: `timestamp`: yesterday is no number"),
        (
            "arrival_s,isl,osl\n0,1,1\n99999999,1,1\n",
            "t:3: this request comes more than 104 days after the first",
        ),
        ("session,gap_ms,arrival_s,isl,osl\na,-1,0,1,1\n", "t:2: `gap_ms`: -1 is below zero"),
    ];
    for (text, expected) in cases {
        let said = refusal(text);
        assert!(said.starts_with(expected), "{text:?}\n{said}\n{expected}");
    }
    let binary = Trace::parse("t", b"a\n\xff\xfe\n", None).unwrap_err().to_string();
    assert!(binary.starts_with("t:2: the text is not UTF-8"), "{binary}");
}

#[test]
fn a_form_is_named_by_its_name() {
    assert_eq!(Format::of_name("vllm-requests"), Ok(Format::VllmRequests));
    assert_eq!(
        Format::of_name("moncake"),
        Err("no trace has the form `moncake`; did you mean `mooncake`?".to_owned())
    );
    assert!(Format::NAMED.iter().all(|(name, format)| format.name() == *name));
}

proptest! {
    #[test]
    fn no_text_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for format in [None, Some(Format::Azure), Some(Format::Csv), Some(Format::Mooncake)] {
            let _ = Trace::parse("t", &bytes, format);
        }
    }

    #[test]
    fn what_is_written_is_read(
        lines in prop::collection::vec((0u64..1 << 50, 0u64..1 << 20, 0u64..1 << 20), 1..20),
    ) {
        let text: String = lines
            .iter()
            .map(|(at, input, output)| {
                let ms = format!("{}.{:06}", at / 1_000_000, at % 1_000_000);
                format!("{{\"timestamp\":{ms},\"input_length\":{input},\"output_length\":{output}}}\n")
            })
            .collect();
        let trace = parse(&text);
        let mut sorted = lines.clone();
        sorted.sort_by_key(|(at, ..)| *at);
        let read: Vec<(u64, u64, u64)> = trace.sessions().iter().map(|session| {
            let call = &trace.calls_of(session)[0];
            (session.arrives_at.as_nanos() + sorted[0].0, call.input_tokens, call.output_tokens)
        }).collect();
        prop_assert_eq!(read, sorted);
    }
}
