//! A request that may come again, as often as its sender likes, under one key: it has its effect once, and is answered the
//! same way each time.
//!
//! The whole request is one transaction, of which the use-case's own are parts; the answer is written into it as its last
//! act. So there is never an effect whose answer was lost, nor an answer whose effect was: a process that dies leaves both
//! or neither. What is not met with success changes nothing and is not kept: its sender mends it and may use the key again.

mod kept;

pub use kept::Answer;

use crate::Service;
use crate::error::Error;
use crate::fail_point::{FailPoint, reach};
use crate::vault::Place;
use crate::{secret, tenant};
use entity::id::TenantId;
use entity::whole::{Door, Whole};
use kept::Kept;
use sea_orm::{FromQueryResult, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How long an answer is kept.
pub const DAYS: i32 = 30;
/// Rows that are forgotten at once.
const FORGOTTEN_MOST: i64 = 1_000;

/// What a request is known by when it comes again.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// Whose resources it is about; none: the platform's.
    pub tenant: Option<TenantId>,
    /// Which operation.
    pub operation: &'a str,
    /// The key as it was sent.
    pub key: &'a str,
    /// Who sends it. Another caller is not shown the answer: it may hold a secret, or what that caller may not make.
    pub actor: &'a str,
    /// Everything else that tells one request from another: method, path, query, kind and bytes of the body.
    pub content: &'a [&'a [u8]],
}

/// What to do with a request.
pub enum Begun {
    /// It is new: meet it with this.
    Fresh(Box<Attempt>),
    /// It was met before, and answered so.
    Met(Answer),
    /// It is being met at this moment.
    InUse,
    /// The key belongs to another request.
    Reused,
}

/// One request that is being met.
pub struct Attempt {
    /// The product; what its use-cases do lasts when the attempt is concluded, and only then.
    pub service: Service,
    whole: Whole,
    names: Names,
}

// As the row has them.
struct Names {
    tenant: Option<TenantId>,
    operation: String,
    key_hash: [u8; 32],
    fingerprint: [u8; 32],
}

#[derive(FromQueryResult)]
struct Nothing {}

#[derive(FromQueryResult)]
struct Stands {
    ours: bool,
    keyless: bool,
}

/// Looks whether the request was met before, and begins to meet it where it was not.
///
/// # Errors
/// The database does not answer.
pub async fn begin(service: &Service, identity: Identity<'_>) -> Result<Begun, Error> {
    let mut attempt = Attempt::open(service, identity).await?;
    let mut stands = attempt.lock().await?;
    if stands.ours
        && stands.keyless
        && let Some(tenant) = identity.tenant
    {
        // By itself: in the whole, every other request of a new tenant would wait for the end of this one.
        attempt.undo().await?;
        let tx = service.tenant(tenant).await?;
        service.vault().prepare(&tx).await?;
        tx.commit().await?;
        attempt = Attempt::open(service, identity).await?;
        stands = attempt.lock().await?;
    }
    if !stands.ours {
        return Ok(Begun::InUse);
    }
    let Some(kept) = attempt.kept().await? else {
        return Ok(Begun::Fresh(Box::new(attempt)));
    };
    if !secret::equal(&kept.fingerprint, &attempt.names.fingerprint) {
        return Ok(Begun::Reused);
    }
    attempt.answer(&kept).await.map(Begun::Met)
}

impl Names {
    fn of(service: &Service, identity: Identity<'_>) -> Self {
        let pepper = &service.settings().pepper;
        let mut content: Vec<&[u8]> = vec![b"idempotency fingerprint", identity.actor.as_bytes()];
        content.extend(identity.content);
        Self {
            tenant: identity.tenant,
            operation: identity.operation.to_owned(),
            key_hash: secret::derived(pepper, &[b"idempotency key", identity.key.as_bytes()]),
            fingerprint: secret::derived(pepper, &content),
        }
    }

    fn tenant(&self) -> TenantId {
        self.tenant.unwrap_or(TenantId::PLATFORM)
    }

    fn row(&self) -> Vec<Value> {
        vec![
            self.tenant().into(),
            self.operation.clone().into(),
            self.key_hash.to_vec().into(),
        ]
    }

    // Of this row alone, and of this content: a sealed answer that is moved elsewhere does not open.
    fn place(&self) -> Place<'static> {
        let mut hash = secret::hash(&self.operation);
        hash.extend(self.key_hash);
        hash.extend(self.fingerprint);
        let hash = Sha256::digest(&hash);
        Place {
            table: "idempotency_key",
            column: "answer",
            row: uuid::Builder::from_custom_bytes(
                hash[..16].try_into().expect("a hash has 32 bytes"),
            )
            .into_uuid(),
        }
    }

    // What the platform's own answers are sealed under: it has no data key, since it is never deleted. Also those of tenants
    // from before 2026-11-27, which end within thirty days.
    fn sealing_key(&self, service: &Service) -> [u8; 32] {
        secret::derived(
            &service.settings().pepper,
            &[
                b"idempotent answer",
                self.tenant().0.as_bytes(),
                self.operation.as_bytes(),
                &self.key_hash,
                &self.fingerprint,
            ],
        )
    }

    // A lock has a number; two requests of one number merely wait for each other.
    fn lock(&self) -> i64 {
        let mut hash = secret::hash(&format!("{}|{}", self.tenant().0, self.operation));
        hash.extend(self.key_hash);
        let hash = Sha256::digest(&hash);
        i64::from_be_bytes(hash[..8].try_into().expect("a hash has 32 bytes"))
    }
}

impl Attempt {
    async fn open(service: &Service, identity: Identity<'_>) -> Result<Self, Error> {
        let door = match identity.tenant {
            Some(_) => Door::Application,
            None => Door::Platform,
        };
        let (store, whole) = service.store().whole(door).await?;
        Ok(Self {
            service: service.within(store),
            whole,
            names: Names::of(service, identity),
        })
    }

    // Held until the whole ends, however it ends. Nobody waits: whoever comes meanwhile is told so. Told with it: whether the
    // tenant has no data key yet, and may have one.
    async fn lock(&self) -> Result<Stands, Error> {
        let mut rows: Vec<Stands> = self
            .query(
                "SELECT pg_try_advisory_xact_lock($2) AS ours,
                        NOT EXISTS (SELECT 1 FROM data_key WHERE {mine})
                          AND EXISTS (SELECT 1 FROM tenant WHERE {mine} AND status <> 'deleted') AS keyless",
                vec![self.names.tenant().into(), self.names.lock().into()],
            )
            .await?;
        rows.pop()
            .ok_or_else(|| Error::internal("a lock says nothing"))
    }

    async fn answer(&self, kept: &Kept) -> Result<Answer, Error> {
        let inside = match (self.names.tenant, kept.id) {
            (Some(tenant), Some(_)) => {
                let tx = self.service.tenant(tenant).await?;
                let vault = self.service.vault();
                vault.open(&tx, self.names.place(), &kept.answer).await?
            }
            _ => kept::open(&self.names.sealing_key(&self.service), &kept.answer)?,
        };
        Answer::of(kept.status, &inside)
    }

    async fn seal(&self, answer: &Answer) -> Result<(Option<Uuid>, Vec<u8>), Error> {
        let inside = answer.inside()?;
        let Some(tenant) = self.names.tenant else {
            let key = self.names.sealing_key(&self.service);
            return Ok((None, kept::seal(&key, &inside)?));
        };
        let place = self.names.place();
        let tx = self.service.tenant(tenant).await?;
        // The whole may hold the head of the audit log by now, and whoever changes keys wants that after the key.
        let sealed = self.service.vault().seal_last(&tx, place, &inside).await?;
        tx.commit().await?;
        Ok((Some(place.row), sealed))
    }

    async fn kept(&self) -> Result<Option<Kept>, Error> {
        let rows = self
            .query(
                "SELECT fingerprint, status, id, answer FROM idempotency_key
                  WHERE {mine} AND operation = $2 AND key_hash = $3 AND expires_at > tillpost_now()",
                self.names.row(),
            )
            .await?;
        Ok(rows.into_iter().next())
    }

    // Through whichever door; `$1` is the tenant.
    async fn query<T: FromQueryResult>(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<T>, Error> {
        let store = self.service.store();
        let rows = match self.names.tenant {
            Some(tenant) => {
                let tx = store.tenant(tenant).await?;
                let rows = tx
                    .query_as(sql, values.into_iter().skip(1).collect())
                    .await?;
                tx.commit().await?;
                rows
            }
            None => {
                let tx = store.platform().await?;
                tenant::give_platform_its_place(&tx).await?;
                let rows = tx
                    .query_as(&sql.replace("{mine}", "tenant_id = $1"), values)
                    .await?;
                tx.commit().await?;
                rows
            }
        };
        Ok(rows)
    }

    /// Keeps the answer and makes everything lasting, in one commit; then whoever is to be woken is woken, and keys that changed
    /// are looked up again.
    ///
    /// # Errors
    /// The database's; then nothing was done, or it is not known, and asking again under the same key tells.
    pub async fn conclude(self, answer: &Answer) -> Result<(), Error> {
        reach(FailPoint::AnswerBegun);
        let (id, sealed) = self.seal(answer).await?;
        let mut values = self.names.row();
        values.extend([
            self.names.fingerprint.to_vec().into(),
            i16::try_from(answer.status)
                .map_err(Error::internal)?
                .into(),
            id.into(),
            sealed.into(),
            DAYS.into(),
        ]);
        // One that is kept no longer, and was not removed yet, gives way.
        self.query::<Nothing>(
            "INSERT INTO idempotency_key (tenant_id, operation, key_hash, fingerprint, status, id, answer, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, tillpost_now() + make_interval(days => $8))
             ON CONFLICT (tenant_id, operation, key_hash) DO UPDATE SET fingerprint = excluded.fingerprint,
               status = excluded.status, id = excluded.id, answer = excluded.answer, created_at = excluded.created_at, expires_at = excluded.expires_at",
            values,
        )
        .await?;
        reach(FailPoint::AnswerBeforeCommit);
        self.whole.commit().await?;
        reach(FailPoint::AnswerCommitted);
        self.service.committed().await;
        Ok(())
    }

    /// Undoes what was done: the request was not met with success.
    ///
    /// # Errors
    /// The database's.
    pub async fn undo(self) -> Result<(), Error> {
        Ok(self.whole.undo().await?)
    }
}

/// Forgets answers that are kept no longer, of every tenant; tells how many.
///
/// # Errors
/// The database does not answer.
pub async fn forget(service: &Service) -> Result<u64, Error> {
    let mut forgotten = 0;
    loop {
        let tx = service.store().platform().await?;
        let done = tx
            .execute(
                "DELETE FROM idempotency_key k USING (
                   SELECT tenant_id, operation, key_hash FROM idempotency_key WHERE expires_at <= tillpost_now()
                    ORDER BY expires_at LIMIT $1) AS old
                  WHERE k.tenant_id = old.tenant_id AND k.operation = old.operation AND k.key_hash = old.key_hash
                    AND k.expires_at <= tillpost_now()",
                vec![FORGOTTEN_MOST.into()],
            )
            .await?
            .rows_affected();
        tx.commit().await?;
        forgotten += done;
        if done < FORGOTTEN_MOST.unsigned_abs() {
            return Ok(forgotten);
        }
    }
}
