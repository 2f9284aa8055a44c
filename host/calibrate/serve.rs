//! Serves observed requests on a modelled machine, as they came.

use std::sync::Arc;

use timeslip_sim::deployment::Deployment;
use timeslip_sim::engine::ModelledMachine;
use timeslip_timeline::backend::{
    Backend, CallId, CompletionEvent, PlannedTokens, ReplyLength, Served, SessionId, Submission,
};
use timeslip_timeline::conversation::{ChatOptions, ChatRequest};

use crate::observation::Observation;
use crate::prompts::Prompt;

/// What each request took; `None` for one that the machine could not serve.
pub(crate) fn serve(
    deployment: &Deployment,
    requests: &[Observation],
    prompts: &[Prompt],
) -> Vec<Option<Served>> {
    let model: Arc<str> = deployment.model.name.as_str().into();
    let asked = Arc::new(ChatRequest {
        model: None,
        messages: Vec::new(),
        tools: Vec::new(),
        options: ChatOptions::default(),
    });
    let mut machine = ModelledMachine::new(deployment.clone());
    let mut served: Vec<Option<Served>> = vec![None; requests.len()];
    let mut keep = |call: CallId, event: CompletionEvent| {
        if let CompletionEvent::Served(done) = event {
            served[call.0 as usize] = Some(done);
        }
    };
    for (number, (request, prompt)) in requests.iter().zip(prompts).enumerate() {
        while let Some(completion) = machine.next(Some(request.asked_at)) {
            keep(completion.call, completion.event);
        }
        let tokens = PlannedTokens {
            input_tokens: request.input_tokens,
            prompt: prompt.parts.as_slice().into(),
            reply_part: prompt.reply,
            max_output_tokens: None,
            reply: ReplyLength::of(request.output_tokens),
        };
        // Sessions matter to a machine through what their prompts have in common alone.
        let work =
            Submission::planned(SessionId(0), Arc::clone(&model), Arc::clone(&asked), tokens);
        machine.submit(request.asked_at, CallId(number as u64), work);
    }
    while let Some(completion) = machine.next(None) {
        keep(completion.call, completion.event);
    }
    served
}
