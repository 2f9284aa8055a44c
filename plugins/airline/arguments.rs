//! The arguments of a call, checked for the parameters of its tool and for nothing else.

use crate::definitions::Definition;
use crate::fault::Fault;
use crate::json::{Object, Value, parse};

/// Reads the arguments. No text stands for no arguments, as some models write it.
///
/// # Errors
/// Text that is not the JSON of an object.
pub(crate) fn read(text: &str) -> Result<Object, Fault> {
    if text.trim().is_empty() {
        return Ok(Object::default());
    }
    match parse(text).map_err(Fault::Arguments)? {
        Value::Object(arguments) => Ok(arguments),
        _ => Err(Fault::Arguments("the arguments are not a JSON object".to_owned())),
    }
}

/// Checks that exactly the parameters are given, whatever their types.
///
/// # Errors
/// The first unknown parameter, else all missing ones.
pub(crate) fn check(definition: &Definition, arguments: &Object) -> Result<(), Fault> {
    let known = |name: &str| definition.parameters.iter().any(|(known, ..)| *known == name);
    let function = format!("{}.invoke()", camel_case(definition.name));
    if let Some((name, _)) = arguments.0.iter().find(|(name, _)| !known(name)) {
        return Err(format!("{function} got an unexpected keyword argument '{name}'").into());
    }
    let names = definition.parameters.iter().map(|(name, ..)| *name);
    let missing = names.filter(|name| arguments.find(name).is_none());
    let missing: Vec<String> = missing.map(|name| format!("'{name}'")).collect();
    let plural = if missing.len() == 1 { "" } else { "s" };
    match missing.len() {
        0 => Ok(()),
        count => Err(format!(
            "{function} missing {count} required positional argument{plural}: {}",
            enumerated(&missing)
        )
        .into()),
    }
}

fn enumerated(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first, second] => format!("{first} and {second}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
    }
}

fn camel_case(name: &str) -> String {
    let words = name.split('_').map(|word| match word.split_at_checked(1) {
        Some((initial, rest)) => initial.to_ascii_uppercase() + rest,
        None => String::new(),
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions;

    fn checked(text: &str) -> Result<(), Fault> {
        check(definitions::find("search_direct_flight").unwrap(), &read(text).unwrap())
    }

    fn told(text: &str) -> Result<(), Fault> {
        Err(Fault::Told(format!("SearchDirectFlight.invoke() {text}")))
    }

    #[test]
    fn parameters_are_all_there_in_any_order() {
        assert_eq!(checked(r#"{"date":1,"origin":2,"destination":null}"#), Ok(()));
    }

    #[test]
    fn missing_parameters_are_listed() {
        assert_eq!(
            checked(r#"{"origin":1,"date":1}"#),
            told("missing 1 required positional argument: 'destination'")
        );
        assert_eq!(
            checked(r#"{"destination":1}"#),
            told("missing 2 required positional arguments: 'origin' and 'date'")
        );
        assert_eq!(
            checked(" "),
            told("missing 3 required positional arguments: 'origin', 'destination', and 'date'")
        );
    }

    #[test]
    fn an_unknown_parameter_is_told_before_a_missing_one() {
        assert_eq!(
            checked(r#"{"origin":1,"d":1}"#),
            told("got an unexpected keyword argument 'd'")
        );
    }

    #[test]
    fn what_is_no_object_is_no_output_but_a_fault_of_the_arguments() {
        assert!(matches!(read("[1]"), Err(Fault::Arguments(text)) if text.contains("object")));
        assert!(matches!(read("{\"a\":"), Err(Fault::Arguments(text)) if text.contains("byte 5")));
    }
}
