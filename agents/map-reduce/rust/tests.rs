use timeslip_sdk::testing::{Session, task};

use super::*;

/// A session with so many documents; every reply of the model says its number.
fn library(documents: usize) -> Session {
    let names: Vec<String> = (0..documents).map(|number| format!("{number:02}.txt")).collect();
    let listing = json!({ "documents": names }).to_string();
    let mut session = Session::new()
        .config("at_once", "1")
        .config("group", "3")
        .tool("list_documents", move |_| Ok(listing.clone()))
        .tool("read_document", |arguments| Ok(format!("contents for {arguments}")));
    for number in 0..documents {
        session = session.model_says(format!("summary {number}"));
    }
    session.model_says("joined 1").model_says("joined 2").model_says("the answer")
}

#[test]
fn summaries_are_joined_until_few_are_left() {
    let ran = library(5).run(MapReduce::run(task("What happened?")));
    assert_eq!(ran.output.unwrap(), "the answer");
    assert_eq!(ran.requests.len(), 5 + 2 + 1);
    let prompt = |number: usize| ran.requests[number].messages[1].content.as_str();
    assert_eq!(
        prompt(0),
        "Summarise the document 00.txt in one sentence:\n\ncontents for {\"name\":\"00.txt\"}"
    );
    assert_eq!(prompt(6), "Join these summaries into one:\n\n- summary 3\n- summary 4");
    assert_eq!(
        prompt(7),
        "What happened?\n\nAnswer from these summaries:\n\n- joined 1\n- joined 2"
    );
}

#[test]
fn a_wrong_setting_is_named() {
    let ran = library(1).config("group", "1").run(MapReduce::run(task("What happened?")));
    let problem = ran.output.unwrap_err();
    assert_eq!(problem.message(), "the setting group must be a whole number of at least 2, not 1");
}
