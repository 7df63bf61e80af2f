//! What every POST that is remembered has in common: the header `Idempotency-Key`, and what follows from it.

use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{HeaderBuilder, RefOr, Required, Response};

/// Visible ASCII without `"` and `\\`, in quotation marks or without.
const KEY: &str = r#"^("[!#-\[\]-~]{1,255}"|[!#-\[\]-~]{1,255})$"#;

/// Says so of an operation.
pub(super) fn add(operation: &mut Operation) {
    let text = |pattern: Option<&str>| {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(pattern)
            .build()
    };
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Sent again with the same request, it is answered as the first time and has no second effect; kept for 30 days",
        ))
        .schema(Some(text(Some(KEY))))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(key.into());
    let responses = &mut operation.responses.responses;
    for (status, response) in &mut *responses {
        if let RefOr::T(response) = response
            && status.starts_with('2')
        {
            let replayed = HeaderBuilder::new()
                .schema(Some(text(None)))
                .description(Some(
                    "`true`: the answer to an earlier request with this Idempotency-Key",
                ))
                .build();
            response
                .headers
                .insert("Idempotent-Replayed".to_owned(), replayed.into());
        }
    }
    let words = "The Idempotency-Key is in use, or came with another request";
    match responses.get_mut("409") {
        Some(RefOr::T(response)) => {
            response.description = format!("{}; or: {words}", response.description);
        }
        _ => {
            responses.insert("409".to_owned(), Response::new(words).into());
        }
    }
}
