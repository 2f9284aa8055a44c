//! What no name, message, number of steps or colour may break.

use timeslip_gate::slip::TimeShareNs;
use timeslip_gate::step::Step;

use super::super::{RunScreen, ToolOutputsNote, run_screen};
use super::{plain_style, shown, widest};
use crate::examples::{failed, guide, lost, session, slip, tool};
use crate::style::{NARROWEST, Style};

#[test]
fn colours_paint_and_change_no_text() {
    let slip = slip(vec![guide(), lost()]);
    let bare = shown(&slip, Some("yes"), plain_style(100));
    assert!(!bare.contains('\x1b'));
    let painted = shown(&slip, Some("yes"), Style { colour: true, ..plain_style(100) });
    assert!(painted.contains("\x1b[32m"));
    let mut stripped = String::new();
    let mut rest = painted.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        stripped.push_str(before);
        rest = after.split_once('m').expect("a whole sequence").1;
    }
    assert_eq!(stripped + rest, bare);
}

#[test]
fn nothing_that_a_guest_says_reaches_the_terminal_as_a_command() {
    let evil = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\r\n";
    let mut broken = failed(guide(), evil);
    broken.task = evil.to_owned();
    broken.error.as_mut().unwrap().message = evil.to_owned();
    broken.steps.push(tool(800_000_000, 0, evil, Some(evil)));
    for count in [1, 5] {
        let mut slip = slip(vec![broken.clone(); count]);
        slip.bench.name = evil.to_owned();
        slip.machines[0].name = evil.to_owned();
        slip.machines[0].model = evil.to_owned();
        slip.components[0].name = evil.to_owned();
        let answers = vec![Some(evil.to_owned()); count];
        let examples = vec![evil.to_owned()];
        let note = ToolOutputsNote { different: 1, examples, ..ToolOutputsNote::default() };
        let text = run_screen(&RunScreen {
            slip: &slip,
            answers: &answers,
            words_note: evil,
            tool_outputs: Some(note),
            style: plain_style(80),
        });
        let acts = |c: &char| (c.is_control() && *c != '\n') || *c == '\u{202e}';
        assert_eq!(text.chars().find(acts), None, "{text:?}");
    }
}

#[test]
fn long_and_wide_names_are_shortened_and_bars_stay_in_line() {
    let shares = TimeShareNs { tool: 10_000_000, ..TimeShareNs::default() };
    let name = "東京スカイツリーの高さを調べてから観光案内を作る長い名前の道具";
    let steps = vec![
        tool(0, 4_000_000, name, None),
        tool(4_000_000, 6_000_000, &"long-name-".repeat(20), None),
    ];
    let long = session(&"task-".repeat(60), 0, shares, steps);
    let text = shown(&slip(vec![long]), None, plain_style(80));
    assert!(widest(&text) <= 80, "{text}");
    insta::assert_snapshot!(text.lines().skip(2).take(4).collect::<Vec<_>>().join("\n"), @r"
    ✓ task-task-task-task-task-task-task-task-task-task-task-t…: answered in 10.0 ms
           at  step                                       time
          0 s  tool 東京スカイツリーの高さを調べてか…  4.00 ms  ▄▄▄▄▄▄▄▄
      4.00 ms  tool long-name-long-name-long-name-lo…  6.00 ms          ▄▄▄▄▄▄▄▄▄▄▄▄
    ");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let long = "a-long-name-東京-".repeat(9);
    let mut named = lost();
    named.task.clone_from(&long);
    for step in &mut named.steps {
        match step {
            Step::Chat(chat) => chat.machine.push_str(&long),
            Step::Tool(tool) => tool.error = tool.error.take().map(|error| error + &long),
            _ => {}
        }
    }
    let mut alone = guide();
    if let Step::Chat(chat) = &mut alone.steps[0] {
        chat.machine.clone_from(&long);
    }
    alone.steps.truncate(1);
    for sessions in [vec![guide(), lost(), named.clone()], vec![named; 5], vec![alone]] {
        let mut slip = slip(sessions);
        slip.bench.name.clone_from(&long);
        slip.machines[0].model.clone_from(&long);
        for width in 0..150 {
            let text = shown(&slip, Some(&long), plain_style(width));
            assert!(widest(&text) <= width.max(NARROWEST), "{width} columns:\n{text}");
        }
    }
}

#[test]
fn a_session_of_many_steps_shows_its_beginning_and_its_end() {
    let shares = TimeShareNs { tool: 200_000_000, ..TimeShareNs::default() };
    let step = |index: u64| tool(index * 1_000_000, 1_000_000, &format!("look-{index}"), None);
    let text = shown(
        &slip(vec![session("long", 0, shares, (0..200).map(step).collect())]),
        None,
        plain_style(80),
    );
    assert!(text.contains("… 140 more steps"), "{text}");
    assert!(text.contains("look-44 ") && !text.contains("look-45 "), "{text}");
    assert!(text.contains("look-185 ") && !text.contains("look-184 "), "{text}");
}
