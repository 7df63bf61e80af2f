//! What can be wrong with an event.

use actix_web::web::Json;
use serde::Serialize;
use service::problem::{self, Kind};
use utoipa::ToSchema;

/// Every problem an event can have.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemCodes {
    /// One a code.
    pub(crate) items: Vec<Kind>,
}

impl ProblemCodes {
    pub(crate) fn all() -> Self {
        Self {
            items: problem::registry(),
        }
    }
}

/// List problem codes
///
/// Everything that can be wrong with an event: what it means, what to do, who can, and whether a retry helps once it is done.
/// An event carries its own with the words and facts of what happened. The list is the same for every tenant.
#[utoipa::path(
    get, path = "/v1/problem-codes", tag = "Events",
    responses((status = 200, description = "Every code", body = ProblemCodes))
)]
pub(crate) async fn list_problem_codes() -> Json<ProblemCodes> {
    Json(ProblemCodes::all())
}
