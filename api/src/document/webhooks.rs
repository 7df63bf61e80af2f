//! The section `webhooks`: each type of message that an endpoint can get, with its schema and an example, made of the very
//! types that are sent.

use super::examples;
use service::webhook::{
    AlertMessage, ConnectionMessage, EventMessage, Kind, PastSyncMessage, SyncMessage, TestMessage,
};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::openapi::{
    Components, ContentBuilder, OpenApi as Document, Ref, RefOr, Required, Response,
};
use utoipa::{PartialSchema, ToSchema};

const HEADERS: [(&str, &str); 3] = [
    (
        "webhook-id",
        "The message's id: the same at every attempt and replay; take each once.",
    ),
    (
        "webhook-timestamp",
        "When this attempt was made, in seconds since 1970.",
    ),
    (
        "webhook-signature",
        "Signatures over `webhook-id.webhook-timestamp.body`, separated by spaces: `v1` with the secret, `v1a` with the \
         endpoint's key; of the old and the new while a rotation lasts.",
    ),
];

/// Adds the section, and the schemas that stand only there.
pub(super) fn add(document: &mut Document) {
    let components = document.components.get_or_insert_with(Components::new);
    schema::<AlertMessage>(components);
    schema::<EventMessage>(components);
    schema::<PastSyncMessage>(components);
    schema::<ConnectionMessage>(components);
    schema::<SyncMessage>(components);
    schema::<TestMessage>(components);
    let mut paths = PathsBuilder::new();
    for kind in Kind::ALL {
        paths = paths.path(kind.as_str(), item(*kind));
    }
    document.webhooks = Some(paths.build());
}

/// The schema of a kind's messages.
fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::AlertOpened | Kind::AlertClosed => "AlertMessage",
        Kind::EventSynced | Kind::EventFailed => "EventMessage",
        Kind::PastSyncFinished => "PastSyncMessage",
        Kind::ConnectionChanged => "ConnectionMessage",
        Kind::SyncChanged => "SyncMessage",
        Kind::Test => "TestMessage",
    }
}

fn schema<T: ToSchema + PartialSchema>(components: &mut Components) {
    let mut parts: Vec<(String, RefOr<Schema>)> = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut parts);
    for (name, schema) in parts {
        components.schemas.entry(name).or_insert(schema);
    }
}

fn item(kind: Kind) -> PathItem {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(name(kind))))
        .examples_from_iter([(
            "message",
            ExampleBuilder::new()
                .summary("A message")
                .value(Some(examples::message(kind)))
                .build(),
        )])
        .build();
    let mut operation = OperationBuilder::new()
        .operation_id(Some(format!("receive_{}", kind.as_str().replace('.', "_"))))
        .summary(Some(kind.as_str()))
        .description(Some(kind.description()))
        .tag("Webhooks")
        .request_body(Some(
            RequestBodyBuilder::new()
                .content("application/json", content)
                .required(Some(Required::True))
                .build(),
        ))
        .response("2XX", Response::new("The endpoint has taken the message"))
        .response(
            "410",
            Response::new("The endpoint wants no more messages: it is disabled"),
        )
        .response(
            "default",
            Response::new("The message is tried again, for about three days"),
        );
    for (name, words) in HEADERS {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(Required::True)
                .description(Some(words))
                .schema(Some(Object::with_type(Type::String))),
        );
    }
    PathItem::new(HttpMethod::Post, operation)
}
