//! Holds the outputs of a session's real tools against the recorded ones.

use std::collections::{HashMap, VecDeque};

use super::key::{Key, key_of_call};
use super::{Cassette, RecordedToolCall};
use crate::difference::Difference;

/// A call that a session made.
#[derive(Clone, Copy, Debug)]
pub struct ObservedToolCall<'s> {
    /// The tool's name.
    pub name: &'s str,
    /// The arguments, as JSON text.
    pub arguments: &'s str,
    /// The output.
    pub output: &'s str,
}

/// What the comparison says of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolVerdict {
    /// The output is the recorded one, byte for byte.
    Equal,
    /// The output differs from the recorded one.
    Different(Difference),
    /// The cassette has no such call, or fewer of them.
    NotRecorded,
}

/// One call of the session, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolComparison {
    /// The tool's name.
    pub name: String,
    /// The arguments, as the session gave them.
    pub arguments: String,
    /// The line of the recorded call; absent when there is none.
    pub line: Option<usize>,
    /// The verdict.
    pub verdict: ToolVerdict,
}

/// All calls of a session, compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolOutputReport {
    /// The session's calls, in their order.
    pub calls: Vec<ToolComparison>,
    /// Calls whose output is the recorded one.
    pub equal: usize,
    /// Calls whose output differs.
    pub different: usize,
    /// Calls that the cassette lacks.
    pub not_recorded: usize,
    /// Lines of recorded calls that the session did not make.
    pub not_called: Vec<usize>,
}

impl Cassette {
    /// Compares the outputs of a session's tools with the recorded ones.
    ///
    /// A call is paired with the first recorded call of the same tool and the same arguments that
    /// is not paired yet, so calls made at once may come in any order.
    pub fn compare_tool_outputs(&self, observed: &[ObservedToolCall<'_>]) -> ToolOutputReport {
        let mut open: HashMap<Key, VecDeque<&RecordedToolCall>> = HashMap::new();
        for call in &self.tools {
            open.entry(key_of_call(&call.name, &call.arguments)).or_default().push_back(call);
        }
        let mut report = ToolOutputReport::default();
        for call in observed {
            let key = key_of_call(call.name, call.arguments);
            let recorded = open.get_mut(&key).and_then(VecDeque::pop_front);
            let verdict = match recorded {
                None => ToolVerdict::NotRecorded,
                Some(recorded) => {
                    let output = &self.messages[recorded.output].content;
                    Difference::between(output, call.output)
                        .map_or(ToolVerdict::Equal, ToolVerdict::Different)
                }
            };
            match verdict {
                ToolVerdict::Equal => report.equal += 1,
                ToolVerdict::Different(_) => report.different += 1,
                ToolVerdict::NotRecorded => report.not_recorded += 1,
            }
            report.calls.push(ToolComparison {
                name: call.name.to_owned(),
                arguments: call.arguments.to_owned(),
                line: recorded.map(|recorded| recorded.line),
                verdict,
            });
        }
        report.not_called = open.into_values().flatten().map(|call| call.line).collect();
        report.not_called.sort_unstable();
        report
    }
}
