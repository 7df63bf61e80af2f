//! The one door to the rows: a tenant's transaction, and the platform's narrow one.
//!
//! Two walls stand between tenants. The first is here: every read begins at [`TenantTx::find`] and every statement written
//! by hand must say `{mine}`, which becomes a condition on the tenant. The second is the database's: the transaction sets
//! `app.tenant_id`, which row-level security reads. Each holds alone.

#![allow(clippy::disallowed_methods)] // This is the door that the lint sends everybody to.

use crate::audit_record;
use crate::home::Home;
use crate::id::TenantId;
use crate::order::Taken;
use crate::whole::{Door, Whole};
use chrono::{DateTime, Utc};
use futures::Stream;
use sea_orm::{
    AccessMode, ActiveModelTrait, ColumnTrait, ConnectOptions, ConnectionTrait, Database,
    DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait, ExecResult,
    FromQueryResult, IntoActiveModel, IsolationLevel, QueryFilter, QueryResult, Select, Statement,
    StreamTrait, TransactionTrait, Value,
};
use std::mem;
use std::sync::{Mutex, PoisonError};

/// An entity whose rows belong to a tenant.
pub trait TenantOwned: EntityTrait {
    /// Its `tenant_id` column.
    const TENANT: Self::Column;
}

/// The database, as the product reaches it.
#[derive(Clone, Debug)]
pub struct Store {
    application: DatabaseConnection,
    platform: DatabaseConnection,
    home: Home,
    typed_filter: bool,
    whole: Option<Whole>,
}

// Whether the database looks at a statement's values when it plans it.
enum Plans {
    ByValues,
    Once,
}

impl Store {
    /// Opens both logins. `connections_max` is the size of each pool's larger half, the application's. The connections live
    /// in the runtime of the caller, whichever threads use them.
    ///
    /// # Errors
    /// The database cannot be reached or refuses a login.
    pub async fn connect(
        application_url: &str,
        platform_url: &str,
        connections_max: u32,
    ) -> Result<Self, DbErr> {
        Ok(Self {
            application: Database::connect(options(application_url, connections_max)).await?,
            // One more than its share: a worker shows with a connection of its own that it is there.
            platform: Database::connect(options(platform_url, (connections_max / 2).max(2) + 1))
                .await?,
            home: Home::here(),
            typed_filter: true,
            whole: None,
        })
    }

    /// The same store within one transaction: what is begun there through this door, one after another, is a part of it, and
    /// lasts when [`Whole::commit`] does. Reads of a snapshot, and the other door, stay apart.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn whole(&self, door: Door) -> Result<(Self, Whole), DbErr> {
        let connection = match door {
            Door::Application => &self.application,
            Door::Platform => &self.platform,
        };
        let whole = Whole::new(door, self.home.open(connection.begin()).await?);
        let mut store = self.clone();
        store.whole = Some(whole.clone());
        Ok((store, whole))
    }

    /// Test-only: the same store without its first wall, to show that the second holds alone.
    #[cfg(feature = "walls")]
    #[must_use]
    pub fn without_typed_filter(mut self) -> Self {
        self.typed_filter = false;
        self
    }

    /// Begins a transaction that sees one tenant's rows and no others.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn tenant(&self, tenant: TenantId) -> Result<TenantTx, DbErr> {
        let tx = self.begin(Door::Application, &self.application).await?;
        self.of(tenant, tx, Plans::ByValues).await
    }

    /// As [`Store::tenant`], for statements that are run time and again and find rows by their keys, whatever the values:
    /// each is planned once on a connection. Planning them anew costs more than running them.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn tenant_planned_once(&self, tenant: TenantId) -> Result<TenantTx, DbErr> {
        let tx = self.begin(Door::Application, &self.application).await?;
        self.of(tenant, tx, Plans::Once).await
    }

    // A part of the whole that this store is within, where it is within one that has not ended.
    async fn begin(
        &self,
        door: Door,
        connection: &DatabaseConnection,
    ) -> Result<DatabaseTransaction, DbErr> {
        if let Some(whole) = &self.whole
            && let Some(part) = whole.part(door).await?
        {
            return Ok(part);
        }
        self.home.open(connection.begin()).await
    }

    /// Begins a transaction that only reads, and whose every statement sees one tenant's rows as they were at its first.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn snapshot(&self, tenant: TenantId) -> Result<TenantTx, DbErr> {
        let begin = self.application.begin_with_config(
            Some(IsolationLevel::RepeatableRead),
            Some(AccessMode::ReadOnly),
        );
        let tx = self.home.open(begin).await?;
        self.of(tenant, tx, Plans::ByValues).await
    }

    async fn of(
        &self,
        tenant: TenantId,
        tx: DatabaseTransaction,
        plans: Plans,
    ) -> Result<TenantTx, DbErr> {
        let set = match plans {
            Plans::ByValues => "SELECT set_config('app.tenant_id', $1, true)",
            Plans::Once => {
                "SELECT set_config('app.tenant_id', $1, true), set_config('plan_cache_mode', 'force_generic_plan', true)"
            }
        };
        tx.execute_raw(Statement::from_sql_and_values(
            DbBackend::Postgres,
            set,
            [tenant.0.to_string().into()],
        ))
        .await?;
        Ok(TenantTx {
            tx,
            tenant,
            typed_filter: self.typed_filter,
            records: Mutex::default(),
            taken: Taken::default(),
        })
    }

    /// Begins a transaction of the platform: it sees which tenants there are and when they are due, and no tenant's books.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn platform(&self) -> Result<PlatformTx, DbErr> {
        Ok(PlatformTx {
            tx: self.begin(Door::Platform, &self.platform).await?,
        })
    }

    /// Whether both logins answer.
    ///
    /// # Errors
    /// One of them does not.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.home.open(self.application.ping()).await?;
        self.home.open(self.platform.ping()).await
    }

    /// Closes the pools, waiting for what they still do.
    ///
    /// # Errors
    /// A connection could not be closed.
    pub async fn close(self) -> Result<(), DbErr> {
        self.application.close().await?;
        self.platform.close().await
    }
}

fn options(url: &str, connections_max: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections_max)
        .acquire_timeout(std::time::Duration::from_secs(5))
        .sqlx_logging(false)
        // A connection is checked by its use: a ping before each would double the round trips.
        .test_before_acquire(false);
    options
}

/// Records of the audit log written with one statement.
const RECORDS_AT_ONCE: usize = 1000;

/// One transaction in one tenant's rows. Dropped without [`TenantTx::commit`], it changes nothing.
#[derive(Debug)]
pub struct TenantTx {
    tx: DatabaseTransaction,
    tenant: TenantId,
    typed_filter: bool,
    records: Mutex<Vec<audit_record::ActiveModel>>,
    taken: Taken,
}

impl TenantTx {
    /// Whose rows these are.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// A read of the tenant's rows of one table; narrow it further, then give it to [`TenantTx::all`] or [`TenantTx::one`].
    #[must_use]
    pub fn find<E: TenantOwned>(&self) -> Select<E> {
        if self.typed_filter {
            E::find().filter(E::TENANT.eq(self.tenant))
        } else {
            E::find()
        }
    }

    /// The rows of a read.
    ///
    /// # Errors
    /// The database's.
    pub async fn all<E: TenantOwned>(&self, read: Select<E>) -> Result<Vec<E::Model>, DbErr> {
        read.all(&self.tx).await
    }

    /// The rows of a read whose column has one of these values: none, where there are no values. Asked for rows in an empty list,
    /// PostgreSQL would read every row that the tenant has.
    ///
    /// # Errors
    /// The database's.
    pub async fn among<E: TenantOwned>(
        &self,
        read: Select<E>,
        column: E::Column,
        values: impl IntoIterator<Item = impl Into<Value>>,
    ) -> Result<Vec<E::Model>, DbErr> {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        if values.is_empty() {
            return Ok(Vec::new());
        }
        self.all(read.filter(column.is_in(values))).await
    }

    /// The first row of a read.
    ///
    /// # Errors
    /// The database's.
    pub async fn one<E: TenantOwned>(&self, read: Select<E>) -> Result<Option<E::Model>, DbErr> {
        read.one(&self.tx).await
    }

    /// Adds a row as it is given.
    ///
    /// # Errors
    /// The database's; a row of another tenant is refused by its policy.
    pub async fn insert<M>(&self, row: M) -> Result<(), DbErr>
    where
        M: ActiveModelTrait,
        M::Entity: TenantOwned,
        <M::Entity as EntityTrait>::Model: IntoActiveModel<M>,
    {
        <M::Entity as EntityTrait>::insert(row)
            .exec_without_returning(&self.tx)
            .await
            .map(drop)
    }

    /// Runs a statement; `$1` is the tenant, and `{mine}` (or `{mine:alias}`) the condition on it, which must stand in it.
    ///
    /// # Errors
    /// The database's.
    pub async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<ExecResult, DbErr> {
        self.tx.execute_raw(self.statement(sql, values)).await
    }

    /// The rows of a statement, as [`TenantTx::execute`] reads it.
    ///
    /// # Errors
    /// The database's.
    pub async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        self.tx.query_all_raw(self.statement(sql, values)).await
    }

    /// The rows of a statement as `T`, as [`TenantTx::execute`] reads it.
    ///
    /// # Errors
    /// The database's; or a row does not fit `T`.
    pub async fn query_as<T: FromQueryResult>(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<T>, DbErr> {
        T::find_by_statement(self.statement(sql, values))
            .all(&self.tx)
            .await
    }

    /// The rows of a statement as `T`, one after another, however many they are; as [`TenantTx::execute`] reads it. Until the
    /// last was taken, the transaction does nothing else.
    ///
    /// # Errors
    /// The database's; or, in the stream, a row does not fit `T`.
    pub async fn stream_as<T: FromQueryResult + Send + Unpin + 'static>(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<impl Stream<Item = Result<T, DbErr>> + Send + Unpin, DbErr> {
        T::find_by_statement(self.statement(sql, values))
            .stream(&self.tx)
            .await
    }

    /// The product's time: the database's clock.
    ///
    /// # Errors
    /// The database's.
    pub async fn now(&self) -> Result<DateTime<Utc>, DbErr> {
        now(&self.tx).await
    }

    /// Adds a record to the audit log. It is written right before the commit, since from then on the tenant's others who
    /// change something wait, and whoever waits for them may wait for nothing of ours.
    pub fn record(&self, record: audit_record::ActiveModel) {
        self.records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(record);
    }

    /// Makes what was done lasting.
    ///
    /// # Errors
    /// The database's; then nothing was done, or it is not known.
    pub async fn commit(self) -> Result<(), DbErr> {
        let records = mem::take(&mut *self.records.lock().unwrap_or_else(PoisonError::into_inner));
        // A statement has room for 65,535 values.
        for some in records.chunks(RECORDS_AT_ONCE) {
            audit_record::Entity::insert_many(some.to_vec())
                .exec_without_returning(&self.tx)
                .await?;
        }
        self.tx.commit().await
    }

    fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        if cfg!(debug_assertions) {
            self.taken.note(sql);
        }
        let mut all = vec![Value::from(self.tenant)];
        all.extend(values);
        Statement::from_sql_and_values(
            DbBackend::Postgres,
            with_condition(sql, self.typed_filter),
            all,
        )
    }
}

// `{mine}` becomes `tenant_id = $1`; without the wall, a condition that is always true and still uses `$1`.
fn with_condition(sql: &str, typed_filter: bool) -> String {
    let mut parts = sql.split("{mine");
    let mut out = String::with_capacity(sql.len() + 32);
    out.push_str(parts.next().unwrap_or_default());
    let mut conditions = 0;
    for part in parts {
        let (alias, rest) = part.split_once('}').unwrap_or(("", part));
        conditions += 1;
        if typed_filter {
            if let Some(alias) = alias.strip_prefix(':') {
                out.push_str(alias);
                out.push('.');
            }
            out.push_str("tenant_id = $1");
        } else {
            out.push_str("$1::uuid IS NOT NULL");
        }
        out.push_str(rest);
    }
    assert!(
        conditions > 0 || sql.trim_start().starts_with("INSERT"),
        "a statement in a tenant's transaction says {{mine}}, or inserts: {sql}"
    );
    out
}

/// One transaction of the platform: its role sees tenants, key hashes, flows, turns and when grants are due, and no books.
#[derive(Debug)]
pub struct PlatformTx {
    tx: DatabaseTransaction,
}

impl PlatformTx {
    /// Runs a statement.
    ///
    /// # Errors
    /// The database's.
    pub async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<ExecResult, DbErr> {
        self.tx
            .execute_raw(Statement::from_sql_and_values(
                DbBackend::Postgres,
                sql,
                values,
            ))
            .await
    }

    /// The rows of a statement as `T`.
    ///
    /// # Errors
    /// The database's; or a row does not fit `T`.
    pub async fn query_as<T: FromQueryResult>(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<T>, DbErr> {
        T::find_by_statement(Statement::from_sql_and_values(
            DbBackend::Postgres,
            sql,
            values,
        ))
        .all(&self.tx)
        .await
    }

    /// The product's time: the database's clock.
    ///
    /// # Errors
    /// The database's.
    pub async fn now(&self) -> Result<DateTime<Utc>, DbErr> {
        now(&self.tx).await
    }

    /// Makes what was done lasting.
    ///
    /// # Errors
    /// As [`TenantTx::commit`].
    pub async fn commit(self) -> Result<(), DbErr> {
        self.tx.commit().await
    }
}

async fn now(tx: &(impl ConnectionTrait + StreamTrait)) -> Result<DateTime<Utc>, DbErr> {
    tx.query_one_raw(Statement::from_string(
        DbBackend::Postgres,
        "SELECT tillpost_now() AS now",
    ))
    .await?
    .ok_or_else(|| DbErr::RecordNotFound("the database's clock".into()))?
    .try_get("", "now")
}

#[cfg(test)]
mod tests {
    use super::with_condition;

    #[test]
    fn a_statement_is_narrowed_to_the_tenant() {
        assert_eq!(
            with_condition("UPDATE event e SET x = 1 WHERE {mine:e} AND id = $2", true),
            "UPDATE event e SET x = 1 WHERE e.tenant_id = $1 AND id = $2"
        );
        assert_eq!(
            with_condition("SELECT 1 FROM event WHERE {mine}", false),
            "SELECT 1 FROM event WHERE $1::uuid IS NOT NULL"
        );
    }

    #[test]
    #[should_panic(expected = "says {mine}")]
    fn a_statement_that_forgets_the_tenant_does_not_run() {
        with_condition("SELECT 1 FROM event", true);
    }
}
