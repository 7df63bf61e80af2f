//! Members: people of the vendor's identity provider, and what they may do here.

use super::mapping::tagged;
use super::{Answer, Product, created};
use crate::authorised::InTenant;
use crate::body::Body;
use crate::page::MemberPage;
use crate::parameter::{Id, IfMatch, Params};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::web::Json;
use entity::id::MemberId;
use service::cursor::PageQuery;
use service::member::{self, CreateMember, Member, UpdateMember};

/// Add a member
///
/// Lets a person whom the vendor's identity provider knows do what a role may: they send the provider's token as
/// `Authorization: Bearer …`. Nobody gives a role that may do more than they may themselves; the platform's credential makes the
/// first owner.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/members", tag = "Members",
    request_body = CreateMember,
    responses(
        (status = 201, description = "The member", body = Member),
        (status = 409, description = "They are a member already, or there is no identity provider")
    )
)]
pub(crate) async fn create_member(
    product: Product,
    at: InTenant,
    Body(request): Body<CreateMember>,
) -> Result<HttpResponse, Problem> {
    let made = member::create(&product, &at.caller, at.tenant, request).await?;
    Ok(created(None, &made))
}

/// List the members
///
/// Newest first, a page at a time.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/members", tag = "Members",
    params(PageQuery),
    responses((status = 200, description = "A page of members", body = MemberPage))
)]
pub(crate) async fn list_members(
    product: Product,
    at: InTenant,
    Params(query): Params<PageQuery>,
) -> Answer<MemberPage> {
    Ok(Json(
        member::list(&product, at.tenant, &query).await?.into(),
    ))
}

/// Read a member
///
/// Who it is, and what they may do.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/members/{member_id}", tag = "Members",
    params(("member_id" = MemberId, Path, description = "The member")),
    responses((status = 200, description = "The member", body = Member,
        headers(("ETag" = String, description = "The version of what can be changed of it"))))
)]
pub(crate) async fn read_member(
    product: Product,
    at: InTenant,
    Id(id): Id<MemberId>,
) -> Result<HttpResponse, Problem> {
    let member = member::read(&product, at.tenant, id).await?;
    Ok(tagged(&member.version(), member))
}

/// Change a member
///
/// Another role, or another name. It holds from their next request on.
#[utoipa::path(
    patch, path = "/v1/tenants/{tenant_id}/members/{member_id}", tag = "Members",
    params(
        ("member_id" = MemberId, Path, description = "The member"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was read; left out: whatever it is now")
    ),
    request_body = UpdateMember,
    responses(
        (status = 200, description = "The member, changed", body = Member, headers(("ETag" = String, description = "The version"))),
        (status = 409, description = "They are the only owner"),
        (status = 412, description = "It was changed since it was read")
    )
)]
pub(crate) async fn update_member(
    product: Product,
    at: InTenant,
    Id(id): Id<MemberId>,
    IfMatch(expected): IfMatch,
    Body(request): Body<UpdateMember>,
) -> Result<HttpResponse, Problem> {
    let member = member::update(&product, &at.caller, at.tenant, id, &expected, request).await?;
    Ok(tagged(&member.version(), member))
}

/// Remove a member
///
/// Their next request finds nothing here.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant_id}/members/{member_id}", tag = "Members",
    params(
        ("member_id" = MemberId, Path, description = "The member"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was read; left out: whatever it is now")
    ),
    responses(
        (status = 200, description = "The member as they were", body = Member),
        (status = 409, description = "They are the only owner"),
        (status = 412, description = "It was changed since it was read")
    )
)]
pub(crate) async fn remove_member(
    product: Product,
    at: InTenant,
    Id(id): Id<MemberId>,
    IfMatch(expected): IfMatch,
) -> Answer<Member> {
    Ok(Json(
        member::remove(&product, &at.caller, at.tenant, id, &expected).await?,
    ))
}
