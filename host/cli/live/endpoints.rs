//! From what a bench says of a real server to a machine that asks it.

use std::sync::Arc;

use timeslip_live::purse::Purse;
use timeslip_live::{Client, CountText, Delivery, EndpointOptions, LiveRun, Settings};
use timeslip_timeline::price::TokenPrice;
use timeslip_words::tokenizer::Tokenizer;

use crate::exit::Failure;

/// The limit on output tokens of requests that set none, in a run with a budget: what a reply may
/// cost has to be known before it is asked.
const OUTPUT_TOKENS_IN_A_BUDGET: u32 = 4_096;

/// A real server of a bench.
#[derive(Clone, Debug)]
pub(crate) struct EndpointPlan {
    /// What `machines` call it.
    pub(crate) name: String,
    /// Where it was named, for messages.
    pub(crate) place: String,
    /// Its model where `machines` name none.
    pub(crate) model: Option<String>,
    /// Where it is, and how to treat it.
    pub(crate) settings: Settings,
    /// How replies are wanted.
    pub(crate) delivery: Delivery,
    /// The limit on output tokens of requests that set none.
    pub(crate) max_output_tokens: Option<u32>,
    /// What its tokens cost.
    pub(crate) price: Option<TokenPrice>,
}

/// A server that is ready to be asked for one model.
#[derive(Clone, Debug)]
pub(crate) struct LiveMachine {
    /// The server.
    pub(crate) plan: EndpointPlan,
    /// The model.
    pub(crate) model: String,
    /// Asks it.
    pub(crate) client: Arc<Client>,
}

impl LiveMachine {
    /// Makes a server ready. Without a model's name it is asked which it has.
    pub(crate) fn prepare(
        plan: &EndpointPlan,
        model: Option<&str>,
        run: &LiveRun,
    ) -> Result<LiveMachine, Failure> {
        let place = &plan.place;
        let client = Client::new(plan.settings.clone())
            .map_err(|error| Failure::usage(format!("{place}: {error}")))?;
        let client = Arc::new(client);
        let model = match model.or(plan.model.as_deref()) {
            Some(model) => model.to_owned(),
            None => only_model(plan, run, &client)?,
        };
        Ok(LiveMachine { plan: plan.clone(), model, client })
    }

    /// What is to be done with its chats.
    pub(crate) fn options(
        &self,
        purse: Option<&Arc<Purse>>,
        tokenizer: &Arc<Tokenizer>,
    ) -> EndpointOptions {
        let tokenizer = tokenizer.clone();
        let count_text: CountText = Arc::new(move |message, reasoning| {
            tokenizer.count_reply(message) + tokenizer.count(reasoning)
        });
        let limit = self.plan.max_output_tokens;
        EndpointOptions {
            delivery: self.plan.delivery,
            max_output_tokens: limit.or(purse.map(|_| OUTPUT_TOKENS_IN_A_BUDGET)),
            price: self.plan.price,
            purse: purse.cloned(),
            count_text,
        }
    }
}

fn only_model(plan: &EndpointPlan, run: &LiveRun, client: &Client) -> Result<String, Failure> {
    let place = &plan.place;
    let fix = match plan.place.starts_with("--") {
        true => "--model NAME",
        false => "`model` for the endpoint, or NAME:MODEL in `machines`",
    };
    let models = run.wait_for(client.models()).map_err(|error| {
        Failure::run(format!(
            "{place}: no model is named, and {} does not say which it has: {error}\n  fix: give \
             {fix}",
            client.server()
        ))
    })?;
    match models.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Failure::usage(format!(
            "{place}: {} has no model\n  fix: load one into the server",
            client.server()
        ))),
        several => Err(Failure::usage(format!(
            "{place}: {} has {} models\n  fix: give {fix}: one of {}",
            client.server(),
            several.len(),
            beginning(several)
        ))),
    }
}

/// The first few names.
fn beginning(models: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown = models.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match models.len() > SHOWN {
        true => format!("{shown}, …"),
        false => shown,
    }
}
