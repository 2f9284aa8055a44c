//! What is unknown reads "unknown".

use timeslip_gate::slip::TimeShareNs;
use timeslip_gate::step::Step;

use super::{plain_style, shown};
use crate::examples::{chat, guide, session, slip};

#[test]
fn what_is_unknown_says_so() {
    let mut guide = guide();
    for step in &mut guide.steps {
        if let Step::Chat(chat) = step {
            (chat.energy_j, chat.cost_usd) = (None, None);
        }
    }
    let text = shown(&slip(vec![guide]), None, plain_style(80));
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("unknown")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    energy              unknown
    cost                unknown
    ");
}

#[test]
fn a_reply_of_one_token_has_no_rate() {
    let shares = TimeShareNs { decode: 500, ..TimeShareNs::default() };
    let steps = vec![chat(0, [0, 0, 0, 500], [10, 0, 1], "rubin-groq3")];
    let text = shown(&slip(vec![session("one", 0, shares, steps)]), None, plain_style(80));
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("unknown")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    inter-token latency unknown
    tokens/s/user       unknown
                        unknown against 1,500: no reply has a second token
    ");
}
