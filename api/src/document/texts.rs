//! What may stand in the texts of a request, where a type alone does not say: no control characters anywhere, and the closed
//! sets and forms of single fields and parameters. Read by programs that make clients and by those that test us.

use accounting::Slot;
use serde_json::Value;
use service::webhook::Kind;
use service::{access::Scope, problem::Code};
use std::collections::BTreeSet;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::schema::{ArrayItems, Object, Schema, SchemaType, Type};
use utoipa::openapi::{Components, OpenApi as Document, RefOr, Required};

/// No control characters: they are refused in every text.
const PLAIN: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";
/// The same, and something that is no space.
const NOT_BLANK: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\x00-\x1f\x7f-\x9f]*$";
/// A decimal from 0 to 1 with at most three decimals.
const TOLERANCE: &str = r"^(0(\.[0-9]{0,3})?|1(\.0{0,3})?)$";

/// How the text of one field or parameter is written.
enum Form {
    OneOf(Vec<&'static str>),
    Pattern(&'static str),
    /// At least and at most so many characters.
    Letters(usize, usize),
    /// The same, not all of them spaces.
    Words(usize, usize),
}

// Of a field of a request: its schema's name, its own, and its form. Of a list, it is its elements' form.
fn field(schema: &str, name: &str) -> Option<Form> {
    Some(match (schema, name) {
        ("CreateTenant" | "UpdateTenant" | "CreateApiKey", "name") => Form::Words(1, 200),
        ("CreateMember", "subject") => Form::Letters(1, 255),
        ("TokenRequest", "grant_type") => Form::OneOf(vec!["client_credentials"]),
        (_, "rounding_tolerance") => Form::Pattern(TOLERANCE),
        ("CreateApiKey", "scopes") => Form::OneOf(
            Scope::ALL
                .iter()
                .filter(|scope| scope.of_tenant())
                .map(|scope| scope.as_str())
                .collect(),
        ),
        (_, "types") => Form::OneOf(
            Kind::ALL
                .iter()
                .filter(|kind| **kind != Kind::Test)
                .map(|kind| kind.as_str())
                .collect(),
        ),
        ("CreateAccount", "name") => Form::Pattern(
            r#"^[^\x00-\x20\x7f-\xa0":]([^\x00-\x1f\x7f-\x9f":]{0,98}[^\x00-\x20\x7f-\xa0":])?$"#,
        ),
        ("CreateAccount", "number") => Form::Pattern(
            r"^[^\x00-\x20\x7f-\xa0:]([^\x00-\x1f\x7f-\x9f:]{0,18}[^\x00-\x20\x7f-\xa0:])?$",
        ),
        ("CreateAccount", "account_sub_type") => Form::Pattern("^[A-Za-z0-9_]{1,64}$"),
        ("CreateAccount", "account_type") => {
            let types: BTreeSet<_> = Slot::ALL
                .into_iter()
                .flat_map(|slot| slot.usual_account_types().iter().copied())
                .collect();
            Form::OneOf(types.into_iter().collect())
        }
        _ => return None,
    })
}

// Of a parameter: its operation, its name, and its form.
fn parameter(operation: &str, name: &str) -> Option<Form> {
    Some(match (operation, name) {
        ("list_alerts", "state") => Form::OneOf(vec!["open", "closed"]),
        ("list_webhook_deliveries", "state") => Form::OneOf(vec!["waiting", "delivered", "dead"]),
        ("list_findings", "state") => Form::OneOf(vec!["open", "accepted", "gone"]),
        ("list_findings", "kind") => Form::OneOf(vec![
            "missing",
            "deleted",
            "duplicated",
            "edited",
            "foreign",
        ]),
        ("list_mapping_changes", "slot") => {
            Form::OneOf(Slot::ALL.into_iter().map(Slot::as_str).collect())
        }
        ("show_outcome", "outcome") => Form::OneOf(crate::resource::flow::outcomes().collect()),
        (_, "status") => Form::OneOf(vec![
            "never_synced",
            "not_synced",
            "processing",
            "synced",
            "failed",
            "skipped",
        ]),
        (_, "problem") => Form::OneOf(Code::ALL.into_iter().map(Code::as_str).collect()),
        ("list_events" | "export_events", "type") => Form::OneOf(
            accounting::TransactionType::ALL
                .iter()
                .map(|kind| kind.as_str())
                .collect(),
        ),
        ("list_events" | "export_events", "location") => Form::Pattern(
            r"^[^\x00-\x20\x7f-\x9f,\\]([^\x00-\x1f\x7f-\x9f,\\]{0,126}[^\x00-\x20\x7f-\x9f,\\])?$",
        ),
        ("list_events" | "export_events", "number" | "text") => Form::Letters(1, 128),
        ("list_accounts", "type") => Form::OneOf(service::chart::ACCOUNT_TYPES.into()),
        _ => return None,
    })
}

/// Says it of every text of every request.
pub(super) fn add(document: &mut Document) {
    let mut wanted = BTreeSet::new();
    for item in document.paths.paths.values_mut() {
        for operation in super::operations(item) {
            let id = operation.operation_id.clone().unwrap_or_default();
            for given in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(given) = given {
                    of_parameter(&id, given);
                }
            }
            wanted.extend(in_body(operation));
        }
    }
    let Some(components) = document.components.as_mut() else {
        return;
    };
    for name in reached(components, wanted) {
        if let Some(RefOr::T(schema)) = components.schemas.get_mut(&name) {
            of_schema(&name, schema);
        }
    }
}

fn of_parameter(operation: &str, given: &mut Parameter) {
    if !matches!(given.parameter_in, ParameterIn::Query | ParameterIn::Header) {
        return;
    }
    if let Some(RefOr::T(schema)) = &mut given.schema {
        // What is left out of a request is not there, which is another thing than null.
        if given.required == Required::False {
            without_null(schema);
        }
        // What a header may hold is HTTP's to say.
        if given.parameter_in == ParameterIn::Query {
            spell(schema, parameter(operation, &given.name));
        }
    }
}

fn of_schema(name: &str, schema: &mut Schema) {
    match schema {
        Schema::Object(object) => {
            for (property, schema) in &mut object.properties {
                if let RefOr::T(schema) = schema {
                    spell(schema, field(name, property));
                    of_schema(name, schema);
                }
            }
        }
        Schema::OneOf(all) => of_parts(name, &mut all.items),
        Schema::AllOf(all) => of_parts(name, &mut all.items),
        Schema::AnyOf(all) => of_parts(name, &mut all.items),
        Schema::Array(_) => {}
        _ => {}
    }
}

fn of_parts(name: &str, parts: &mut [RefOr<Schema>]) {
    for part in parts {
        if let RefOr::T(part) = part {
            of_schema(name, part);
        }
    }
}

fn spell(schema: &mut Schema, form: Option<Form>) {
    match schema {
        Schema::Array(list) => {
            if let ArrayItems::RefOrSchema(element) = &mut list.items
                && let RefOr::T(element) = element.as_mut()
            {
                spell(element, form);
            }
        }
        Schema::Object(text) if is_plain_text(text) => match form {
            Some(Form::OneOf(values)) => {
                let mut values: Vec<Value> = values.into_iter().map(Value::from).collect();
                if is_of(&text.schema_type, &Type::Null) {
                    values.push(Value::Null);
                }
                text.enum_values = Some(values);
            }
            Some(Form::Pattern(pattern)) => text.pattern = Some(pattern.to_owned()),
            Some(Form::Letters(least, most)) => {
                (text.min_length, text.max_length) = (Some(least), Some(most));
                text.pattern = Some(PLAIN.to_owned());
            }
            Some(Form::Words(least, most)) => {
                (text.min_length, text.max_length) = (Some(least), Some(most));
                text.pattern = Some(NOT_BLANK.to_owned());
            }
            None => text.pattern = Some(PLAIN.to_owned()),
        },
        _ => {}
    }
}

fn is_plain_text(object: &Object) -> bool {
    is_of(&object.schema_type, &Type::String)
        && object.format.is_none()
        && object.pattern.is_none()
        && object.enum_values.is_none()
}

fn is_of(kind: &SchemaType, wanted: &Type) -> bool {
    match kind {
        SchemaType::Type(kind) => kind == wanted,
        SchemaType::Array(kinds) => kinds.contains(wanted),
        SchemaType::AnyValue => false,
    }
}

fn without_null(schema: &mut Schema) {
    let kind = match schema {
        Schema::Object(object) => &mut object.schema_type,
        Schema::Array(list) => &mut list.schema_type,
        Schema::OneOf(one) => {
            let is_null = |part: &RefOr<Schema>| matches!(part, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null));
            one.items.retain(|part| !is_null(part));
            return;
        }
        _ => return,
    };
    if let SchemaType::Array(kinds) = kind {
        kinds.retain(|kind| *kind != Type::Null);
        if let [only] = kinds.as_slice() {
            *kind = SchemaType::Type(only.clone());
        }
    }
}

// The names of the schemas that a request's body begins with.
fn in_body(operation: &Operation) -> BTreeSet<String> {
    let Some(RefOr::T(body)) = &operation.request_body else {
        return BTreeSet::new();
    };
    references(&serde_json::to_value(body).unwrap_or_default())
}

// Those and all that they lead to.
fn reached(components: &Components, mut wanted: BTreeSet<String>) -> BTreeSet<String> {
    let mut waiting: Vec<String> = wanted.iter().cloned().collect();
    while let Some(name) = waiting.pop() {
        let Some(schema) = components.schemas.get(&name) else {
            continue;
        };
        for next in references(&serde_json::to_value(schema).unwrap_or_default()) {
            if wanted.insert(next.clone()) {
                waiting.push(next);
            }
        }
    }
    wanted
}

fn references(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match (name.as_str(), value.as_str()) {
                ("$ref", Some(path)) => {
                    BTreeSet::from([path.rsplit('/').next().unwrap_or_default().to_owned()])
                }
                _ => references(value),
            })
            .collect(),
        Value::Array(elements) => elements.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}
