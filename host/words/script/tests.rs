use timeslip_timeline::conversation::{ChatOptions, ToolAnnotations, ToolDefinition};
use timeslip_timeline::time::Span;

use super::*;

fn script(text: &str) -> ScriptWords {
    ScriptWords::parse("s.toml", text.as_bytes(), Arc::default())
        .unwrap_or_else(|error| panic!("{error}"))
}

fn fault(text: &str) -> String {
    let words = ScriptWords::parse("s.toml", text.as_bytes(), Arc::default());
    words.err().expect("the script is wrong").to_string()
}

fn session(number: u32) -> SessionWords {
    SessionWords {
        session: SessionId(number),
        task_index: 0,
        task_input: Arc::from("Fly me from Oslo to Rome."),
    }
}

fn offered(name: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.to_owned(),
        description: String::new(),
        input_schema: "{}".to_owned(),
        output_schema: None,
        annotations: ToolAnnotations::default(),
    }
}

fn request(messages: Vec<Message>) -> ChatRequest {
    ChatRequest {
        model: None,
        messages,
        tools: vec![offered("search"), offered("book")],
        options: ChatOptions::default(),
    }
}

fn user(text: &str) -> Message {
    Message::text(Role::User, text)
}

fn called(calls: &[(&str, &str, &str)]) -> Message {
    let calls = calls.iter().map(|(id, name, arguments)| ToolCall {
        id: (*id).to_owned(),
        name: (*name).to_owned(),
        arguments: (*arguments).to_owned(),
    });
    Message { tool_calls: calls.collect(), ..Message::text(Role::Assistant, "") }
}

fn output(id: &str, text: &str) -> Message {
    Message { tool_call_id: Some(id.to_owned()), ..Message::text(Role::Tool, text) }
}

fn said(script: &mut ScriptWords, messages: Vec<Message>) -> String {
    let reply = script.reply(&session(0), &request(messages));
    reply.unwrap_or_else(|error| panic!("{error}")).message.content
}

fn failure(script: &mut ScriptWords, messages: Vec<Message>) -> String {
    let error = script.reply(&session(0), &request(messages)).unwrap_err();
    assert_eq!(error.kind, "script_error");
    error.message
}

#[test]
fn the_first_rule_that_fits_replies() {
    let mut script = script(
        r#"
        [[reply]]
        when = { text = '(?i)book (?<what>\w+)', replies = [1, 2] }
        say = "Booking {{ captures.what }}, {{ captures[1] }} of {{ captures[0] }}."
        [[reply]]
        when = { role = "user", replies = 0 }
        say = "Welcome."
        [[reply]]
        say = "Sorry?"
        "#,
    );
    let first = vec![user("Book it")];
    assert_eq!(said(&mut script, first.clone()), "Welcome.");
    let second = [first, vec![Message::text(Role::Assistant, "Welcome."), user("book seats!")]];
    assert_eq!(said(&mut script, second.concat()), "Booking seats, seats of book seats.");
    assert_eq!(said(&mut script, vec![Message::text(Role::System, "x")]), "Sorry?");
}

#[test]
fn a_reply_may_call_tools_and_its_end_is_derived() {
    let mut script = script(
        r#"
        [[reply]]
        when.offered = "search"
        say = "I look."
        [[reply.call]]
        tool = "search"
        arguments = '{ "from": {{ input | tojson }}, "n": [1, 2] }'
        [[reply.call]]
        tool = "book"
        "#,
    );
    let before = vec![user("Go"), called(&[("a", "search", "{}")]), output("a", "none")];
    let reply = script.reply(&session(0), &request(before)).unwrap();
    assert_eq!(reply.finish_reason, FinishReason::ToolCalls);
    let calls: Vec<(&str, &str, &str)> = reply
        .message
        .tool_calls
        .iter()
        .map(|call| (call.id.as_str(), call.name.as_str(), call.arguments.as_str()))
        .collect();
    let arguments = r#"{"from":"Fly me from Oslo to Rome.","n":[1,2]}"#;
    assert_eq!(calls, [("call_2", "search", arguments), ("call_3", "book", "{}")]);
    let tokenizer = Tokenizer::default();
    assert_eq!(reply.output_tokens, tokenizer.count_reply(&reply.message));
    assert!(reply.input_tokens > 10);
}

#[test]
fn templates_see_outputs_by_tool_and_by_call() {
    let mut script = script(
        r#"
        [[reply]]
        when.called = "search"
        say = """
        {%- for call in calls.search -%}
        {{ call.arguments.to }} {{ call.output.price }} {% endfor -%}
        last {{ output.search.price }}, {{ output.book }}, \
        {{ counts.tool }} of {{ counts.messages }}, {{ tools | join("+") }}, {{ message }}"""
        "#,
    );
    // The second reply uses an identifier again, and its outputs come in another order.
    let messages = vec![
        user("Go"),
        called(&[("a", "book", r#"{"to":"Bonn"}"#)]),
        output("a", "not JSON"),
        called(&[("a", "search", r#"{"to":"Rome"}"#), ("b", "search", r#"{"to":"Pisa"}"#)]),
        output("b", r#"{"price":2.5}"#),
        output("a", r#"{"price":1}"#),
    ];
    let said = said(&mut script, messages);
    assert_eq!(said, "Rome 1 Pisa 2.5 last 1, not JSON, 3 of 6, search+book, {\"price\":1}");
}

#[test]
fn no_rule_that_fits_is_an_error_that_says_why() {
    let mut script = script(
        r#"
        [[reply]]
        name = "start"
        when = { replies = 0, text = "fly" }
        say = "x"
        [[reply]]
        when.replies = [2, 4]
        say = "x"
        [[reply]]
        when.role = "tool"
        say = "x"
        [[reply]]
        when.called = "book"
        say = "x"
        [[reply]]
        when.offered = "cancel"
        say = "x"
        [[reply]]
        when.input = "Paris"
        say = "x"
        [[reply]]
        when.text = 'z+'
        say = "x"
        "#,
    );
    let messages = vec![user("Go"), called(&[("a", "search", "{}")]), user("Well?")];
    insta::assert_snapshot!(failure(&mut script, messages), @r#"
    no [[reply]] of s.toml fits a chat of 3 messages; its last message is the user's: "Well?"
      line 2, start: replies so far: 1, not 0
      line 6, reply 2: replies so far: 1, not 2 to 4
      line 9, reply 3: the last message is the user's, not the tool's
      line 12, reply 4: the tool called last is `search`, not `book`
      line 15, reply 5: the tool `cancel` is not offered
      line 18, reply 6: `Paris` is not in the task's input
      line 21, reply 7: `z+` is not in the last message
      fix: add a [[reply]]; one without `when`, at the end, fits every chat
    "#);
    assert!(failure(&mut script, Vec::new()).contains("it has no message\n"));
}

#[test]
fn a_template_that_cannot_be_rendered_names_its_line() {
    let mut absent = script("[[reply]]\nsay = \"\"\"\nAll:\n{{ output.search.price }}\"\"\"\n");
    insta::assert_snapshot!(failure(&mut absent, vec![user("Go")]), @r"
    s.toml:4: the template gives no text: `output.search` is undefined
      fix: add a condition to the rule, or `| default(…)` to the value
    ");
    let mut group = script("[[reply]]\nwhen.text = 'G(x)?'\nsay = '{{ captures[1] }}'\n");
    assert!(failure(&mut group, vec![user("Go")]).contains("s.toml:3: "));
    let mut endless = script(
        "[[reply]]\nsay = '{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}'\n",
    );
    insta::assert_snapshot!(failure(&mut endless, vec![user("Go")]), @r"
    s.toml:2: the template gives no text: engine ran out of fuel
      fix: make the template shorter: its loops take too many steps
    ");
}

#[test]
fn arguments_that_are_no_json_object_are_an_error() {
    let mut words = script(
        "[[reply]]\nname = \"go\"\n[[reply.call]]\ntool = \"search\"\narguments = '{\"to\": {{ input }}}'\n",
    );
    insta::assert_snapshot!(failure(&mut words, vec![user("Go")]), @r#"
    s.toml:5: rule `go` gives the tool `search` arguments that are no JSON: expected value at line 1 column 8
      they read: "{\"to\": Fly me from Oslo to Rome.}"
      fix: write a JSON object, with `tojson` behind every text: {{ x | tojson }}
    "#);
    let mut list = script("[[reply]]\n[[reply.call]]\ntool = \"search\"\narguments = '[]'\n");
    assert!(failure(&mut list, vec![user("Go")]).contains("no JSON object"));
}

#[test]
fn a_limit_on_tokens_cuts_a_scripted_reply() {
    let mut words = script("[[reply]]\nsay = \"one two three four\"\n");
    let mut limited = request(vec![user("Go")]);
    limited.options.max_output_tokens = Some(2);
    let reply = words.reply(&session(0), &limited).unwrap();
    assert_eq!(reply.message.content, "one two");
    assert_eq!((reply.finish_reason, reply.output_tokens), (FinishReason::Length, 2));
}

#[test]
fn a_reply_ends_before_the_first_stop_text_and_makes_no_call_behind_it() {
    let mut words = script(
        "[[reply]]\nsay = \"Thought: look. Observation: none. END\"\n[[reply.call]]\ntool = \"search\"\n",
    );
    let mut reply_to = |stop: &[&str]| {
        let mut request = request(vec![user("hi")]);
        request.options.stop = stop.iter().map(|text| (*text).to_owned()).collect();
        let reply = words.reply(&session(0), &request).unwrap();
        let counted = Tokenizer::default().count_reply(&reply.message);
        assert_eq!(reply.output_tokens, counted, "what is cut off is not written");
        (reply.message.content, reply.message.tool_calls.len(), reply.finish_reason)
    };
    let stopped = ("Thought: look. ".to_owned(), 0, FinishReason::Stop);
    assert_eq!(reply_to(&["END", "", "Observation:"]), stopped);
    assert_eq!(reply_to(&["Thought"]), (String::new(), 0, FinishReason::Stop));
    let whole = "Thought: look. Observation: none. END".to_owned();
    assert_eq!(reply_to(&["", "never"]), (whole, 1, FinishReason::ToolCalls));
}

#[test]
fn the_user_answers_by_rules_each_session_for_itself() {
    let mut words = script(
        r#"
        [[reply]]
        say = "x"
        [[answer]]
        when = { text = 'seat (?<seat>\d+)' }
        say = "Seat {{ captures.seat }}, for {{ input }} ({{ answers }} before: {{ question }})"
        after_seconds = 1.5
        [[answer]]
        when.answers = 0
        nobody = true
        [[answer]]
        when.answers = [1, 9]
        gone = true
        "#,
    );
    let mut ask = |number, question: &str| words.user_answer(&session(number), question).unwrap();
    assert_eq!(ask(0, "Sure?"), UserReply::Nobody);
    assert_eq!(ask(0, "Sure?"), UserReply::Gone);
    assert_eq!(
        ask(0, "seat 12?"),
        UserReply::Answer {
            text: "Seat 12, for Fly me from Oslo to Rome. (2 before: seat 12?)".to_owned(),
            after: Span::from_millis(1500),
        }
    );
    assert_eq!(ask(1, "Sure?"), UserReply::Nobody);
}

#[test]
fn without_a_rule_for_the_user_nobody_is_there_and_a_missing_one_is_an_error() {
    let mut words = script("[[reply]]\nsay = \"x\"\n");
    assert_eq!(words.user_answer(&session(0), "Sure?"), Ok(UserReply::Nobody));
    let mut words = script(
        "[[reply]]\nsay = \"x\"\n[[answer]]\nwhen = { text = 'No', input = 'Fly' }\nsay = \"x\"\n",
    );
    let error = words.user_answer(&session(0), "Sure?").unwrap_err();
    insta::assert_snapshot!(error.message, @r#"
    no [[answer]] of s.toml fits the question "Sure?"
      line 3, answer 1: `No` is not in the question
      fix: add an [[answer]]; one without `when`, at the end, fits every question
    "#);
}

#[test]
fn a_wrong_key_or_value_is_located_and_explained() {
    insta::assert_snapshot!(fault("[[reply]]\nsey = \"x\"\n"), @"
    s.toml:2:1: unknown key `sey`
      fix: did you mean `say`?
    ");
    insta::assert_snapshot!(fault("[[reply]]\nsay = \"x\"\nwhen.rolle = \"user\"\n"), @"
    s.toml:3:6: unknown key `rolle`
      fix: did you mean `role`?
    ");
    insta::assert_snapshot!(fault("[[reply]]\nsay = \"x\"\nwhen.role = \"usr\"\n"), @r#"
    s.toml:3:13: unknown value `usr`
      fix: did you mean `user`?
    "#);
    insta::assert_snapshot!(fault("[[reply]]\n[[reply.call]]\narguments = '{}'\n"), @"
    s.toml:2:1: the key `tool` is missing
      fix: add it here
    ");
    insta::assert_snapshot!(fault("[[reply]]\nsay = \"x\"\nwhen.replies = \"two\"\n"), @r#"
    s.toml:3:16: expected a number, or [first, last]
      fix: correct the TOML of this line
    "#);
    insta::assert_snapshot!(fault("[[reply]]\nsay = \"x\n"), @r#"
    s.toml:2:9: invalid basic string, expected `"`
      fix: correct the TOML of this line
    "#);
}

#[test]
fn a_rule_that_makes_no_sense_is_refused() {
    insta::assert_snapshot!(fault(""), @r#"
    s.toml: the script has no [[reply]]
      fix: add one: [[reply]] and, below it, say = "…"
    "#);
    insta::assert_snapshot!(fault("\n[[reply]]\nwhen.replies = 0\n"), @r#"
    s.toml:2: this [[reply]] neither says anything nor calls a tool
      fix: add `say = "…"`, or [[reply.call]] with `tool = "…"`
    "#);
    insta::assert_snapshot!(fault("[[reply]]\nsay = \"x\"\n[[answer]]\nsay = \"x\"\ngone = true\n"), @r#"
    s.toml:3: an [[answer]] does exactly one of three things
      fix: keep one of `say = "…"`, `gone = true` (the user has left) and `nobody = true` (nobody is there)
    "#);
    insta::assert_snapshot!(fault("[[reply]]\nsay = \"x\"\n[[answer]]\nsay = \"x\"\nafter_seconds = -1.0\n"), @"
    s.toml:3: `after_seconds` is -1
      fix: give a number of seconds, 0 or more
    ");
    insta::assert_snapshot!(fault("[[reply]]\nsay = \"x\"\nwhen.replies = [3, 1]\n"), @"
    s.toml:3: the first number of [3, 1] is larger than the last
      fix: write [1, 3]
    ");
}

#[test]
fn a_wrong_expression_or_template_is_located_and_explained() {
    insta::assert_snapshot!(fault("[[reply]]\nsay = \"x\"\nwhen.text = 'a(b'\n"), @r"
    s.toml:3: `a(b` is no regular expression: unclosed group, at its character 2
      fix: correct it, or put a backslash before a sign that stands for itself; in '…' a backslash needs no second one
    ");
    insta::assert_snapshot!(fault("[[reply]]\nsay = '''\nfine\n{{ wrong\n'''\n"), @r"
    s.toml:4: the template cannot be read: unexpected end of input, expected end of variable block
      fix: write {{ value }} for a value and {% if … %} … {% endif %} for a choice
    ");
    let not_text = ScriptWords::parse("s.toml", b"a\n\xff", Arc::default()).err().unwrap();
    assert_eq!((not_text.line, not_text.problem.as_str()), (Some(2), "the text is not UTF-8"));
}

#[test]
fn the_digest_is_of_the_bytes() {
    let (one, other) = ("[[reply]]\nsay = \"x\"\n", "[[reply]]\nsay = \"y\"\n");
    assert_eq!(script(one).digest(), script(one).digest());
    assert_ne!(script(one).digest(), script(other).digest());
    assert_eq!(script(one).digest().len(), 64);
}
