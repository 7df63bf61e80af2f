//! Reconciliations, and what they found.

use super::past_sync::csv;
use super::{Answer, Product};
use crate::accept::Accept;
use crate::authorised::InTenant;
use crate::body::Body;
use crate::page::{FindingPage, ReconciliationPage};
use crate::parameter::{Id, Params};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Json;
use entity::id::{FindingId, ReconciliationId};
use service::cursor::PageQuery;
use service::reconciliation::{self, CreateReconciliation, Finding, FindingQuery, Reconciliation};

/// Compare the books with what was posted
///
/// Looks in QuickBooks whether the entries of a window of accounting dates, both ends included, are as they were posted: by
/// what changed of late, and by query for the rest. It runs in the tenant's turns, behind all posting, and within a budget of
/// metered reads; when the reads of a day are spent it goes on the next day. What is not as it was left is a finding and an
/// alert; nothing is mended by itself. Besides, the changes are looked over once a day without being asked for.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/reconciliations", tag = "Reconciliations",
    request_body = CreateReconciliation,
    responses(
        (status = 202, description = "The reconciliation, queued", body = Reconciliation,
            headers(("Location" = String, description = "Where it is watched"))),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn create_reconciliation(
    product: Product,
    at: InTenant,
    Body(request): Body<CreateReconciliation>,
) -> Result<HttpResponse, Problem> {
    let made = reconciliation::create(&product, &at.caller, at.tenant, request).await?;
    let location = format!("/v1/tenants/{}/reconciliations/{}", at.tenant, made.id);
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, location))
        .json(made))
}

/// List the reconciliations
///
/// Newest first, a page at a time, the daily looks among them.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/reconciliations", tag = "Reconciliations",
    params(PageQuery),
    responses((status = 200, description = "A page of reconciliations", body = ReconciliationPage))
)]
pub(crate) async fn list_reconciliations(
    product: Product,
    at: InTenant,
    Params(query): Params<PageQuery>,
) -> Answer<ReconciliationPage> {
    let page = reconciliation::list(&product, at.tenant, &query).await?;
    Ok(Json(page.into()))
}

/// Read a reconciliation
///
/// How far it is, the reads it has used, and how much it found.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/reconciliations/{reconciliation_id}", tag = "Reconciliations",
    params(("reconciliation_id" = ReconciliationId, Path, description = "The reconciliation")),
    responses((status = 200, description = "The reconciliation", body = Reconciliation))
)]
pub(crate) async fn read_reconciliation(
    product: Product,
    at: InTenant,
    Id(id): Id<ReconciliationId>,
) -> Answer<Reconciliation> {
    Ok(Json(reconciliation::read(&product, at.tenant, id).await?))
}

/// List the findings
///
/// What is in the books otherwise than it was posted, newest first: each thing once, until it is gone. With
/// `Accept: text/csv` the page is answered as a file: a row a difference.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/findings", tag = "Reconciliations",
    params(FindingQuery),
    responses((status = 200, description = "A page of findings", content(
        (FindingPage = "application/json"),
        (String = "text/csv")
    )))
)]
pub(crate) async fn list_findings(
    product: Product,
    at: InTenant,
    accept: Accept,
    Params(query): Params<FindingQuery>,
) -> Result<HttpResponse, Problem> {
    let page = reconciliation::list_findings(&product, at.tenant, &query).await?;
    Ok(match accept {
        Accept::Json => HttpResponse::Ok().json(FindingPage::from(page)),
        Accept::Csv => csv("findings.csv", reconciliation::csv(&page.items)?),
    })
}

/// Read a finding
///
/// What was found, with what the entry said and what it says.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/findings/{finding_id}", tag = "Reconciliations",
    params(("finding_id" = FindingId, Path, description = "The finding")),
    responses((status = 200, description = "The finding", body = Finding))
)]
pub(crate) async fn read_finding(
    product: Product,
    at: InTenant,
    Id(id): Id<FindingId>,
) -> Answer<Finding> {
    Ok(Json(
        reconciliation::read_finding(&product, at.tenant, id).await?,
    ))
}

/// Accept a finding
///
/// Says that it is well as it is, as where an accountant changed an entry on purpose. It is kept, and is an alert no more; a
/// further change is found again. Accepting again, or what is gone, changes nothing.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/findings/{finding_id}/accept", tag = "Reconciliations",
    params(("finding_id" = FindingId, Path, description = "The finding")),
    responses((status = 200, description = "The finding", body = Finding))
)]
pub(crate) async fn accept_finding(
    product: Product,
    at: InTenant,
    Id(id): Id<FindingId>,
) -> Answer<Finding> {
    Ok(Json(
        reconciliation::accept(&product, &at.caller, at.tenant, id).await?,
    ))
}
