//! Tenants.

use super::mapping::tagged;
use super::{Answer, Product, created, versioned};
use crate::authorised::{ByPlatform, InTenant};
use crate::body::Body;
use crate::page::TenantPage;
use crate::parameter::{IfMatch, IfNoneMatch, Params};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::Json;
use service::cursor::PageQuery;
use service::tenant::{self, CreateTenant, Tenant, UpdateTenant};

/// Create a tenant
///
/// Makes a tenant: one retailer with its own keys, connection, mapping and events. The platform's credential only; create
/// the tenant's first API key next.
#[utoipa::path(
    post, path = "/v1/tenants", tag = "Tenants",
    request_body = CreateTenant,
    responses((status = 201, description = "The tenant", body = Tenant,
        headers(("Location" = String, description = "Where the tenant is read"))))
)]
pub(crate) async fn create_tenant(
    product: Product,
    ByPlatform(caller): ByPlatform,
    Body(request): Body<CreateTenant>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::create(&product, &caller, request).await?;
    Ok(created(Some(format!("/v1/tenants/{}", tenant.id)), &tenant))
}

/// List the tenants
///
/// Newest first, a page at a time. The platform's credential only.
#[utoipa::path(
    get, path = "/v1/tenants", tag = "Tenants",
    params(PageQuery),
    responses((status = 200, description = "A page of tenants", body = TenantPage))
)]
pub(crate) async fn list_tenants(
    product: Product,
    _by: ByPlatform,
    Params(query): Params<PageQuery>,
) -> Answer<TenantPage> {
    let page = tenant::list(&product, query.cursor.as_deref(), query.limit).await?;
    Ok(Json(page.into()))
}

/// Read a tenant
///
/// Gives the tenant and the policies of its books. The platform's credential only.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}", tag = "Tenants",
    params(("If-None-Match" = Option<String>, Header, description = "An ETag that the caller has: 304 where it is still the one")),
    responses(
        (status = 200, description = "The tenant", body = Tenant, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "It is as the caller has it")
    )
)]
pub(crate) async fn read_tenant(
    product: Product,
    at: InTenant,
    has: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::read(&product, at.tenant).await?;
    Ok(versioned(&has, &tenant.version(), &tenant))
}

/// Change a tenant
///
/// Changes what is given and leaves the rest. A suspended tenant's keys do not work and nothing of it is posted; nothing is
/// lost. The platform's credential only.
#[utoipa::path(
    patch, path = "/v1/tenants/{tenant_id}", tag = "Tenants",
    params(("If-Match" = Option<String>, Header, description = "The ETag of what was read; left out: whatever it is now")),
    request_body = UpdateTenant,
    responses(
        (status = 200, description = "The tenant, changed", body = Tenant, headers(("ETag" = String, description = "The version"))),
        (status = 412, description = "It was changed since it was read"),
        (status = 409, description = "The tenant was deleted")
    )
)]
pub(crate) async fn update_tenant(
    product: Product,
    at: InTenant,
    IfMatch(expected): IfMatch,
    Body(request): Body<UpdateTenant>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::update(&product, &at.caller, at.tenant, &expected, request).await?;
    Ok(tagged(&tenant.version(), tenant))
}

/// Delete a tenant
///
/// Ends a tenant for good: its API keys stop working, its company is disconnected and the grant revoked at Intuit, its webhook
/// endpoints are deleted, and its data key is destroyed, so that no token and no webhook secret of it can be opened again, in a
/// backup neither. Its events, what was posted of them and its audit log are kept, and no key reads them: they are for
/// whoever must account for them. Deleting again changes nothing. The platform's credential only.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant_id}", tag = "Tenants",
    responses((status = 200, description = "The tenant, deleted", body = Tenant))
)]
pub(crate) async fn delete_tenant(product: Product, at: InTenant) -> Answer<Tenant> {
    Ok(Json(tenant::delete(&product, &at.caller, at.tenant).await?))
}
