//! The list of the tools: what each is called, does and takes, as a model reads it.

use crate::calculate::calculate;
use crate::json::json;
use crate::tools::{self, Tool};

/// A tool as it is offered to a model.
pub(crate) struct Definition {
    /// The name.
    pub(crate) name: &'static str,
    /// What the tool does.
    pub(crate) description: &'static str,
    /// The parameters in their order; all are required.
    pub(crate) parameters: &'static [Parameter],
    /// How the tool behaves.
    pub(crate) effect: Effect,
    /// What it does.
    pub(crate) tool: Tool,
}

/// A parameter: its name, its JSON Schema without a description, and the description.
pub(crate) type Parameter = (&'static str, &'static str, &'static str);

/// What a tool says of its own behaviour.
#[derive(Clone, Copy)]
pub(crate) struct Effect {
    /// It changes nothing.
    pub(crate) read_only: bool,
    /// It may overwrite or use up something.
    pub(crate) destructive: bool,
    /// Calling twice with the same arguments has no further effect.
    pub(crate) idempotent: bool,
    /// It reaches people.
    pub(crate) open_world: bool,
}

const READS: Effect =
    Effect { read_only: true, destructive: false, idempotent: true, open_world: false };

const ADDS: Effect =
    Effect { read_only: false, destructive: false, idempotent: false, open_world: false };

const OVERWRITES: Effect =
    Effect { read_only: false, destructive: true, idempotent: true, open_world: false };

const SPENDS: Effect =
    Effect { read_only: false, destructive: true, idempotent: false, open_world: false };

const REACHES_PEOPLE: Effect =
    Effect { read_only: false, destructive: false, idempotent: true, open_world: true };

const STRING: &str = r#""type": "string""#;
const INTEGER: &str = r#""type": "integer""#;
const NUMBER: &str = r#""type": "number""#;
const CABIN: &str = r#""type": "string", "enum": ["basic_economy", "economy", "business"]"#;
const FLIGHT_TYPE: &str = r#""type": "string", "enum": ["one_way", "round_trip"]"#;
const YES_OR_NO: &str = r#""type": "string", "enum": ["yes", "no"]"#;

const FLIGHTS: &str = r#""type": "array", "items": {"type": "object", "properties": {"flight_number": {"type": "string", "description": "for example HAT001"}, "date": {"type": "string", "description": "day of departure, YYYY-MM-DD"}}, "required": ["flight_number", "date"]}"#;

const PASSENGERS: &str = r#""type": "array", "items": {"type": "object", "properties": {"first_name": {"type": "string"}, "last_name": {"type": "string"}, "dob": {"type": "string", "description": "date of birth, YYYY-MM-DD"}}, "required": ["first_name", "last_name", "dob"]}"#;

const PAYMENTS: &str = r#""type": "array", "items": {"type": "object", "properties": {"payment_id": {"type": "string", "description": "a payment method of the user's profile"}, "amount": {"type": "number", "description": "what to pay with it, in dollars"}}, "required": ["payment_id", "amount"]}"#;

const USER_ID: Parameter = ("user_id", STRING, "the user's id, for example sara_doe_496");
const RESERVATION_ID: Parameter =
    ("reservation_id", STRING, "the reservation's id, for example 8JX2WO");
const ORIGIN: Parameter = ("origin", STRING, "airport code of the departure, for example SFO");
const DESTINATION: Parameter =
    ("destination", STRING, "airport code of the arrival, for example JFK");
const DATE: Parameter = ("date", STRING, "day of departure, YYYY-MM-DD");
const PAYMENT_ID: Parameter = (
    "payment_id",
    STRING,
    "the payment method of the user's profile that is charged or refunded; no certificate",
);
const TOTAL_BAGGAGES: Parameter = ("total_baggages", INTEGER, "all checked bags together");
const NONFREE_BAGGAGES: Parameter =
    ("nonfree_baggages", INTEGER, "the checked bags that are paid for");

/// The tools, in the order in which they are offered.
pub(crate) static DEFINITIONS: [Definition; 14] = [
    Definition {
        name: "book_reservation",
        description: "Books a reservation and takes the payments for it.",
        parameters: &[
            USER_ID,
            ORIGIN,
            DESTINATION,
            ("flight_type", FLIGHT_TYPE, "whether there is a way back"),
            ("cabin", CABIN, "the cabin of all flights"),
            ("flights", FLIGHTS, "every segment, in the order of flying"),
            ("passengers", PASSENGERS, "everyone who flies"),
            ("payment_methods", PAYMENTS, "payments that add up to the total price"),
            TOTAL_BAGGAGES,
            NONFREE_BAGGAGES,
            ("insurance", YES_OR_NO, "whether travel insurance is taken"),
        ],
        effect: SPENDS,
        tool: tools::book_reservation,
    },
    Definition {
        name: "calculate",
        description: "Evaluates arithmetic with + - * / and parentheses, to two decimals.",
        parameters: &[("expression", STRING, "for example 2 * (115 + 30)")],
        effect: READS,
        tool: |_, arguments| calculate(arguments),
    },
    Definition {
        name: "cancel_reservation",
        description: "Cancels a whole reservation and notes the refund of every payment.",
        parameters: &[RESERVATION_ID],
        effect: SPENDS,
        tool: tools::cancel_reservation,
    },
    Definition {
        name: "get_reservation_details",
        description: "Shows a reservation: flights, passengers, payments, bags.",
        parameters: &[RESERVATION_ID],
        effect: READS,
        tool: tools::get_reservation_details,
    },
    Definition {
        name: "get_user_details",
        description: "Shows a user's profile: payment methods, saved passengers, membership, reservations.",
        parameters: &[USER_ID],
        effect: READS,
        tool: tools::get_user_details,
    },
    Definition {
        name: "list_all_airports",
        description: "Lists every airport's code with its city.",
        parameters: &[],
        effect: READS,
        tool: tools::list_all_airports,
    },
    Definition {
        name: "search_direct_flight",
        description: "Finds the flights without a stop that can be booked on a day.",
        parameters: &[ORIGIN, DESTINATION, DATE],
        effect: READS,
        tool: tools::search_direct_flight,
    },
    Definition {
        name: "search_onestop_flight",
        description: "Finds pairs of flights with one stop between them that can be booked on a day.",
        parameters: &[ORIGIN, DESTINATION, DATE],
        effect: READS,
        tool: tools::search_onestop_flight,
    },
    Definition {
        name: "send_certificate",
        description: "Gives a user a certificate as compensation. Use it with care.",
        parameters: &[USER_ID, ("amount", NUMBER, "what it is worth, in dollars")],
        effect: ADDS,
        tool: tools::send_certificate,
    },
    Definition {
        name: "think",
        description: "Notes a thought. It looks nothing up and changes nothing.",
        parameters: &[("thought", STRING, "the thought")],
        effect: READS,
        tool: |_, _| Ok(String::new()),
    },
    Definition {
        name: "transfer_to_human_agents",
        description: "Hands the user over to a person, with a summary. Only when the user asks for \
            it or the tools cannot do what the policy allows.",
        parameters: &[("summary", STRING, "what the user wants, in a few words")],
        effect: REACHES_PEOPLE,
        tool: |_, _| Ok("Transfer successful".to_owned()),
    },
    Definition {
        name: "update_reservation_baggages",
        description: "Changes the number of checked bags of a reservation and charges the new ones.",
        parameters: &[RESERVATION_ID, TOTAL_BAGGAGES, NONFREE_BAGGAGES, PAYMENT_ID],
        effect: OVERWRITES,
        tool: tools::update_reservation_baggages,
    },
    Definition {
        name: "update_reservation_flights",
        description: "Changes the flights of a reservation and charges or refunds the difference.",
        parameters: &[
            RESERVATION_ID,
            ("cabin", CABIN, "the cabin of all flights"),
            (
                "flights",
                FLIGHTS,
                "every segment of the changed reservation, also the unchanged ones",
            ),
            PAYMENT_ID,
        ],
        effect: SPENDS,
        tool: tools::update_reservation_flights,
    },
    Definition {
        name: "update_reservation_passengers",
        description: "Changes the passengers of a reservation, not their number.",
        parameters: &[RESERVATION_ID, ("passengers", PASSENGERS, "everyone who flies")],
        effect: OVERWRITES,
        tool: tools::update_reservation_passengers,
    },
];

/// The tool of this name.
pub(crate) fn find(name: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.name == name)
}

impl Definition {
    /// JSON Schema of the arguments.
    pub(crate) fn input_schema(&self) -> String {
        let properties = self.parameters.iter().map(|(name, schema, description)| {
            let description = json(&(*description).into());
            format!(r#""{name}": {{{schema}, "description": {description}}}"#)
        });
        let properties: Vec<String> = properties.collect();
        let required = self.parameters.iter().map(|(name, ..)| format!("\"{name}\""));
        let required: Vec<String> = required.collect();
        format!(
            r#"{{"type": "object", "properties": {{{}}}, "required": [{}]}}"#,
            properties.join(", "),
            required.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn every_schema_is_json_of_an_object_with_described_properties() {
        for definition in &DEFINITIONS {
            let schema = parse(&definition.input_schema()).unwrap();
            let properties = schema.object().unwrap().get("properties").unwrap().clone();
            for (name, property) in &properties.object().unwrap().0 {
                let property = property.object().unwrap();
                assert!(property.get("description").is_ok(), "{name} of {}", definition.name);
            }
            assert_eq!(properties.object().unwrap().0.len(), definition.parameters.len());
        }
    }
}
