//! Suggestions for what the mapping lacks.

use super::{Product, mapping::tagged};
use crate::authorised::InTenant;
use crate::body::rows::{BulkBody, Row};
use crate::page::MappingSuggestionPage;
use crate::parameter::IfMatch;
use crate::problem::Problem;
use actix_web::HttpResponse;
use serde::Deserialize;
use service::suggestion::{self, AppliedSuggestions, ChosenSuggestion, Confidence};
use utoipa::ToSchema;

/// Which suggestions are applied: all that are sure enough, or chosen ones.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplySuggestions {
    /// Apply every suggestion of at least `min_confidence`.
    #[serde(default)]
    all: bool,
    /// The least confidence that is applied with `all`; left out: medium.
    #[schema(value_type = Option<Confidence>, example = "medium")]
    min_confidence: Option<String>,
    /// The suggestions that were chosen, each with the account that was suggested; each is applied on its own.
    #[serde(default)]
    #[schema(value_type = Vec<ChosenSuggestion>, max_items = 1000)]
    rows: Vec<Row<ChosenSuggestion>>,
}

impl From<ApplySuggestions> for suggestion::ApplySuggestions {
    fn from(request: ApplySuggestions) -> Self {
        Self {
            all: request.all,
            min_confidence: request.min_confidence,
            rows: request.rows.into_iter().map(|row| row.0).collect(),
        }
    }
}

/// List suggestions for the mapping
///
/// For everything the mapping lacks: an account of the chart that plays the role, with how sure and why; or, where none surely
/// fits, an account that could be created. What nothing asks for is not suggested.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/mapping-suggestions", tag = "Mappings",
    responses(
        (status = 200, description = "The suggestions, in the order of the slots", body = MappingSuggestionPage,
            headers(("ETag" = String, description = "The version of the mapping they complete"))),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn list_mapping_suggestions(
    product: Product,
    at: InTenant,
) -> Result<HttpResponse, Problem> {
    let (suggestions, version) = suggestion::list(&product, at.tenant).await?;
    Ok(tagged(&version, MappingSuggestionPage::from(suggestions)))
}

/// Apply suggestions
///
/// Sets the suggested accounts: all that are sure enough, or the chosen ones. Suggestions are worked out anew, so that an
/// account that is no longer suggested is not set, and its result says why, as that of a malformed row does. The answer lists
/// what remains.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/mapping-suggestions/apply", tag = "Mappings",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the mapping that was read; left out: whatever it is now")),
    request_body = ApplySuggestions,
    responses(
        (status = 200, description = "What became of each row, and what remains", body = AppliedSuggestions,
            headers(("ETag" = String, description = "The version of the mapping"))),
        (status = 409, description = "No company is connected"),
        (status = 412, description = "The mapping was changed since it was read")
    )
)]
pub(crate) async fn apply_mapping_suggestions(
    product: Product,
    at: InTenant,
    IfMatch(expected): IfMatch,
    BulkBody(request): BulkBody<ApplySuggestions>,
) -> Result<HttpResponse, Problem> {
    let (applied, version) =
        suggestion::apply(&product, &at.caller, at.tenant, &expected, &request.into()).await?;
    Ok(tagged(&version, applied))
}
