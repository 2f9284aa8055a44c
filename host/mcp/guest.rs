//! A server as a tool plugin: a guest in plain Rust, whose every call is one fetch.

use std::collections::BTreeMap;
use std::sync::Arc;

use timeslip_timeline::conversation::{ToolDefinition, ToolError};
use timeslip_timeline::guest::{
    Answer, Ask, AskId, Burst, Delivery, Guest, GuestState, GuestUse, Happening,
};
use timeslip_timeline::time::{Instant, Span};

use crate::wire::{output, request};

/// The plugin that stands for a server in one session. It computes nothing, so it takes no time but
/// that of the server.
pub struct ServerGuest {
    server: Arc<str>,
    definitions: Arc<[ToolDefinition]>,
    under_way: BTreeMap<AskId, Call>,
    next_ask: u64,
}

/// A call that the server has not answered.
struct Call {
    number: u64,
    is_structured: bool,
}

impl ServerGuest {
    /// The plugin of a server of this name with these tools.
    pub fn new(server: Arc<str>, definitions: Arc<[ToolDefinition]>) -> ServerGuest {
        ServerGuest { server, definitions, under_way: BTreeMap::new(), next_ask: 0 }
    }

    fn called(&mut self, number: u64, name: &str, arguments: &str) -> Happening {
        let request = match request(&self.server, name, arguments) {
            Ok(request) => request,
            Err(error) => return Happening::ToolAnswer { call: number, output: Err(error) },
        };
        let ask = AskId(self.next_ask);
        self.next_ask += 1;
        let tool = self.definitions.iter().find(|tool| tool.name == name);
        let is_structured = tool.is_some_and(|tool| tool.output_schema.is_some());
        self.under_way.insert(ask, Call { number, is_structured });
        Happening::Asked(ask, Ask::Fetch(Arc::new(request)))
    }

    fn answered(&mut self, ask: AskId, answer: &Answer) -> Option<Happening> {
        let Call { number, is_structured } = self.under_way.remove(&ask)?;
        let output: Result<Arc<str>, ToolError> = match answer {
            Answer::Fetched(answer) => output(answer, is_structured).map(Arc::from),
            _ => unreachable!("fetches are all that it asks"),
        };
        Some(Happening::ToolAnswer { call: number, output })
    }
}

impl Guest for ServerGuest {
    fn resume(&mut self, _: Instant, deliveries: Vec<Delivery>) -> Burst {
        let mut happenings = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            let happening = match delivery {
                Delivery::ToolCall { call, name, arguments } => {
                    Some(self.called(call, &name, &arguments))
                }
                Delivery::Answer(ask, answer) => self.answered(ask, &answer),
                Delivery::Start => unreachable!("plugins have no task"),
            };
            happenings.extend(happening.map(|happening| (Span::ZERO, happening)));
        }
        Burst {
            happenings,
            compute: Span::ZERO,
            state: GuestState::Waiting,
            used: GuestUse::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::http::HttpError;

    use super::*;

    fn call(number: u64, arguments: &str) -> Delivery {
        Delivery::ToolCall { call: number, name: "read".into(), arguments: arguments.into() }
    }

    #[test]
    fn each_call_is_a_fetch_and_gets_its_own_answer() {
        let mut guest = ServerGuest::new("files".into(), Arc::from([]));
        let asked = guest.resume(Instant::ZERO, vec![call(7, "{}"), call(8, "no"), call(9, "{}")]);
        let [
            (_, Happening::Asked(first, Ask::Fetch(request))),
            (_, refused),
            (_, Happening::Asked(second, _)),
        ] = asked.happenings.as_slice()
        else {
            panic!("{asked:?}");
        };
        assert_eq!(request.url, "mcp://files/read");
        assert!(
            matches!(
                refused,
                Happening::ToolAnswer { call: 8, output: Err(ToolError::InvalidArguments(_)) }
            ),
            "{refused:?}"
        );
        let answer = |ask| {
            let error = HttpError::Timeout("late".to_owned());
            Delivery::Answer(ask, Answer::Fetched(Err(error)))
        };
        let told = guest.resume(Instant::ZERO, vec![answer(*second), answer(*first)]);
        let calls: Vec<u64> = told
            .happenings
            .iter()
            .map(|(_, happening)| match happening {
                Happening::ToolAnswer { call, output: Err(ToolError::Failed(_)) } => *call,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(calls, [9, 7]);
    }
}
