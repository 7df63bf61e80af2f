//! Accounts created in QuickBooks on request.

use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::body::Body;
use crate::parameter::Id;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Json;
use entity::id::AccountCreationId;
use service::account_creation::{self, AccountCreation, CreateAccount};

/// Create an account in QuickBooks
///
/// Queues the creation of an account that the chart lacks, as a suggestion names it or as you like it, and maps it once it is
/// there, if asked. A lost answer makes no second account. Nothing is created in QuickBooks that nobody asked for here.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/account-creations", tag = "Accounts",
    request_body = CreateAccount,
    responses(
        (status = 202, description = "The creation, queued; watch it at its Location", body = AccountCreation,
            headers(("Location" = String, description = "Where the creation is read"))),
        (status = 409, description = "No company is connected, or the name is in the chart")
    )
)]
pub(crate) async fn create_account_creation(
    product: Product,
    at: InTenant,
    Body(request): Body<CreateAccount>,
) -> Result<HttpResponse, Problem> {
    let creation = account_creation::create(&product, &at.caller, at.tenant, request).await?;
    let location = format!(
        "/v1/tenants/{}/account-creations/{}",
        at.tenant, creation.id
    );
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, location))
        .json(creation))
}

/// Read a creation of an account
///
/// Where it stands: queued, done with the account in the chart, or failed with the reason.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/account-creations/{account_creation_id}", tag = "Accounts",
    params(("account_creation_id" = AccountCreationId, Path, description = "The creation")),
    responses((status = 200, description = "The creation", body = AccountCreation))
)]
pub(crate) async fn read_account_creation(
    product: Product,
    at: InTenant,
    Id(id): Id<AccountCreationId>,
) -> Answer<AccountCreation> {
    Ok(Json(account_creation::read(&product, at.tenant, id).await?))
}
