//! The JSON Schema of a slip, for programs that read slips without this crate.

/// The schema (JSON Schema 2020-12) as text, with a newline at the end. It is committed as
/// `host/gate/slip.schema.json`.
pub fn slip_schema() -> String {
    let schema = schemars::schema_for!(crate::slip::Slip);
    let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text + "\n"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compose::compose;
    use crate::examples;
    use crate::random::any_run;
    use crate::slip::Slip;

    fn validator() -> jsonschema::Validator {
        let schema = serde_json::from_str(&slip_schema()).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    }

    fn errors(validator: &jsonschema::Validator, slip: &Slip) -> Vec<String> {
        let value = serde_json::from_str(&slip.to_json()).unwrap();
        let errors = validator.iter_errors(&value);
        errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/slip.schema.json");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(file, slip_schema()).unwrap();
        }
        assert!(
            std::fs::read_to_string(file).unwrap_or_default() == slip_schema(),
            "host/gate/slip.schema.json is not the schema of the types; write it again with \
             `UPDATE_SCHEMA=1 cargo test -p timeslip-gate schema`, and commit it"
        );
    }

    #[test]
    fn slips_obey_the_schema() {
        for slip in [examples::two_sessions(), examples::nothing()] {
            assert_eq!(errors(&validator(), &slip), Vec::<String>::new());
        }
    }

    #[test]
    fn the_slip_of_any_run_obeys_the_schema() {
        let validator = validator();
        proptest!(ProptestConfig::with_cases(64), |((run, shares) in any_run())| {
            let slip = compose(examples::facts(), &run, &shares);
            prop_assert_eq!(errors(&validator, &slip), Vec::<String>::new());
        });
    }

    #[test]
    fn the_schema_refuses_what_is_no_slip() {
        let validator = validator();
        let text = examples::two_sessions().to_json();
        let breaks = [
            ("timeslip.slip/1", "timeslip.slip/2"),
            ("\"kind\":\"tool\"", "\"kind\":\"hammer\""),
            ("\"at_ns\":0", "\"at_ns\":-1"),
            ("\"status\":\"ok\"", "\"status\":\"fine\""),
            ("\"e2e_ns\":", "\"e2e\":"),
        ];
        for (from, to) in breaks {
            assert!(text.contains(from), "{from}");
            let value = serde_json::from_str(&text.replace(from, to)).unwrap();
            assert!(!validator.is_valid(&value), "{to} passed");
        }
    }
}
