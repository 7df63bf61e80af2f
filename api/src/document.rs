//! The OpenAPI document. Handlers describe what is theirs; what every operation has in common is added here: security and
//! scope from the one table, the problems it can answer with, and examples.

mod examples;
mod keyed;
mod links;
mod problems;
mod texts;
mod webhooks;

use crate::idempotent;
use crate::problem::{self, FieldProblem};
use crate::routes::{Described, rows};
use entity::id::TenantId;
use service::access::{self, Scope};
use std::collections::{BTreeSet, HashMap, HashSet};
use utoipa::OpenApi;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::security::{
    ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes, SecurityRequirement,
    SecurityScheme,
};
use utoipa::openapi::{
    Components, Contact, Info, License, OpenApi as Document, PathItem, RefOr, Required, Server,
    Tag,
    path::{Operation, ParameterBuilder, ParameterIn},
    request_body::RequestBody,
    schema::{Ref, Schema},
};

const DESCRIPTION: &str = "\
Tillpost posts the financial events of retail tills to QuickBooks Online as balanced journal entries, each exactly once.

**The main job.** With the platform's credential, create a tenant and its first API key. With that key, create an \
authorization request and open its link in a browser; the chart of accounts is imported by itself. Map accounts to slots, \
start the sync, and send events. `GET …/sync` says how things are; what needs a person is in `GET …/alerts` and \
`GET …/events?status=failed`, with what to do.

**Calling.** Send `Authorization: Bearer <API key>`; or exchange the key for a token of fifteen minutes at `/v1/oauth/token` \
and send that; or, as a person who is a member, send a token of the vendor's identity provider. What is not yours looks as if it were not there (404). Bodies are \
JSON objects without unknown fields. Amounts are decimal strings (`\"19.99\"`), never numbers; whole numbers are written \
without a point (`1`, not `1.0`). Instants are RFC 3339, days are `YYYY-MM-DD`. Lists give `next_cursor`, which is the `cursor` of the next page.

**Problems.** What goes wrong is answered as `application/problem+json` (RFC 9457) with a stable `code`, and says how to \
mend it; its `type` leads to what is known of its kind, and `/problems` to all of them. A method that a path does not take is 405 \
with `Allow`. Every answer has an `X-Request-Id` (yours, where you sent a well-formed one): name it when you ask us.

**Sending again.** A POST that lists the header takes an `Idempotency-Key`: the same request under the same key has its effect once and is answered the same \
way for 30 days. Three take none: `/v1/oauth/token` gives another token each time, a dry run changes nothing, and Intuit's notifications \
may come twice anyway. Events sent as NDJSON need none: each is taken in once. What two people may edit has an `ETag`: send it as `If-Match` with a change. Limits of requests are in `RateLimit`; \
429 and 503 say with `Retry-After` when to come again.

**Bodies** may be compressed with gzip, and answers are where `Accept-Encoding` takes it.

**Messages to you.** A webhook endpoint gets messages as Standard Webhooks 1.0 describes them: verify `webhook-signature` (`v1`, or `v1a` with \
the endpoint's public key) over the bytes as they came, and take each `webhook-id` once: a message may come twice, and \
`number` tells the order in which things happened. Answer with 2xx within 15 seconds; anything else is tried again for about \
three days, and kept after that.";

const TAGS: [(&str, &str); 16] = [
    (
        "Tenants",
        "One retailer each; the platform's credential makes and changes them.",
    ),
    (
        "Settings",
        "The policies of a tenant's books, for its own accountant.",
    ),
    (
        "API keys",
        "Who may do what in a tenant's name, and short-lived tokens for it.",
    ),
    (
        "Members",
        "People of the vendor's identity provider, each in a role.",
    ),
    (
        "Connection",
        "The tenant's QuickBooks company, connected by a person's consent.",
    ),
    ("Accounts", "The imported chart of accounts."),
    ("Mappings", "Which account plays which slot."),
    (
        "Locations",
        "QuickBooks' Locations and Classes, and which of them the tenant's own locations are.",
    ),
    ("Events", "What the tills send, and what became of it."),
    ("Sync", "The tenant's switch: posting events as they come."),
    ("Past syncs", "Posting events from before the sync."),
    (
        "Reconciliations",
        "Whether the books still say what was posted.",
    ),
    ("Alerts", "What needs a person."),
    (
        "Webhooks",
        "Messages to you: where they go, what arrived, and sending again.",
    ),
    ("Audit log", "Who did what, and when."),
    ("Service", "The service itself."),
];

/// The OpenAPI document of every operation.
#[must_use]
pub fn openapi() -> Document {
    let mut document = Described::openapi();
    let mut info = Info::new("Tillpost", env!("CARGO_PKG_VERSION"));
    info.description = Some(DESCRIPTION.to_owned());
    let mut license = License::new("Apache 2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    info.license = Some(license);
    info.contact = Some(Contact::new());
    document.info = info;
    document.servers = Some(vec![Server::new("/")]);
    document.tags = Some(
        TAGS.iter()
            .map(|(name, description)| {
                let mut tag = Tag::new(*name);
                tag.description = Some((*description).to_owned());
                tag
            })
            .collect(),
    );
    describe_common_parts(document.components.get_or_insert_with(Components::new));
    webhooks::add(&mut document);
    texts::add(&mut document);
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            complete(path, operation);
        }
    }
    links::add(&mut document);
    document
}

/// The kinds of body that each operation's good answers have.
pub(crate) fn kinds() -> HashMap<String, Vec<String>> {
    let mut document = openapi();
    let mut kinds = HashMap::new();
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            let good = operation.responses.responses.iter();
            let of_good: BTreeSet<String> = good
                .filter(|(status, _)| status.starts_with('2'))
                .filter_map(|(_, response)| match response {
                    RefOr::T(response) => Some(response.content.keys().cloned()),
                    RefOr::Ref(_) => None,
                })
                .flatten()
                .collect();
            let id = operation.operation_id.clone().unwrap_or_default();
            kinds.insert(id, of_good.into_iter().collect());
        }
    }
    kinds
}

/// The operations that have parameters in the query.
pub(crate) fn with_query() -> HashSet<String> {
    let mut document = openapi();
    let items = document.paths.paths.values_mut();
    items
        .flat_map(operations)
        .filter(|operation| problems::takes(operation, &ParameterIn::Query))
        .filter_map(|operation| operation.operation_id.clone())
        .collect()
}

/// Operations that a person's browser is led to: they answer with a page, or lead on to one.
pub(crate) fn by_browsers() -> HashSet<String> {
    let mut document = openapi();
    let items = document.paths.paths.values_mut();
    let leads = |operation: &&mut Operation| {
        let mut answers = operation.responses.responses.iter();
        answers.any(|(status, response)| {
            status == "302"
                || matches!(response, RefOr::T(response) if response.content.contains_key("text/html"))
        })
    };
    items
        .flat_map(operations)
        .filter(leads)
        .filter_map(|operation| operation.operation_id.clone())
        .collect()
}

/// The document as it is committed and served: pretty JSON, the same at every call.
#[must_use]
pub fn document() -> String {
    let mut text = openapi()
        .to_pretty_json()
        .expect("the document holds nothing but texts, numbers and lists");
    text.push('\n');
    text
}

fn describe_common_parts(components: &mut Components) {
    let mut add = |name: String, schema| {
        components.schemas.insert(name, schema);
    };
    fn with_parts<T: utoipa::ToSchema>(add: &mut impl FnMut(String, RefOr<Schema>)) {
        let mut parts = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut parts);
        for (name, schema) in parts {
            add(name, schema);
        }
    }
    with_parts::<problem::Body>(&mut add);
    with_parts::<FieldProblem>(&mut add);
    with_parts::<entity::id::TenantId>(&mut add);
    with_parts::<entity::id::AccountId>(&mut add);
    components.add_security_scheme(
        "api_key",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("API key")
                .description(Some(
                    "A tenant's API key (`tp_live_…`, `tp_test_…`), or the platform's own credential.",
                ))
                .build(),
        ),
    );
    let scopes = Scope::ALL.iter().filter(|scope| scope.of_tenant());
    let names = scopes.map(|scope| (scope.as_str(), scope.description()));
    components.add_security_scheme(
        "token",
        SecurityScheme::OAuth2(OAuth2::with_description(
            [Flow::ClientCredentials(ClientCredentials::new(
                "/v1/oauth/token",
                Scopes::from_iter(names),
            ))],
            "A token of fifteen minutes that an API key was exchanged for.",
        )),
    );
    components.add_security_scheme(
        "member",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some(
                    "A token of the vendor's identity provider, of a person who is a member of the tenant.",
                ))
                .build(),
        ),
    );
}

/// The operations of a path.
fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

fn complete(path: &str, operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    if path.contains("{tenant_id}") {
        let tenant = ParameterBuilder::new()
            .name("tenant_id")
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some("The tenant"))
            .schema(Some(Ref::from_schema_name("TenantId")))
            .build();
        operation
            .parameters
            .get_or_insert_default()
            .insert(0, tenant.into());
    }
    let guarded = rows().iter().any(|row| row.operation == id && row.guarded);
    if guarded {
        operation.security = Some(security(access::scope_of(&id)));
        if let Some(scope) = access::scope_of(&id) {
            say_who_may(scope, operation);
        }
    } else {
        operation.security = Some(Vec::new());
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        leave_out(body);
    }
    let is_post = rows()
        .iter()
        .any(|row| row.operation == id && row.verb == "post");
    if guarded && is_post && idempotent::is_remembered(&id) {
        keyed::add(operation);
    }
    problems::add(path, &id, guarded, operation);
    examples::add(&id, operation);
}

/// Any one of these: a key, and where the scope is a tenant's, a token of one or of a member.
fn security(scope: Option<Scope>) -> Vec<SecurityRequirement> {
    let nothing = Vec::<String>::new;
    let mut any = vec![SecurityRequirement::new("api_key", nothing())];
    if let Some(scope) = scope.filter(|scope| scope.of_tenant()) {
        any.push(SecurityRequirement::new("token", [scope.as_str()]));
        any.push(SecurityRequirement::new("member", nothing()));
    }
    any
}

/// Who may do it, in words and for programs.
fn say_who_may(scope: Scope, operation: &mut Operation) {
    let roles = scope.roles().iter().map(|role| role.as_str());
    let platform = scope.of_platform().then_some("platform");
    let mut who: Vec<_> = roles.clone().map(|role| format!("`{role}`")).collect();
    if platform.is_some() {
        who.push("the platform's own credential".to_owned());
    }
    let words = format!(
        "Takes the scope `{}`, which {} {}.",
        scope.as_str(),
        who.join(", "),
        if who.len() == 1 { "has" } else { "have" }
    );
    let words = if scope.of_platform_itself() {
        format!(
            "{words} Below its own id `{}` so has the platform's own credential.",
            TenantId::PLATFORM
        )
    } else {
        words
    };
    let description = operation.description.get_or_insert_default();
    if !description.is_empty() {
        description.push_str("\n\n");
    }
    description.push_str(&words);
    // One member and not two: their order would be another at each start.
    let access = serde_json::json!({
        "scope": scope.as_str(),
        "roles": platform.into_iter().chain(roles).collect::<Vec<_>>(),
    });
    operation
        .extensions
        .get_or_insert_default()
        .merge(ExtensionsBuilder::new().add("x-access", access).build());
}

/// A body that may be left out is an object or nothing, and never `null`.
fn leave_out(body: &mut RequestBody) {
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let Some(RefOr::T(Schema::OneOf(one_of))) = &content.schema else {
            continue;
        };
        let object = one_of
            .items
            .iter()
            .find(|item| matches!(item, RefOr::Ref(_)));
        if one_of.discriminator.is_none() && one_of.items.len() == 2 {
            content.schema = object.cloned();
            body.required = Some(Required::False);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn json() -> Value {
        serde_json::from_str(&document()).unwrap()
    }

    /// Every operation of the document: path, method, and the operation itself.
    fn all(document: &Value) -> Vec<(String, String, Value)> {
        let paths = document["paths"].as_object().unwrap();
        paths
            .iter()
            .flat_map(|(path, item)| {
                item.as_object()
                    .unwrap()
                    .iter()
                    .map(move |(method, operation)| {
                        (path.clone(), method.clone(), operation.clone())
                    })
            })
            .collect()
    }

    #[test]
    fn the_committed_document_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == document(),
            "openapi/openapi.json is not what the code says; refresh it with `cargo run -- openapi` and read the diff"
        );
    }

    #[test]
    fn the_document_and_the_routes_say_the_same() {
        let described: BTreeSet<_> = all(&json())
            .into_iter()
            .map(|(path, method, operation)| {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                (path, method.to_uppercase(), id)
            })
            .collect();
        let routed: BTreeSet<_> = rows()
            .iter()
            .map(|row| {
                let path = row.path.to_owned();
                (path, row.methods()[0].to_owned(), row.operation.to_owned())
            })
            .collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn every_operation_of_the_table_has_a_route_and_every_other_route_is_open_on_purpose() {
        let guarded: BTreeSet<_> = rows()
            .iter()
            .filter(|row| row.guarded)
            .map(|row| row.operation)
            .collect();
        let table: BTreeSet<_> = access::OPERATIONS.iter().map(|(name, _)| *name).collect();
        assert_eq!(guarded, table);
        let open: Vec<_> = rows()
            .iter()
            .filter(|row| !row.guarded)
            .map(|row| row.operation)
            .collect();
        assert_eq!(
            open,
            [
                "open_connect_link",
                "finish_authorization",
                "show_outcome",
                "open_connection_link",
                "begin_connection_link",
                "show_disconnected",
                "show_reconnect",
                "receive_notifications",
                "issue_token",
                "read_token_keys",
                "read_authorization_server",
                "list_problem_codes",
                "list_problems",
                "read_problem",
                "read_health",
                "read_readiness",
                "read_openapi",
                "open_explorer"
            ]
        );
    }

    #[test]
    fn security_and_scope_are_those_of_the_table() {
        for (_, _, operation) in all(&json()) {
            let id = operation["operationId"].as_str().unwrap();
            match access::scope_of(id) {
                Some(scope) => {
                    assert_eq!(operation["x-access"]["scope"], scope.as_str(), "{id}");
                    let words = operation["description"].as_str().unwrap();
                    assert!(words.contains(&format!("`{}`", scope.as_str())), "{id}");
                    let roles = operation["x-access"]["roles"].as_array().unwrap();
                    for role in access::Role::ALL {
                        let has = roles.iter().any(|name| name == role.as_str());
                        assert_eq!(has, role.scopes().contains(&scope), "{id}");
                    }
                    let platform = roles.iter().any(|name| name == "platform");
                    assert_eq!(platform, scope.of_platform(), "{id}");
                    let mut security = serde_json::json!([{"api_key": []}]);
                    if scope.of_tenant() {
                        let more = [
                            serde_json::json!({"token": [scope.as_str()]}),
                            serde_json::json!({"member": []}),
                        ];
                        security.as_array_mut().unwrap().extend(more);
                    }
                    assert_eq!(operation["security"], security, "{id}");
                }
                None => assert_eq!(operation["security"], serde_json::json!([]), "{id}"),
            }
        }
    }

    #[test]
    fn every_operation_is_explained_with_examples_and_described_answers() {
        for (_, _, operation) in all(&json()) {
            let id = operation["operationId"].as_str().unwrap();
            for member in ["summary", "description"] {
                let text = operation[member].as_str().unwrap_or_default();
                assert!(!text.is_empty(), "{id} has no {member}");
            }
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{id}");
            let has_example = |content: &Value| {
                content["example"] != Value::Null
                    || content["examples"]
                        .as_object()
                        .is_some_and(|examples| !examples.is_empty())
            };
            if let Some(content) = operation["requestBody"]["content"].as_object() {
                for (kind, content) in content {
                    assert!(
                        has_example(content),
                        "{id}: the {kind} request has no example"
                    );
                }
            }
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.as_str() < "400"), "{id}");
            for (status, answer) in answers {
                let words = answer["description"].as_str().unwrap_or_default();
                assert!(!words.is_empty(), "{id}: {status} is not described");
                let content = answer["content"].as_object();
                for (kind, content) in content.into_iter().flatten() {
                    assert!(has_example(content), "{id}: {status} {kind} has no example");
                }
                if status.as_str() >= "400" {
                    assert!(
                        content.is_some_and(|content| content.contains_key(problem::MEDIA_TYPE)),
                        "{id}: {status} is no problem"
                    );
                }
            }
        }
    }

    #[test]
    fn every_link_takes_an_id_out_of_its_answer_and_fills_every_parameter_of_a_path() {
        let document = json();
        let operations = all(&document);
        let path_of = |id: &str| {
            let found = operations
                .iter()
                .find(|(_, _, operation)| operation["operationId"] == id);
            found.map(|(path, ..)| path.as_str()).unwrap()
        };
        let mut count = 0;
        for (_, _, operation) in &operations {
            let id = operation["operationId"].as_str().unwrap();
            for answer in operation["responses"].as_object().unwrap().values() {
                let examples = &answer["content"]["application/json"]["examples"];
                for link in answer["links"]
                    .as_object()
                    .into_iter()
                    .flat_map(|links| links.values())
                {
                    let parameters = link["parameters"].as_object().unwrap();
                    let path = path_of(link["operationId"].as_str().unwrap());
                    let wanted: BTreeSet<_> = path
                        .split('{')
                        .skip(1)
                        .map(|part| part.split('}').next().unwrap())
                        .collect();
                    let given: BTreeSet<_> = parameters.keys().map(String::as_str).collect();
                    assert_eq!(given, wanted, "{id}: {link}");
                    for place in parameters.values().filter_map(Value::as_str) {
                        let Some(place) = place.strip_prefix("$response.body#") else {
                            continue;
                        };
                        let shown = examples.as_object().unwrap().values();
                        let ids = shown.filter_map(|example| example["value"].pointer(place));
                        assert!(
                            ids.clone().any(Value::is_string),
                            "{id}: {place} of {examples}"
                        );
                    }
                    count += 1;
                }
            }
        }
        assert!(count > 50, "{count}");
    }

    #[test]
    fn every_type_of_message_is_described_with_an_example_that_fits_its_schema() {
        let document = json();
        let webhooks = document["webhooks"].as_object().unwrap();
        assert_eq!(webhooks.len(), service::webhook::Kind::ALL.len());
        for kind in service::webhook::Kind::ALL {
            let operation = &webhooks[kind.as_str()]["post"];
            assert_eq!(operation["description"], kind.description());
            let content = &operation["requestBody"]["content"]["application/json"];
            let example = &content["examples"]["message"]["value"];
            assert_eq!(example["type"], kind.as_str());
            let schema = content["schema"]["$ref"].as_str().unwrap();
            let schema = document.pointer(schema.trim_start_matches('#')).unwrap();
            for name in schema["required"].as_array().unwrap() {
                assert!(
                    example.get(name.as_str().unwrap()).is_some(),
                    "{kind:?}: {name}"
                );
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_no_schema_has_two_meanings() {
        let document = json();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"").skip(1) {
            let reference = reference.split('"').next().unwrap();
            let name = reference.strip_prefix("#/components/schemas/").unwrap();
            assert!(
                schemas.contains_key(name),
                "{name} is referred to and not there"
            );
        }
        for name in [
            "SyncState",
            "ConnectionState",
            "TenantStatus",
            "EventProblem",
            "Problem",
        ] {
            assert!(schemas.contains_key(name), "{name}");
        }
        assert!(!schemas.contains_key("State") && !schemas.contains_key("Status"));
    }
}
