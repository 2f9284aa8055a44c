//! How a component's interfaces change from one version to the next, function by function.
//!
//! `wit_component::semver_check` leaves versions out of its comparison, names no function, and calls
//! a new import compatible that keeps a host from loading the component; so the comparison is ours,
//! over what `wit-parser` decodes.

use std::collections::BTreeMap;

use semver::Version;
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind, TypeId, WorldItem, WorldKey};

use super::sections::damaged;
use crate::error::{MarketError, Result};

/// What a change asks of the next version's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compatibility {
    /// Whoever used the version before can use this one: something is new.
    Addition,
    /// Whoever used the version before cannot use this one.
    Breaking,
}

/// One change of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitChange {
    /// What it asks of the next version's number.
    pub compatibility: Compatibility,
    /// What changed, with the function's name.
    pub text: String,
}

/// The functions on one side of a world: by interface, then by name, each with its signature.
type Side = BTreeMap<String, BTreeMap<String, String>>;

struct World {
    imports: Side,
    exports: Side,
}

/// What changed in the interfaces from one component to the next.
///
/// # Errors
/// When one of them cannot be decoded.
pub fn wit_changes(before: &[u8], after: &[u8]) -> Result<Vec<WitChange>> {
    let (before, after) = (world_of(before)?, world_of(after)?);
    let mut changes = Vec::new();
    changes_of_exports(&before.exports, &after.exports, &mut changes);
    changes_of_imports(&before.imports, &after.imports, &mut changes);
    Ok(changes)
}

/// Refuses a version whose number promises more than its interfaces keep.
///
/// # Errors
/// When it is not above the version before, or a change asks for a larger step.
pub fn check_version(before: &Version, after: &Version, changes: &[WitChange]) -> Result<()> {
    if after <= before {
        return Err(MarketError::refused(format!(
            "{after} is not above {before}, which is published; a published version is never changed"
        )));
    }
    let Some(largest) = changes.iter().map(|change| change.compatibility).max() else {
        return Ok(());
    };
    // Cargo's rule: the leftmost number that is not 0 stands for compatibility.
    let is_breaking = (after.major, if after.major == 0 { after.minor } else { 0 })
        != (before.major, if before.major == 0 { before.minor } else { 0 });
    let is_step = is_breaking || after.minor != before.minor || after.major == 0;
    let (fits, wanted) = match largest {
        Compatibility::Breaking => (is_breaking, breaking_after(before)),
        Compatibility::Addition => (is_step, Version::new(before.major, before.minor + 1, 0)),
    };
    if fits {
        return Ok(());
    }
    let texts: Vec<&str> = changes
        .iter()
        .filter(|change| change.compatibility == largest)
        .map(|change| change.text.as_str())
        .collect();
    Err(MarketError::refused(format!(
        "{after} promises to fit wherever {before} did, and does not: {}; publish it as {wanted}",
        texts.join("; ")
    )))
}

fn breaking_after(before: &Version) -> Version {
    match before.major {
        0 => Version::new(0, before.minor + 1, 0),
        major => Version::new(major + 1, 0, 0),
    }
}

fn changes_of_exports(before: &Side, after: &Side, changes: &mut Vec<WitChange>) {
    let mut say = |compatibility, text| changes.push(WitChange { compatibility, text });
    for (interface, functions) in before {
        let Some(now) = after.get(interface) else {
            say(Compatibility::Breaking, format!("it exports {} no more", shown(interface)));
            continue;
        };
        for (name, signature) in functions {
            let function = full_name(interface, name);
            match now.get(name) {
                None => say(Compatibility::Breaking, format!("`{function}` is gone")),
                Some(new) if new != signature => say(
                    Compatibility::Breaking,
                    format!("`{function}` was `{signature}` and is `{new}`"),
                ),
                Some(_) => {}
            }
        }
        for name in now.keys().filter(|name| !functions.contains_key(*name)) {
            say(Compatibility::Addition, format!("`{}` is new", full_name(interface, name)));
        }
    }
    for interface in after.keys().filter(|interface| !before.contains_key(*interface)) {
        say(Compatibility::Addition, format!("it exports {} now", shown(interface)));
    }
}

fn changes_of_imports(before: &Side, after: &Side, changes: &mut Vec<WitChange>) {
    let mut say = |compatibility, text| changes.push(WitChange { compatibility, text });
    for (interface, functions) in after {
        let Some(had) = before.get(interface) else {
            say(
                Compatibility::Breaking,
                format!("it imports {}, without which no host can load it", shown(interface)),
            );
            continue;
        };
        for (name, signature) in functions {
            let function = full_name(interface, name);
            match had.get(name) {
                None => say(Compatibility::Addition, format!("it calls `{function}` now")),
                Some(old) if old != signature => say(
                    Compatibility::Breaking,
                    format!("the imported `{function}` was `{old}` and is `{signature}`"),
                ),
                Some(_) => {}
            }
        }
    }
}

fn shown(interface: &str) -> String {
    match interface {
        "" => "functions of its own".to_owned(),
        name => format!("`{name}`"),
    }
}

fn full_name(interface: &str, function: &str) -> String {
    match interface {
        "" => function.to_owned(),
        interface => format!("{interface}.{function}"),
    }
}

fn world_of(bytes: &[u8]) -> Result<World> {
    let DecodedWasm::Component(resolve, world) = decode(bytes).map_err(|error| damaged(&error))?
    else {
        return Err(MarketError::refused("it is a package of WIT, and no component"));
    };
    let world = &resolve.worlds[world];
    let side = |items: &mut dyn Iterator<Item = (&WorldKey, &WorldItem)>| {
        let mut side = Side::new();
        for (key, item) in items {
            match item {
                WorldItem::Interface { id, .. } => {
                    let functions = resolve.interfaces[*id].functions.iter();
                    let functions = functions
                        .map(|(name, function)| (name.clone(), signature(&resolve, function)));
                    side.insert(resolve.name_world_key(key), functions.collect());
                }
                WorldItem::Function(function) => {
                    let own = side.entry(String::new()).or_default();
                    own.insert(function.name.clone(), signature(&resolve, function));
                }
                WorldItem::Type { .. } => {}
            }
        }
        side
    };
    Ok(World { imports: side(&mut world.imports.iter()), exports: side(&mut world.exports.iter()) })
}

fn signature(resolve: &Resolve, function: &Function) -> String {
    let params: Vec<String> = function
        .params
        .iter()
        .map(|param| format!("{}: {}", param.name, type_text(resolve, &param.ty)))
        .collect();
    let result = function.result.iter().map(|ty| format!(" -> {}", type_text(resolve, ty)));
    let kind = if function.kind.is_async() { "async func" } else { "func" };
    format!("{kind}({}){}", params.join(", "), result.collect::<String>())
}

/// A type with everything that it is made of, so that two texts differ where the types do.
fn type_text(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Id(id) => defined_text(resolve, *id),
        Type::Bool => "bool".to_owned(),
        Type::String => "string".to_owned(),
        simple => format!("{simple:?}").to_lowercase(),
    }
}

fn optional_text(resolve: &Resolve, ty: &Option<Type>) -> String {
    ty.as_ref().map_or_else(|| "_".to_owned(), |ty| type_text(resolve, ty))
}

fn defined_text(resolve: &Resolve, id: TypeId) -> String {
    let definition = &resolve.types[id];
    let name = definition.name.as_deref().unwrap_or_default();
    let text = |ty: &Type| type_text(resolve, ty);
    let listed = |parts: Vec<String>| parts.join(", ");
    match &definition.kind {
        TypeDefKind::Type(ty) => text(ty),
        TypeDefKind::Record(record) => {
            let field = |field: &wit_parser::Field| format!("{}: {}", field.name, text(&field.ty));
            format!("record {name} {{ {} }}", listed(record.fields.iter().map(field).collect()))
        }
        TypeDefKind::Variant(variant) => {
            let case = |case: &wit_parser::Case| match &case.ty {
                Some(ty) => format!("{}({})", case.name, text(ty)),
                None => case.name.clone(),
            };
            format!("variant {name} {{ {} }}", listed(variant.cases.iter().map(case).collect()))
        }
        TypeDefKind::Enum(one) => {
            let cases = one.cases.iter().map(|case| case.name.clone()).collect();
            format!("enum {name} {{ {} }}", listed(cases))
        }
        TypeDefKind::Flags(one) => {
            let flags = one.flags.iter().map(|flag| flag.name.clone()).collect();
            format!("flags {name} {{ {} }}", listed(flags))
        }
        TypeDefKind::Tuple(tuple) => {
            format!("tuple<{}>", listed(tuple.types.iter().map(text).collect()))
        }
        TypeDefKind::Option(ty) => format!("option<{}>", text(ty)),
        TypeDefKind::Result(result) => {
            let (ok, err) = (&result.ok, &result.err);
            format!("result<{}, {}>", optional_text(resolve, ok), optional_text(resolve, err))
        }
        TypeDefKind::List(ty) => format!("list<{}>", text(ty)),
        TypeDefKind::FixedLengthList(ty, length) => format!("list<{}, {length}>", text(ty)),
        TypeDefKind::Map(key, value) => format!("map<{}, {}>", text(key), text(value)),
        TypeDefKind::Future(ty) => format!("future<{}>", optional_text(resolve, ty)),
        TypeDefKind::Stream(ty) => format!("stream<{}>", optional_text(resolve, ty)),
        TypeDefKind::Handle(Handle::Own(id)) => resource_text(resolve, *id),
        TypeDefKind::Handle(Handle::Borrow(id)) => {
            format!("borrow<{}>", resource_text(resolve, *id))
        }
        TypeDefKind::Resource | TypeDefKind::Unknown => name.to_owned(),
    }
}

/// A resource is what it is called; an alias is called as what it stands for.
fn resource_text(resolve: &Resolve, id: TypeId) -> String {
    match &resolve.types[id].kind {
        TypeDefKind::Type(Type::Id(other)) => resource_text(resolve, *other),
        _ => resolve.types[id].name.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component that exports an interface with these functions, and imports these.
    fn component(exports: &[(&str, &str)], imports: &[&str]) -> Vec<u8> {
        let imports: String =
            imports.iter().map(|name| format!("(import \"{name}\" (instance))")).collect();
        let shown: String =
            exports.iter().map(|(name, _)| format!("(export \"{name}\" (func ${name}))")).collect();
        let text = format!(
            "(component {imports} (import \"acme:host/given@1.0.0\" (instance $given \
             {given})) {aliases} (instance $out {shown}) (export \"acme:tool/api@1.0.0\" (instance $out)))",
            given = exports
                .iter()
                .map(|(name, ty)| format!("(export \"{name}\" (func {ty}))"))
                .collect::<String>(),
            aliases = exports
                .iter()
                .map(|(name, _)| format!("(alias export $given \"{name}\" (func ${name}))"))
                .collect::<String>(),
        );
        wat::parse_str(text).unwrap()
    }

    fn told(before: &[u8], after: &[u8]) -> Vec<String> {
        let changes = wit_changes(before, after).unwrap();
        let exports = changes.into_iter().filter(|change| !change.text.contains("acme:host/given"));
        exports.map(|change| format!("{:?}: {}", change.compatibility, change.text)).collect()
    }

    #[test]
    fn a_change_names_the_function_and_both_signatures() {
        let before = component(&[("find", "(param \"text\" string)"), ("old", "")], &[]);
        let after =
            component(&[("find", "(param \"text\" string) (result u32)"), ("new", "")], &[]);
        assert_eq!(
            told(&before, &after),
            [
                "Breaking: `acme:tool/api@1.0.0.find` was `func(text: string)` and is `func(text: \
                 string) -> u32`",
                "Breaking: `acme:tool/api@1.0.0.old` is gone",
                "Addition: `acme:tool/api@1.0.0.new` is new",
            ]
        );
        assert!(told(&before, &before).is_empty());
    }

    #[test]
    fn a_new_import_breaks_and_one_less_does_not() {
        let (before, after) = (component(&[], &[]), component(&[], &["acme:door/open@1.0.0"]));
        let breaking = told(&before, &after);
        assert!(breaking[0].contains("`acme:door/open@1.0.0`, without which"), "{breaking:?}");
        assert!(told(&after, &before).is_empty());
    }

    #[test]
    fn the_number_of_a_version_says_what_may_change() {
        let version = |text: &str| Version::parse(text).unwrap();
        let change = |compatibility| [WitChange { compatibility, text: "`f` is gone".to_owned() }];
        let fits = |before, after, changes: &[WitChange]| {
            check_version(&version(before), &version(after), changes).is_ok()
        };
        let breaking = change(Compatibility::Breaking);
        let addition = change(Compatibility::Addition);
        assert!(fits("1.2.3", "2.0.0", &breaking) && fits("0.1.9", "0.2.0", &breaking));
        assert!(!fits("1.2.3", "1.3.0", &breaking) && !fits("0.1.9", "0.1.10", &breaking));
        assert!(fits("1.2.3", "1.3.0", &addition) && fits("0.1.9", "0.1.10", &addition));
        assert!(!fits("1.2.3", "1.2.4", &addition));
        assert!(fits("1.2.3", "1.2.4", &[]));
        assert!(!fits("1.2.3", "1.2.3", &[]) && !fits("1.2.3", "1.2.2", &[]));
        let told = check_version(&version("1.2.3"), &version("1.3.0"), &breaking).unwrap_err();
        assert!(told.to_string().ends_with("`f` is gone; publish it as 2.0.0"), "{told}");
    }
}
