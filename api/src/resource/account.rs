//! The chart of accounts.

use super::{Answer, Product};
use crate::authorised::InTenant;
use crate::page::{AccountImportPage, AccountPage};
use crate::parameter::{Id, Params};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Json;
use entity::id::{AccountId, AccountImportId};
use service::chart::{self, Account, AccountImport, AccountQuery};
use service::cursor::PageQuery;

/// Import the chart of accounts
///
/// Queues an import of all accounts of the company, active and inactive. Connecting imports the chart by itself; import it
/// again when accounts changed in QuickBooks. An account deleted here comes back.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant_id}/account-imports", tag = "Accounts",
    responses(
        (status = 202, description = "The import, queued; watch it at its Location", body = AccountImport,
            headers(("Location" = String, description = "Where the import is read"))),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn create_account_import(
    product: Product,
    at: InTenant,
) -> Result<HttpResponse, Problem> {
    let import = chart::import(&product, &at.caller, at.tenant).await?;
    let location = format!("/v1/tenants/{}/account-imports/{}", at.tenant, import.id);
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, location))
        .json(import))
}

/// List the imports of accounts
///
/// Those that somebody asked for and those made by themselves, newest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/account-imports", tag = "Accounts",
    params(PageQuery),
    responses((status = 200, description = "A page of imports", body = AccountImportPage))
)]
pub(crate) async fn list_account_imports(
    product: Product,
    at: InTenant,
    Params(query): Params<PageQuery>,
) -> Answer<AccountImportPage> {
    let page = chart::list_imports(&product, at.tenant, &query).await?;
    Ok(Json(page.into()))
}

/// Read an import of accounts
///
/// Where the import stands: queued, running, done or failed, and how many accounts it has read.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/account-imports/{account_import_id}", tag = "Accounts",
    params(("account_import_id" = AccountImportId, Path, description = "The import")),
    responses((status = 200, description = "The import", body = AccountImport))
)]
pub(crate) async fn read_account_import(
    product: Product,
    at: InTenant,
    Id(id): Id<AccountImportId>,
) -> Answer<AccountImport> {
    Ok(Json(chart::read_import(&product, at.tenant, id).await?))
}

/// List the accounts
///
/// The imported chart in the order of its full names, a page at a time. Filters may stand together.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/accounts", tag = "Accounts",
    params(AccountQuery),
    responses(
        (status = 200, description = "A page of accounts", body = AccountPage),
        (status = 409, description = "No company is connected")
    )
)]
pub(crate) async fn list_accounts(
    product: Product,
    at: InTenant,
    Params(query): Params<AccountQuery>,
) -> Answer<AccountPage> {
    Ok(Json(chart::list(&product, at.tenant, &query).await?.into()))
}

/// Read an account
///
/// One account of the imported chart.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant_id}/accounts/{account_id}", tag = "Accounts",
    params(("account_id" = AccountId, Path, description = "The account")),
    responses((status = 200, description = "The account", body = Account))
)]
pub(crate) async fn read_account(
    product: Product,
    at: InTenant,
    Id(id): Id<AccountId>,
) -> Answer<Account> {
    Ok(Json(chart::read(&product, at.tenant, id).await?))
}

/// Delete an account here
///
/// Takes the account out of the imported chart; QuickBooks is not touched. It comes back with the next import, and its
/// mappings with it.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant_id}/accounts/{account_id}", tag = "Accounts",
    params(("account_id" = AccountId, Path, description = "The account")),
    responses((status = 204, description = "It is gone from here"))
)]
pub(crate) async fn delete_account(
    product: Product,
    at: InTenant,
    Id(id): Id<AccountId>,
) -> Result<HttpResponse, Problem> {
    chart::delete(&product, &at.caller, at.tenant, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
