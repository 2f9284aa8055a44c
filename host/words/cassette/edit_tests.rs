use proptest::prelude::*;

use super::*;
use crate::error::FileError;

const HEADER: &str =
    r#"{"kind": "cassette","schema":"timeslip.cassette/1","source":"by SEA","key":["messages"]}"#;

/// A cassette as a person might have written it, with blanks that no writer makes.
fn by_hand() -> String {
    [
        HEADER,
        r#"{"kind":"message", "role":"user", "content":"From SEA to SEA"}"#,
        r#"{"kind":"chat","messages":[[0,1]],"error":{"kind":"unavailable","message":"SEA is full"}}"#,
        r#"{"kind":"chat","messages":[[0,1]],"reply":{"content":null,"tool_calls":[{"id":"SEA","name":"SEA","arguments":"{\"to\":\"SEA\"}"}]},"finish_reason":"tool_calls"}"#,
        "",
        r#"{"kind":"tool","name":"SEA","arguments":"{\"to\":\"SEA\"}","output":"none","tool_call_id":"SEA"}"#,
        r#"{"kind":"chat","messages":[[0,3]],"reply":{},"finish_reason":"stop"}"#,
        r#"{"kind":"chat","messages":[[0,4]],"reply":{"content": "stop"},"finish_reason":"stop"}"#,
    ]
    .join("\r\n")
}

fn apply(edit: &CassetteEdit, text: &str) -> Result<EditedCassette, FileError> {
    edit.apply("a.jsonl", text.as_bytes())
}

fn replacing(pairs: &[(&str, &str)]) -> CassetteEdit {
    let replacement =
        |(from, to): &(&str, &str)| Replacement { from: (*from).to_owned(), to: (*to).to_owned() };
    let replacements = pairs.iter().map(replacement).collect();
    CassetteEdit { replacements, ..CassetteEdit::default() }
}

/// The lines that differ, each with its number and what it has become.
fn differing<'t>(before: &str, now: &'t str) -> Vec<(usize, &'t str)> {
    assert_eq!(before.lines().count(), now.lines().count());
    let lines = before.lines().zip(now.lines()).enumerate();
    lines.filter(|(_, (one, other))| one != other).map(|(at, (_, now))| (at + 1, now)).collect()
}

#[test]
fn a_replacement_changes_texts_and_neither_names_nor_the_header() {
    let before = by_hand();
    let edited = apply(&replacing(&[("SEA", "PDX"), ("PDX to", "LAX to")]), &before).unwrap();
    let expected = Changes { times: 5, lines: vec![2, 3, 4, 6] };
    assert_eq!(edited.replaced, [expected, Changes { times: 1, lines: vec![2] }]);
    let changed = differing(&before, &edited.text);
    assert_eq!(changed.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 6]);
    assert_eq!(changed[0].1, r#"{"kind":"message", "role":"user", "content":"From LAX to PDX"}"#);
    assert!(changed[2].1.contains(r#""id":"SEA","name":"SEA","arguments":"{\"to\":\"PDX\"}""#));
    assert!(edited.text.starts_with(&format!("{HEADER}\r\n")), "{}", edited.text);
}

#[test]
fn words_that_the_form_needs_are_no_texts() {
    let edited = apply(&replacing(&[("stop", "halt")]), &by_hand()).unwrap();
    assert_eq!(edited.replaced[0].lines, [8]);
    assert!(edited.text.contains(r#"{"content": "halt"},"finish_reason":"stop""#));
}

#[test]
fn a_reply_gets_a_text_whatever_it_had() {
    let before = by_hand();
    for (chat, expected) in [
        (2, r#""reply":{"content":"a \"b\"","tool_calls":["#),
        (3, r#""reply":{"content":"a \"b\""},"#),
        (4, r#""reply":{"content": "a \"b\""},"#),
    ] {
        let replies = vec![NewReply { chat, text: "a \"b\"".to_owned() }];
        let edited = apply(&CassetteEdit { replies, ..CassetteEdit::default() }, &before).unwrap();
        let changed = differing(&before, &edited.text);
        assert_eq!(changed.len(), 1);
        assert_eq!([changed[0].0], edited.replies[..]);
        assert!(changed[0].1.contains(expected), "{}", changed[0].1);
    }
}

#[test]
fn failures_go_and_all_messages_stay() {
    let before = by_hand();
    let edit = CassetteEdit { drop_failures: true, ..CassetteEdit::default() };
    let edited = apply(&edit, &before).unwrap();
    assert_eq!(edited.dropped, [3]);
    let without: Vec<&str> =
        before.lines().enumerate().filter(|(at, _)| *at != 2).map(|l| l.1).collect();
    assert_eq!(edited.text, without.join("\r\n"));
}

#[test]
fn secrets_go_from_everywhere_and_the_header_says_so() {
    let secret = "sk-0123456789abcdefghij";
    let edit = CassetteEdit { redact: true, ..CassetteEdit::default() };
    for header in [HEADER.to_owned(), HEADER.replace("\"key\"", "\"redacted\" : false,\"key\"")] {
        let before = by_hand().replace(HEADER, &header.replace("by SEA", secret));
        let before = before.replace("From SEA", secret);
        let edited = apply(&edit, &before).unwrap();
        assert_eq!(edited.redacted, Changes { times: 2, lines: vec![1, 2] });
        assert!(!edited.text.contains(secret));
        assert_eq!(secret_lines(edited.text.as_bytes()), []);
        assert!(Cassette::parse("a.jsonl", edited.text.as_bytes()).unwrap().header().redacted);
        let again = apply(&edit, &edited.text).unwrap_err();
        assert!(again.problem.contains("nothing looks like a secret"), "{again}");
    }
}

#[test]
fn a_line_that_was_cut_off_is_left_out() {
    let cut = format!("{}\n{{\"kind\":\"message\",\"cont", by_hand());
    let edited = apply(&replacing(&[("SEA", "PDX")]), &cut).unwrap();
    assert!(edited.left_out_cut_off);
    assert!(edited.text.ends_with("}\n") && !edited.text.contains("cont\""), "{}", edited.text);
}

#[test]
fn what_finds_nothing_or_would_spoil_the_file_is_refused() {
    let reply = |chat| CassetteEdit {
        replies: vec![NewReply { chat, text: String::new() }],
        ..CassetteEdit::default()
    };
    let refused = |edit: &CassetteEdit| apply(edit, &by_hand()).unwrap_err().to_string();
    insta::assert_snapshot!(refused(&replacing(&[("SEA", "PDX"), ("JFK", "x")])), @r#"
    a.jsonl: no text holds "JFK"
      fix: write it exactly as it stands there; names of tools, identifiers and the header are not looked at
    "#);
    insta::assert_snapshot!(refused(&replacing(&[("SEA", "\"")])), @r#"
    a.jsonl:4: after the replacement, `arguments` would be no JSON any more
      fix: write quotes as \" inside the new text, or look for a text inside one string
    "#);
    insta::assert_snapshot!(refused(&reply(1)), @"
    a.jsonl:3: chat 1 ended with an error, so it has no reply to change
      fix: choose a chat with a reply
    ");
    insta::assert_snapshot!(refused(&reply(9)), @"
    a.jsonl: there is no chat 9; the cassette holds 4
      fix: chats are counted from 1, in the order of the file
    ");
    let twice = CassetteEdit { replies: [reply(2).replies, reply(2).replies].concat(), ..reply(2) };
    assert!(refused(&twice).contains("given two texts"));
    let without =
        by_hand().lines().filter(|line| !line.contains("error")).collect::<Vec<_>>().join("\n");
    let drop = CassetteEdit { drop_failures: true, ..CassetteEdit::default() };
    let message = apply(&drop, &without).unwrap_err().to_string();
    assert!(message.contains("no chat ended with an error"), "{message}");
}

proptest! {
    /// A replacement changes the texts that hold it, and no other byte.
    #[test]
    fn all_else_stays_as_it_is(
        texts in prop::collection::vec("[ab\"\\\\\n é]{0,6}", 1..8),
        to in "[bc\"é]{0,3}",
    ) {
        let line = |text: &String| {
            format!("{{\"kind\":\"message\",  \"role\":\"user\",\"content\":{}}}\n", literals::literal(text))
        };
        let before = texts.iter().map(line).fold(format!("{HEADER}\n"), |all, line| all + &line);
        let expected = texts.iter().map(|text| line(&text.replace('a', &to)));
        let expected = expected.fold(format!("{HEADER}\n"), |all, line| all + &line);
        let edited = apply(&replacing(&[("a", &to)]), &before);
        match texts.iter().any(|text| text.contains('a')) {
            true => prop_assert_eq!(edited.unwrap().text, expected),
            false => prop_assert!(edited.is_err()),
        }
    }
}
