//! Members: people whom the vendor's identity provider knows, each in a role of the tenant's. The provider says who somebody is;
//! what they may do is looked up here at each request, and no token says it.

use crate::access::{Caller, Role};
use crate::audit::{Denial, Reason};
use crate::credential::Presented;
use crate::cursor::{Cursors, Page, PageQuery};
use crate::error::Error;
use crate::identity_provider::{LEEWAY_SECONDS, Person};
use crate::version::{self, Expected};
use crate::{Service, api_key, audit};
use chrono::{DateTime, Utc};
use entity::id::{MemberId, TenantId};
use entity::member::{ActiveModel, Column, Entity, Model};
use entity::store::TenantTx;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// In so many of a person's places a refusal of theirs is told.
const PLACES_MAX: i64 = 20;

/// A person to be made a member.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateMember {
    /// Who: the subject (`sub`) that the identity provider's tokens name them by; 1 to 255 characters.
    #[schema(example = "auth0|6566b1f2c3")]
    pub subject: String,
    /// What they may do.
    pub role: Role,
    /// What to call them; at most 200 characters.
    #[serde(default)]
    #[schema(example = "Ada, the accountant")]
    pub name: String,
}

/// Changes of a member; what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMember {
    /// What they may do.
    pub role: Option<Role>,
    /// What to call them.
    #[schema(example = "Ada, the accountant")]
    pub name: Option<String>,
}

/// A person's place in a tenant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Member {
    /// Its id, by which the audit log names the person.
    pub id: MemberId,
    /// The identity provider that knows them.
    #[schema(example = "https://login.example.com/")]
    pub issuer: String,
    /// The subject that its tokens name them by.
    #[schema(example = "auth0|6566b1f2c3")]
    pub subject: String,
    /// What to call them.
    #[schema(example = "Ada, the accountant")]
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// When they were made a member.
    pub created_at: DateTime<Utc>,
    /// By whom.
    #[schema(example = "platform")]
    pub created_by: String,
    /// When their place was changed last.
    pub updated_at: DateTime<Utc>,
}

impl Member {
    /// The tag of this version of it: of what can be changed of it.
    #[must_use]
    pub fn version(&self) -> String {
        version::tag(&(&self.name, self.role))
    }
}

impl From<Model> for Member {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            issuer: row.issuer,
            subject: row.subject,
            name: row.name,
            role: Role::read(&row.role).unwrap_or(Role::ReadOnly),
            created_at: row.created_at,
            created_by: row.created_by,
            updated_at: row.updated_at,
        }
    }
}

/// Makes a person a member.
///
/// # Errors
/// `invalid_subject`, `invalid_name`, `role_beyond_own`; `no_identity_provider`, `already_member`, `tenant_deleted`;
/// [`Error::NotFound`] where there is no such tenant.
pub async fn create(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    request: CreateMember,
) -> Result<Member, Error> {
    let length = request.subject.chars().count();
    if !(1..=255).contains(&length) || request.subject.chars().any(char::is_control) {
        return Err(Error::invalid(
            "invalid_subject",
            "subject",
            format!(
                "a subject has 1 to 255 characters and no control characters; this one has {length}"
            ),
        ));
    }
    check_name(&request.name)?;
    may_give(caller, request.role)?;
    let tx = service.tenant(tenant).await?;
    api_key::is_served(&tx).await?;
    let Some(provider) = service.identity_provider() else {
        return Err(Error::conflict(
            "no_identity_provider",
            "this service has no identity provider, so nobody could prove to be that person; the operator sets one up (TILLPOST_IDP_ISSUER and its like)",
        ));
    };
    let id = MemberId::new();
    let made = tx
        .insert(ActiveModel {
            tenant_id: Set(tenant),
            id: Set(id),
            issuer: Set(provider.issuer().to_owned()),
            subject: Set(request.subject),
            name: Set(request.name),
            role: Set(request.role.as_str().to_owned()),
            created_at: NotSet,
            created_by: Set(caller.actor().to_owned()),
            updated_at: NotSet,
        })
        .await;
    if let Err(error) = made {
        return Err(match error.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => Error::conflict(
                "already_member",
                "that person is a member already: change their role instead",
            ),
            _ => error.into(),
        });
    }
    record(
        &tx,
        caller,
        "member.added",
        id,
        serde_json::json!({ "role": request.role }),
    )
    .await?;
    let member = row(&tx, id).await?;
    tx.commit().await?;
    Ok(member.into())
}

/// The tenant's members, newest first.
///
/// # Errors
/// `invalid_cursor`, `invalid_limit`; [`Error::NotFound`] where there is no such tenant.
pub async fn list(
    service: &Service,
    tenant: TenantId,
    query: &PageQuery,
) -> Result<Page<Member>, Error> {
    let tx = service.tenant(tenant).await?;
    api_key::exists(&tx).await?;
    let cursors = Cursors::of(service, tenant, "members");
    let read = query.newest_first(cursors, tx.find::<Entity>(), Column::CreatedAt, Column::Id)?;
    let rows = tx.all(read).await?;
    Ok(query.page(
        cursors,
        rows,
        |row| (row.created_at, row.id.0),
        Member::from,
    ))
}

/// A member.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn read(service: &Service, tenant: TenantId, id: MemberId) -> Result<Member, Error> {
    let tx = service.tenant(tenant).await?;
    Ok(row(&tx, id).await?.into())
}

/// Changes a member's role or name, for the very next request of theirs.
///
/// # Errors
/// `invalid_name`, `role_beyond_own`; `changed_meanwhile` where it is not one of the `expected` versions; `last_owner`;
/// [`Error::NotFound`].
pub async fn update(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: MemberId,
    expected: &Expected,
    request: UpdateMember,
) -> Result<Member, Error> {
    if let Some(name) = &request.name {
        check_name(name)?;
    }
    if let Some(role) = request.role {
        may_give(caller, role)?;
    }
    let tx = service.tenant(tenant).await?;
    let stays = match request.role {
        Some(Role::Owner) | None => Ok(()),
        Some(_) => an_owner_stays(&tx, caller, id).await,
    };
    let before: Member = locked(&tx, id).await?.into();
    version::check(expected, &before.version(), "the member")?;
    stays?;
    tx.execute(
        "UPDATE member SET role = coalesce($3, role), name = coalesce($4, name), updated_at = tillpost_now()
          WHERE {mine} AND id = $2",
        vec![
            id.into(),
            request.role.map(Role::as_str).into(),
            request.name.into(),
        ],
    )
    .await?;
    let after: Member = row(&tx, id).await?.into();
    let detail = serde_json::json!({ "role": after.role, "role_before": before.role });
    record(&tx, caller, "member.changed", id, detail).await?;
    tx.commit().await?;
    Ok(after)
}

/// Ends a membership; the person's next request finds nothing here.
///
/// # Errors
/// `changed_meanwhile` where it is not one of the `expected` versions; `last_owner`; [`Error::NotFound`].
pub async fn remove(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    id: MemberId,
    expected: &Expected,
) -> Result<Member, Error> {
    let tx = service.tenant(tenant).await?;
    let stays = an_owner_stays(&tx, caller, id).await;
    let member: Member = locked(&tx, id).await?.into();
    version::check(expected, &member.version(), "the member")?;
    stays?;
    tx.execute(
        "DELETE FROM member WHERE {mine} AND id = $2",
        vec![id.into()],
    )
    .await?;
    let detail = serde_json::json!({ "role": member.role });
    record(&tx, caller, "member.removed", id, detail).await?;
    tx.commit().await?;
    Ok(member)
}

/// What a person is to the tenant whose resources they ask for.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn authenticate(
    service: &Service,
    person: Person,
    tenant: Option<TenantId>,
    operation: &'static str,
) -> Result<Presented, Error> {
    let (now, member) = match tenant {
        Some(tenant) => find(service, &person, tenant).await?,
        None => (service.now().await?, None),
    };
    let holds = person.times.hold(now, LEEWAY_SECONDS);
    Ok(match (holds, member) {
        (true, Some(member)) => Presented::By(member),
        (true, None) => Presented::By(Caller::Stranger {
            issuer: person.issuer,
            subject: person.subject,
        }),
        (false, Some(Caller::OfTenant { tenant, actor, .. })) => {
            let reason = Reason::TokenExpired;
            audit::deny(service, Denial::of(tenant, &actor, operation, reason)).await;
            Presented::Refused
        }
        (false, _) => Presented::Nobodys(Reason::InvalidToken),
    })
}

async fn find(
    service: &Service,
    person: &Person,
    tenant: TenantId,
) -> Result<(DateTime<Utc>, Option<Caller>), Error> {
    #[derive(FromQueryResult)]
    struct Found {
        id: MemberId,
        role: String,
    }
    let tx = service.tenant(tenant).await?;
    let now = tx.now().await?;
    let found = tx
        .query_as::<Found>(
            "SELECT m.id, m.role FROM member m JOIN tenant t ON t.tenant_id = m.tenant_id AND t.status = 'active'
              WHERE {mine:m} AND {mine:t} AND m.issuer = $2 AND m.subject = $3",
            vec![person.issuer.clone().into(), person.subject.clone().into()],
        )
        .await?;
    tx.commit().await?;
    let member = found
        .into_iter()
        .find_map(|row| Some((row.id, Role::read(&row.role)?)))
        .map(|(id, role)| Caller::OfTenant {
            tenant,
            actor: id.to_string(),
            scopes: role.scopes(),
        });
    Ok((now, member))
}

/// Where a person is a member; of many places, some.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn places(
    service: &Service,
    issuer: &str,
    subject: &str,
) -> Result<Vec<(TenantId, MemberId)>, Error> {
    #[derive(FromQueryResult)]
    struct Found {
        tenant_id: TenantId,
        id: MemberId,
    }
    let tx = service.store().platform().await?;
    let found = tx
        .query_as::<Found>(
            "SELECT tenant_id, id FROM member WHERE issuer = $1 AND subject = $2 ORDER BY tenant_id LIMIT $3",
            vec![issuer.into(), subject.into(), PLACES_MAX.into()],
        )
        .await?;
    tx.commit().await?;
    Ok(found
        .into_iter()
        .map(|row| (row.tenant_id, row.id))
        .collect())
}

// Nobody gives a role that may do what they may not themselves.
fn may_give(caller: &Caller, role: Role) -> Result<(), Error> {
    match caller.lacks(&role.scopes()) {
        None => Ok(()),
        Some(beyond) => Err(Error::invalid(
            "role_beyond_own",
            "role",
            format!(
                "the role `{}` has `{}`, which you do not have yourself",
                role.as_str(),
                beyond.as_str()
            ),
        )),
    }
}

// A tenant that has an owner keeps one, unless the platform decides otherwise. Owners are locked, so that of two who remove each
// other one waits and sees.
async fn an_owner_stays(tx: &TenantTx, caller: &Caller, leaving: MemberId) -> Result<(), Error> {
    #[derive(FromQueryResult)]
    struct Owner {
        id: MemberId,
    }
    if *caller == Caller::Platform {
        return Ok(());
    }
    let owners = tx
        .query_as::<Owner>(
            "SELECT id FROM member WHERE {mine} AND role = 'owner' ORDER BY id FOR UPDATE",
            vec![],
        )
        .await?;
    if owners.len() == 1 && owners[0].id == leaving {
        return Err(Error::conflict(
            "last_owner",
            "this is the tenant's only owner: make somebody else an owner first",
        ));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Ok(());
    }
    crate::tenant::check_name(name)
}

// After the owners, where they are locked too.
async fn locked(tx: &TenantTx, id: MemberId) -> Result<Model, Error> {
    tx.query(
        "SELECT 1 FROM member WHERE {mine} AND id = $2 FOR UPDATE",
        vec![id.into()],
    )
    .await?;
    row(tx, id).await
}

async fn row(tx: &TenantTx, id: MemberId) -> Result<Model, Error> {
    tx.one(tx.find::<Entity>().filter(Column::Id.eq(id)))
        .await?
        .ok_or(Error::NotFound)
}

async fn record(
    tx: &TenantTx,
    caller: &Caller,
    action: &str,
    id: MemberId,
    detail: serde_json::Value,
) -> Result<(), Error> {
    audit::record(tx, caller.actor(), action, &id.to_string(), detail).await
}
