//! A creation in the tenant's turn: one POST, its outcome settled, and what stands in the way told.

use crate::audit;
use crate::error::Error;
use crate::mapping::{Expected, Pen, SetMapping, Way};
use crate::posting::{Round, Turn, derived_id, outcome};
use accounting::posting::Outcome;
use entity::account_creation::Model;
use entity::id::{AccountId, TenantId};
use entity::store::TenantTx;
use quickbooks::{Account, Cause, Failure, NewAccount, PAGE_ROWS_MAX};
use sea_orm::FromQueryResult;

/// What became of the creations that waited.
pub(crate) enum Created {
    /// None was due.
    Nothing,
    /// One was settled, or put off; the turn goes on as told.
    Then(Round),
    /// The call failed for a reason that is not the account's: the failure decides how the turn goes on.
    Trouble(Failure),
}

/// How long a creation waits after trouble, in seconds.
const WAIT_SECONDS: f64 = 30.0;

/// Takes up the creation that has waited longest.
pub(crate) async fn run(turn: &Turn<'_>) -> Result<Created, Error> {
    let company_id = &turn.lease.company_id;
    let tx = turn.tx().await?;
    let waiting = tx
        .query_as::<Model>(
            "SELECT * FROM account_creation WHERE {mine} AND company_id = $2 AND state = 'queued' AND due_at <= tillpost_now()
              ORDER BY due_at, id LIMIT 1",
            vec![company_id.clone().into()],
        )
        .await?
        .pop();
    drop(tx);
    let Some(creation) = waiting else {
        return Ok(Created::Nothing);
    };
    if !turn.may_ask().await {
        return Ok(Created::Then(Round::Done));
    }
    let wanted = NewAccount {
        name: creation.name.clone(),
        number: creation.number.clone(),
        account_type: creation.account_type.clone(),
        account_sub_type: creation.account_sub_type.clone(),
        parent_id: None,
    };
    let request_id = request_id(turn, &creation);
    let failure = match turn.company().create_account(&request_id, &wanted).await {
        Ok(answer) => return settle(turn, &creation, &answer.value).await,
        Err(failure) => failure,
    };
    if failure.cause == Cause::NameTaken {
        return adopt(turn, &creation).await;
    }
    match outcome(&failure) {
        // Definite: the same request would be refused again.
        Outcome::Posted | Outcome::Rejected | Outcome::NumberTaken => {
            fail(turn, &creation, "rejected", &said(&failure)).await
        }
        // It may be there, or not: asked again later under the same request id.
        Outcome::NotSent
        | Outcome::Throttled { .. }
        | Outcome::Unauthorised
        | Outcome::Halted
        | Outcome::Unknown => {
            let wait = match outcome(&failure) {
                Outcome::Unauthorised | Outcome::Halted => 0.0,
                _ => WAIT_SECONDS,
            };
            let tx = turn.tx().await?;
            tx.execute(
                "UPDATE account_creation SET due_at = tillpost_now() + make_interval(secs => $3), problem_detail = $4
                  WHERE {mine} AND id = $2 AND state = 'queued'",
                vec![
                    creation.id.into(),
                    wait.into(),
                    failure.to_string().into(),
                ],
            )
            .await?;
            tx.commit().await?;
            Ok(Created::Trouble(failure))
        }
    }
}

// Derived, so that a process that forgot the attempt asks the same.
fn request_id(turn: &Turn<'_>, creation: &Model) -> String {
    derived_id(&[
        "account/1",
        turn.service.settings().environment.as_str(),
        &turn.tenant.to_string(),
        &creation.company_id,
        &creation.id.to_string(),
    ])
}

fn said(failure: &Failure) -> String {
    let said = failure.faults.first().map(|fault| {
        fault
            .detail
            .clone()
            .unwrap_or_else(|| fault.message.clone())
    });
    format!(
        "QuickBooks refused the account: {}",
        said.unwrap_or_else(|| failure.to_string())
    )
}

// The name is there: created by us when an answer was lost, or by somebody else. One of the same type is what was wanted.
async fn adopt(turn: &Turn<'_>, creation: &Model) -> Result<Created, Error> {
    let mut start = 1;
    loop {
        if !turn.may_ask().await {
            return Ok(Created::Then(Round::Done));
        }
        let page = match turn.company().accounts(start).await {
            Ok(page) => page.value,
            Err(failure) => return Ok(Created::Trouble(failure)),
        };
        let found = page.iter().find(|account| {
            account.active && account.name.to_lowercase() == creation.name.to_lowercase()
        });
        if let Some(account) = found {
            if account.account_type.as_deref() == Some(&creation.account_type) {
                return settle(turn, creation, account).await;
            }
            let why = format!(
                "QuickBooks has an account `{}` of type {}, not {}: map that one, or create one with another name",
                account.name,
                account.account_type.as_deref().unwrap_or("unknown"),
                creation.account_type
            );
            return fail(turn, creation, "name_taken", &why).await;
        }
        if page.len() < PAGE_ROWS_MAX {
            let why = format!(
                "QuickBooks says that the name `{}` is taken, and no active account has it; create one with another name",
                creation.name
            );
            return fail(turn, creation, "name_taken", &why).await;
        }
        start += u32::try_from(page.len()).map_err(Error::internal)?;
    }
}

async fn fail(turn: &Turn<'_>, creation: &Model, code: &str, why: &str) -> Result<Created, Error> {
    let tx = turn.tx().await?;
    tx.execute(
        "UPDATE account_creation SET state = 'failed', due_at = NULL, finished_at = tillpost_now(), problem_code = $3,
           problem_detail = $4 WHERE {mine} AND id = $2 AND state = 'queued'",
        vec![creation.id.into(), code.into(), why.into()],
    )
    .await?;
    tx.commit().await?;
    Ok(Created::Then(Round::More))
}

// The account is in QuickBooks: into the chart, mapped where that was asked for, and done, in one transaction.
async fn settle(turn: &Turn<'_>, creation: &Model, account: &Account) -> Result<Created, Error> {
    let tx = turn.tx().await?;
    let account_id = keep(&tx, &creation.company_id, account).await?;
    let problem = map(&tx, turn.tenant, creation, account_id).await?;
    tx.execute(
        "UPDATE account_creation SET state = 'done', account_id = $3, due_at = NULL, finished_at = tillpost_now(),
           problem_code = $4, problem_detail = $5 WHERE {mine} AND id = $2 AND state = 'queued'",
        vec![
            creation.id.into(),
            account_id.into(),
            problem.as_ref().map(|(code, _)| code.clone()).into(),
            problem.map(|(_, detail)| detail).into(),
        ],
    )
    .await?;
    audit::record(
        &tx,
        &creation.requested_by,
        "account.created",
        &account_id.to_string(),
        serde_json::json!({ "qbo_id": account.id, "name": account.name, "number": account.number }),
    )
    .await?;
    tx.commit().await?;
    tracing::info!(tenant.id = %turn.tenant, "created an account in QuickBooks for {}", creation.id);
    Ok(Created::Then(Round::More))
}

async fn keep(tx: &TenantTx, company_id: &str, account: &Account) -> Result<AccountId, Error> {
    #[derive(FromQueryResult)]
    struct Kept {
        id: AccountId,
    }
    tx.query_as::<Kept>(
        "INSERT INTO account (tenant_id, id, company_id, qbo_id, name, fully_qualified_name, number, account_type,
           account_sub_type, classification, currency, active)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (tenant_id, company_id, qbo_id) DO UPDATE SET name = excluded.name,
           fully_qualified_name = excluded.fully_qualified_name, number = excluded.number,
           account_type = excluded.account_type, account_sub_type = excluded.account_sub_type,
           active = excluded.active, deleted_at = NULL, imported_at = tillpost_now()
         RETURNING id",
        vec![
            AccountId::new().into(),
            company_id.into(),
            account.id.clone().into(),
            account.name.clone().into(),
            account.fully_qualified_name.clone().into(),
            account.number.clone().into(),
            account.account_type.clone().unwrap_or_default().into(),
            account.account_sub_type.clone().into(),
            account.classification.clone().into(),
            account.currency.clone().into(),
            account.active.into(),
        ],
    )
    .await?
    .pop()
    .map(|row| row.id)
    .ok_or(Error::NotFound)
}

// Maps what was asked for, unless somebody has mapped it meanwhile. What cannot be mapped says why.
async fn map(
    tx: &TenantTx,
    tenant: TenantId,
    creation: &Model,
    account_id: AccountId,
) -> Result<Option<(String, String)>, Error> {
    let Some(slot) = &creation.slot else {
        return Ok(None);
    };
    let mut pen = Pen::take(tx, &creation.requested_by, &Expected::Any, Way::Creation).await?;
    if pen.desk.company.company_id != creation.company_id {
        return Ok(None);
    }
    let mapped = pen
        .desk
        .rows
        .iter()
        .any(|row| row.slot == *slot && row.key == creation.key && row.location.is_empty());
    if mapped {
        return Ok(Some((
            "mapped_meanwhile".to_owned(),
            "the account is in the chart; what it was to be mapped to was mapped meanwhile, and stays so".to_owned(),
        )));
    }
    let row = SetMapping {
        slot: slot.clone(),
        key: (!creation.key.is_empty()).then(|| creation.key.clone()),
        location: None,
        account_id,
    };
    let problem = pen.set_or_say(0, &row).await?.problem;
    pen.put_down().await?;
    if let Some(problem) = &problem {
        tracing::warn!(tenant.id = %tenant, "a new account was not mapped: {}", problem.detail);
    }
    Ok(problem.map(|problem| (problem.code, problem.detail)))
}
