//! What an answer rests on.

use std::collections::BTreeSet;

use timeslip_sdk::ToolCall;
use timeslip_sdk::serde_json::{self, Value};

/// The tool whose documents may be cited.
const READING_TOOL: &str = "read_document";

/// The documents that were read, and may be cited.
#[derive(Debug, Default)]
pub(crate) struct Citations {
    read: BTreeSet<String>,
}

impl Citations {
    /// Notes a call that gave its output.
    pub(crate) fn note(&mut self, call: &ToolCall) {
        let arguments: Option<Value> = serde_json::from_str(&call.arguments).ok();
        let path = arguments.and_then(|arguments| Some(arguments["path"].as_str()?.to_owned()));
        if call.name == READING_TOOL {
            self.read.extend(path);
        }
    }

    /// What is wrong with the citations of an answer, for the model to read.
    pub(crate) fn problem(&self, answer: &str) -> Option<String> {
        let cited = cited(answer);
        if let Some(unread) = cited.iter().find(|path| !self.read.contains(**path)) {
            return Some(format!("You cite {unread}, which you have not read. Answer again."));
        }
        let rests_on_nothing = cited.is_empty() && !self.read.is_empty();
        rests_on_nothing.then(|| {
            let read: Vec<&str> = self.read.iter().map(String::as_str).collect();
            format!("You cite no document. You have read {}. Answer again.", read.join(", "))
        })
    }
}

/// The texts in brackets that look like paths.
fn cited(answer: &str) -> Vec<&str> {
    let inside = answer.split('[').skip(1).filter_map(|rest| Some(rest.split_once(']')?.0));
    inside.filter(|text| text.contains('.') && !text.contains(' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_are_paths_in_brackets() {
        assert_eq!(cited("A [a/b.md] and [1], [see below. Or not]; [c.md]."), ["a/b.md", "c.md"]);
        assert_eq!(cited("An open [a.md"), [""; 0]);
    }

    #[test]
    fn an_answer_after_reading_cites_something() {
        let mut citations = Citations::default();
        assert_eq!(citations.problem("The documents do not say."), None);
        let call = |name: &str| ToolCall {
            id: String::new(),
            name: name.to_owned(),
            arguments: r#"{"path":"tea.md"}"#.to_owned(),
        };
        citations.note(&call("search_documents"));
        assert_eq!(citations.problem("So."), None);
        citations.note(&call(READING_TOOL));
        let said = citations.problem("So.").unwrap();
        assert_eq!(said, "You cite no document. You have read tea.md. Answer again.");
        assert_eq!(citations.problem("So [tea.md]."), None);
    }
}
