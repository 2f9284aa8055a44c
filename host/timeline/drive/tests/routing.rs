//! Which machine a chat goes to. A machine expects what the others do, plus a prompt's reading for
//! each call that waits for it; its price is its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::guests::{Agent, Diary, Move, chat, chat_with, plugin};
use super::machines::{Script, Silent, Slots};
use crate::backend::Backend;
use crate::drive::{Load, Machine, RunUntil, SessionGuests, SessionPlan, Stage, ToolProvider, run};
use crate::pace::Jumping;
use crate::price::{Priced, TokenPrice};
use crate::record::{ChatEnd, ChatStep, RunRecord, StepKind};
use crate::route::{RoutePolicy, RouteReason, Routing};
use crate::time::Span;

/// A machine: its model, its tier, its slots (none for one that cannot say what it expects), and
/// its dollars per million tokens.
#[derive(Clone, Copy, Debug)]
struct Rack {
    model: &'static str,
    tier: Option<&'static str>,
    slots: usize,
    price: Option<f64>,
}

#[derive(Clone, Debug)]
struct Routed {
    racks: Vec<Rack>,
    policy: RoutePolicy,
    default_tier: Option<&'static str>,
    task_tier: Option<&'static str>,
    deadline: Option<u64>,
    budget_usd: Option<f64>,
    sessions: Vec<Vec<Move>>,
    threads: usize,
}

impl Routed {
    /// One session of these moves on a cheap machine and a dear one with more room, each in a tier.
    fn of(policy: RoutePolicy, moves: Vec<Move>) -> Routed {
        let rack = |tier, slots, price| Rack { model: "small", tier, slots, price };
        Routed {
            racks: vec![rack(Some("standard"), 1, Some(1.0)), rack(Some("premium"), 9, Some(5.0))],
            policy,
            default_tier: None,
            task_tier: None,
            deadline: None,
            budget_usd: None,
            sessions: vec![moves],
            threads: 1,
        }
    }

    fn machine(&self, place: usize) -> Machine {
        let Rack { model, tier, slots, price } = self.racks[place];
        let plain: Box<dyn Backend> = match slots {
            0 => Box::new(Silent),
            slots => Box::new(Slots::new(slots)),
        };
        let priced = |usd: f64| TokenPrice {
            usd_per_million_input_tokens: usd,
            usd_per_million_cached_input_tokens: usd,
            usd_per_million_output_tokens: usd,
        };
        Machine {
            name: Arc::from(format!("rack-{place}")),
            model: Arc::from(model),
            tier: tier.map(Arc::from),
            backend: match price {
                Some(usd) => Box::new(Priced::new(plain, priced(usd))),
                None => plain,
            },
        }
    }

    fn run(&self) -> RunRecord {
        let plan = |task_index| SessionPlan {
            task_index,
            task: Arc::from("task"),
            input: Arc::from(""),
            tier: self.task_tier.map(Arc::from),
        };
        run(Stage {
            sessions: (0..self.sessions.len()).map(plan).collect(),
            load: Load::at_once(self.sessions.len().max(1)),
            until: RunUntil::AllHaveEnded,
            deadline: self.deadline.map(Span::from_nanos),
            budget_usd: self.budget_usd,
            routing: Routing {
                policy: self.policy,
                default_tier: self.default_tier.map(Arc::from),
                expected_output_tokens: 10,
            },
            agent: Arc::from("agent"),
            plugins: vec![Arc::from("left-plugin")],
            agents: Vec::new(),
            tools: BTreeMap::from([(Arc::from("left"), ToolProvider::Plugin(0))]),
            machines: (0..self.racks.len()).map(|place| self.machine(place)).collect(),
            words: &mut Script,
            make_guests: &mut |_, plan| {
                let moves = &self.sessions[plan.task_index];
                SessionGuests::alone(Box::new(Agent::new(moves, Diary::default())), vec![plugin()])
            },
            pace: &mut Jumping,
            on_step_end: &mut |_, _| {},
            on_session_end: &mut |_, _| {},
            http: Default::default(),
            threads: self.threads,
        })
        .expect("no machine fails")
    }
}

fn chats(record: &RunRecord) -> Vec<&ChatStep> {
    let steps = record.sessions.iter().flat_map(|session| &session.steps);
    let chats = steps.filter_map(|step| match &step.kind {
        StepKind::Chat(chat) => Some(&**chat),
        _ => None,
    });
    chats.collect()
}

/// The machine of each chat, and what decided on it.
fn routes(record: &RunRecord) -> Vec<(&str, Option<RouteReason>)> {
    let of = |chat: &&ChatStep| chat.route.as_ref().map(|route| route.reason);
    chats(record).iter().map(|chat| (&*chat.machine, of(chat))).collect()
}

fn two_chats(first: Option<&'static str>, second: Option<&'static str>) -> Vec<Move> {
    let wait = Move::WaitForAll;
    vec![chat_with(first, "40 3", false), wait.clone(), chat_with(second, "40 3", false), wait]
}

#[test]
fn the_request_names_a_tier_before_the_task_and_the_run() {
    let moves = two_chats(Some("small:premium"), None);
    let mut bench = Routed::of(RoutePolicy::ByTier, moves);
    bench.default_tier = Some("standard");
    let by_tier = Some(RouteReason::ByTier);
    assert_eq!(routes(&bench.run()), [("rack-1", by_tier), ("rack-0", by_tier)]);
    bench.task_tier = Some("premium");
    assert_eq!(routes(&bench.run()), [("rack-1", by_tier), ("rack-1", by_tier)]);
}

#[test]
fn a_chat_costs_what_its_tier_does() {
    let mut bench =
        Routed::of(RoutePolicy::ByTier, two_chats(Some("small:premium"), Some("small:standard")));
    bench.default_tier = Some("standard");
    let record = bench.run();
    let costs: Vec<f64> = chats(&record).iter().map(|chat| chat.cost_usd.unwrap()).collect();
    assert_eq!(costs, [43.0 * 5.0 / 1e6, 43.0 / 1e6]);
}

#[test]
fn a_tier_without_the_model_fails_the_chat_and_names_those_that_have_it() {
    let mut bench = Routed::of(RoutePolicy::ByTier, two_chats(Some("small:premum"), Some("tiny")));
    bench.default_tier = Some("standard");
    let record = bench.run();
    let errors: Vec<String> = chats(&record)
        .iter()
        .map(|chat| match &chat.end {
            ChatEnd::Failed(error) => error.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        errors,
        [
            "unknown model: no machine of the tier \"premum\" serves \"small\" in this run; it is \
             in premium, standard; did you mean \"premium\"?",
            "unknown model: no machine of this run serves \"tiny\"; they serve small",
        ]
    );
}

#[test]
fn a_full_machine_is_passed_over_in_its_tier() {
    let asks = vec![chat("40 3"), chat("40 3"), chat("40 3"), Move::WaitForAll];
    let mut bench = Routed::of(RoutePolicy::ByTier, asks);
    for rack in &mut bench.racks {
        (rack.tier, rack.slots) = (Some("standard"), 1);
    }
    bench.default_tier = Some("standard");
    let machines: Vec<String> =
        chats(&bench.run()).iter().map(|chat| chat.machine.to_string()).collect();
    // Both are empty, then one call works on the first without another that waits; then one waits.
    assert_eq!(machines, ["rack-0", "rack-0", "rack-1"]);
}

#[test]
fn deadline_and_budget_choose_among_the_machines_of_a_model() {
    let asks = vec![chat("40 3"), chat("40 3"), chat("40 3"), Move::WaitForAll];
    let mut bench = Routed::of(RoutePolicy::ByDeadlineAndBudget, asks);
    let reasons = |bench: &Routed| {
        let record = bench.run();
        routes(&record).into_iter().map(|(machine, why)| (machine.to_owned(), why)).collect()
    };
    let all = |machine: &str, why| vec![(machine.to_owned(), Some(why)); 3];
    let found: Vec<_> = reasons(&bench);
    assert_eq!(found, all("rack-0", RouteReason::CheapestInTime));
    // Alone a chat is expected to take 400 + 50 + 1000 ns; the third waits behind another.
    bench.deadline = Some(1_500);
    let found: Vec<_> = reasons(&bench);
    let dear = ("rack-1".to_owned(), Some(RouteReason::CheapestInTime));
    assert_eq!(found[..2], all("rack-0", RouteReason::CheapestInTime)[..2]);
    assert_eq!(found[2], dear);
    bench.deadline = Some(1_000);
    let found: Vec<_> = reasons(&bench);
    assert_eq!(found[2], ("rack-1".to_owned(), Some(RouteReason::FastestInBudget)));
    // Fifty tokens at the lower price.
    bench.budget_usd = Some(60.0 / 1e6);
    let found: Vec<_> = reasons(&bench);
    assert_eq!(found, all("rack-0", RouteReason::FastestInBudget));
    bench.budget_usd = Some(20.0 / 1e6);
    let found: Vec<_> = reasons(&bench);
    assert_eq!(found, all("rack-0", RouteReason::Cheapest));
}

#[test]
fn a_session_that_has_spent_its_budget_gets_no_more_replies() {
    let mut bench = Routed::of(RoutePolicy::ByModel, two_chats(None, None));
    bench.budget_usd = Some(40.0 / 1e6);
    let record = bench.run();
    let chats = chats(&record);
    assert!(matches!(chats[0].end, ChatEnd::Replied(_)), "it is known only once it is spent");
    let ChatEnd::Failed(error) = &chats[1].end else { panic!("{:?}", chats[1].end) };
    assert_eq!(error.to_string(), "over budget: the session's $0.00004 are used up");
    assert_eq!(chats[0].route, None, "a run that routes by the model alone has no routes");
}

fn any_rack() -> impl Strategy<Value = Rack> {
    let model = prop_oneof![3 => Just("small"), 1 => Just("large")];
    let tier = prop_oneof![Just(None), Just(Some("standard")), Just(Some("premium"))];
    let price = prop::option::of((0u64..9).prop_map(|usd| usd as f64));
    (model, tier, 0usize..4, price).prop_map(|(model, tier, slots, price)| Rack {
        model,
        tier,
        slots,
        price,
    })
}

fn any_moves() -> impl Strategy<Value = Vec<Move>> {
    let model = prop_oneof![
        3 => Just(None),
        2 => Just(Some("small")),
        2 => Just(Some("small:premium")),
        1 => Just(Some("large:standard")),
        1 => Just(Some("large")),
        1 => Just(Some("small:gold")),
        1 => Just(Some("huge:premium")),
    ];
    let asked = (model, 0u64..60, 1u64..20)
        .prop_map(|(model, input, output)| chat_with(model, &format!("{input} {output}"), false));
    let any = prop_oneof![4 => asked, 1 => Just(Move::WaitForAll), 1 => Just(Move::WaitForAny)];
    prop::collection::vec(any, 0..8)
}

prop_compose! {
    fn any_routed()(
        racks in prop::collection::vec(any_rack(), 1..5),
        policy in prop::sample::select(vec![
            RoutePolicy::ByModel, RoutePolicy::ByTier, RoutePolicy::ByDeadlineAndBudget,
        ]),
        default_tier in prop::option::of(Just("standard")),
        task_tier in prop::option::of(Just("premium")),
        deadline in 500u64..5_000,
        budget_usd in prop::option::of((0u64..400).prop_map(|usd| usd as f64 / 1e6)),
        sessions in prop::collection::vec(any_moves(), 0..4),
    ) -> Routed {
        let deadline = Some(deadline);
        Routed {
            racks, policy, default_tier, task_tier, deadline, budget_usd, sessions, threads: 1,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_chat_goes_only_to_a_machine_that_serves_its_model_in_its_tier(bench in any_routed()) {
        let record = bench.run();
        for chat in chats(&record).into_iter().filter(|chat| !chat.machine.is_empty()) {
            let place: usize = chat.machine.strip_prefix("rack-").unwrap().parse().unwrap();
            let rack = bench.racks[place];
            prop_assert_eq!(&*chat.model, rack.model);
            let asked = chat.request.model.as_deref().unwrap_or(bench.racks[0].model);
            let (model, tier) = asked.split_once(':').map_or((asked, None), |(m, t)| (m, Some(t)));
            prop_assert_eq!(model, rack.model);
            prop_assert!(tier.is_none() || tier == rack.tier);
            if let Some(route) = &chat.route {
                prop_assert_eq!(route.tier.as_deref(), rack.tier);
                let names: Vec<&str> = route.considered.iter().map(|one| &*one.machine).collect();
                prop_assert!(names.is_empty() || names.contains(&&*chat.machine));
                prop_assert!(names.len() != 1, "one machine is no choice");
            }
        }
    }

    #[test]
    fn neither_threads_nor_another_run_change_a_route(bench in any_routed()) {
        let alone = format!("{:#?}", bench.run());
        for threads in [1, 3] {
            let again = Routed { threads, ..bench.clone() };
            prop_assert_eq!(&alone, &format!("{:#?}", again.run()));
        }
    }
}
