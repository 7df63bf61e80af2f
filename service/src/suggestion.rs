//! Suggestions for what the mapping lacks: worked out from the chart of accounts when they are asked for, never stored, so
//! that what is applied is what the chart and the mapping say at that moment.

use crate::access::Caller;
use crate::error::Error;
use crate::mapping::{
    self, CompanyMapping, Expected, MappingProblem, MappingResult, Pen, SetMapping, Way,
};
use crate::need;
use crate::readiness::{self, Readiness};
use crate::{Service, connection};
use accounting::suggestion::{ChartAccount, Confidence as Sure, Suggestion};
use entity::id::{AccountId, TenantId};
use entity::store::TenantTx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How sure a suggestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// It may be meant; somebody has to look.
    Low,
    /// A bookkeeper would expect it.
    Medium,
    /// Its name and type say so, and no other account does.
    High,
}

impl From<Sure> for Confidence {
    fn from(sure: Sure) -> Self {
        match sure {
            Sure::Low => Self::Low,
            Sure::Medium => Self::Medium,
            Sure::High => Self::High,
        }
    }
}

/// What to do for something the mapping lacks.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MappingSuggestion {
    /// The slot.
    #[schema(value_type = accounting::Slot, example = "payment")]
    pub slot: String,
    /// The key to map; none: the slot's default, which serves every key.
    #[schema(example = "card")]
    pub key: Option<String>,
    /// What it would serve, as problems name it.
    #[schema(example = json!(["payment[card] at boston", "payment[card] at web"]))]
    pub serves: Vec<String>,
    /// Events that wait for it.
    pub events: u64,
    /// An account of the chart, where one fits.
    pub account: Option<SuggestedAccount>,
    /// An account to create, where none of the chart surely fits.
    pub create: Option<SuggestedNewAccount>,
}

/// An account of the chart that is suggested.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuggestedAccount {
    /// Its id.
    pub id: AccountId,
    /// Its number.
    #[schema(example = "1200")]
    pub number: Option<String>,
    /// Its name.
    #[schema(example = "Credit Card Receivable")]
    pub name: String,
    /// How sure.
    pub confidence: Confidence,
    /// Why, in plain words.
    pub reason: String,
}

/// An account that could be created in QuickBooks.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SuggestedNewAccount {
    /// Its name, which no account has.
    #[schema(example = "Paypal Clearing")]
    pub name: String,
    /// Its type, as QuickBooks spells it.
    #[schema(example = "Other Current Asset")]
    pub account_type: String,
    /// Its type in detail.
    #[schema(example = "OtherCurrentAssets")]
    pub account_sub_type: String,
    /// A number that is free beside its like; none where the company does not number its accounts.
    #[schema(example = "1320")]
    pub number: Option<String>,
    /// How sure that an account of this name and type is what is wanted.
    pub confidence: Confidence,
    /// Why, in plain words.
    pub reason: String,
}

/// Which suggestions are applied: all that are sure enough, or chosen ones.
#[derive(Debug, Clone, Default)]
pub struct ApplySuggestions {
    /// Apply every suggestion of at least `min_confidence`.
    pub all: bool,
    /// The least confidence that is applied with `all`; none: medium.
    pub min_confidence: Option<String>,
    /// The suggestions that were chosen; one that could not be read comes with its problem.
    pub rows: Vec<Result<ChosenSuggestion, MappingProblem>>,
}

/// A suggestion that somebody chose.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChosenSuggestion {
    /// The slot.
    #[schema(value_type = accounting::Slot, example = "payment")]
    pub slot: String,
    /// The key; left out: the slot's default.
    #[schema(example = "card")]
    pub key: Option<String>,
    /// The account that was suggested.
    pub account_id: AccountId,
}

/// What came of applying suggestions.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AppliedSuggestions {
    /// What became of each row.
    pub results: Vec<MappingResult>,
    /// Failed events that lacked an account and now find every one: retry them.
    pub cures: u64,
    /// What remains.
    pub readiness: Readiness,
}

/// A suggestion for everything the mapping lacks, and the mapping's version.
///
/// # Errors
/// `not_connected`.
pub async fn list(
    service: &Service,
    tenant: TenantId,
) -> Result<(Vec<MappingSuggestion>, String), Error> {
    let tx = service.tenant(tenant).await?;
    let company = connection::company(&tx).await?;
    let version = mapping::tag(&company);
    let desk = CompanyMapping::read(&tx, company).await?;
    let suggestions = work_out(&tx, &desk).await?;
    let groups: Vec<Vec<_>> = suggestions
        .iter()
        .map(|suggestion| suggestion.serves.iter().collect())
        .collect();
    let waiting = readiness::waiting(&tx, &groups).await?;
    let views = suggestions
        .iter()
        .enumerate()
        .map(|(place, suggestion)| {
            let events = waiting.get(&place).map_or(0, |waiting| waiting.events);
            view(suggestion, &desk, events)
        })
        .collect();
    Ok((views, version))
}

/// Applies suggestions as they are now. A chosen one that is no longer suggested, since the chart or the mapping changed,
/// is not set and says so.
///
/// # Errors
/// `not_connected`, `mapping_changed`, `nothing_chosen`, `unknown_confidence`, `too_many_mappings`.
pub async fn apply(
    service: &Service,
    caller: &Caller,
    tenant: TenantId,
    expected: &Expected,
    request: &ApplySuggestions,
) -> Result<(AppliedSuggestions, String), Error> {
    let least = read(request)?;
    let tx = service.tenant(tenant).await?;
    let mut pen = Pen::take(&tx, caller.actor(), expected, Way::Suggestion).await?;
    let suggestions = work_out(&tx, &pen.desk).await?;
    let mut results = Vec::new();
    if request.all {
        for suggestion in &suggestions {
            let Some(choice) = &suggestion.choice else {
                continue;
            };
            if Confidence::from(choice.confidence) < least {
                continue;
            }
            let row = SetMapping {
                slot: suggestion.slot.as_str().to_owned(),
                key: suggestion.key.clone(),
                location: None,
                account_id: choice.account.as_str().parse().map_err(Error::internal)?,
            };
            let result = pen.set_or_say(results.len(), &row).await?;
            results.push(result);
        }
    }
    for chosen in &request.rows {
        let index = results.len();
        let result = match chosen {
            Ok(chosen) if is_suggested(&suggestions, chosen) => {
                let row = SetMapping {
                    slot: chosen.slot.clone(),
                    key: chosen.key.clone(),
                    location: None,
                    account_id: chosen.account_id,
                };
                pen.set_or_say(index, &row).await?
            }
            Ok(chosen) => refused(index, no_longer(chosen)),
            Err(problem) => refused(index, problem.clone()),
        };
        results.push(result);
    }
    let (version, cures) = pen.put_down().await?;
    let readiness = readiness::of(&tx, &pen.desk).await?;
    tx.commit().await?;
    Ok((
        AppliedSuggestions {
            results,
            cures,
            readiness,
        },
        version,
    ))
}

fn read(request: &ApplySuggestions) -> Result<Confidence, Error> {
    if request.all != request.rows.is_empty() {
        return Err(Error::invalid(
            "nothing_chosen",
            "rows",
            "say which suggestions: either `\"all\": true`, or the chosen `rows`",
        ));
    }
    if !request.rows.is_empty() {
        mapping::check_count(request.rows.len())?;
    }
    match request.min_confidence.as_deref() {
        None | Some("medium") => Ok(Confidence::Medium),
        Some("low") => Ok(Confidence::Low),
        Some("high") => Ok(Confidence::High),
        Some(other) => Err(Error::invalid(
            "unknown_confidence",
            "min_confidence",
            format!(
                "`{}` is no confidence; use low, medium or high",
                mapping::input::clip(other)
            ),
        )),
    }
}

async fn work_out(tx: &TenantTx, desk: &CompanyMapping) -> Result<Vec<Suggestion>, Error> {
    let missing: Vec<_> = readiness::missing_of(tx, desk, need::all(tx).await?)
        .await?
        .into_iter()
        .map(|missing| missing.need)
        .collect();
    let mut chart: Vec<_> = desk
        .accounts
        .values()
        .map(|account| ChartAccount {
            id: account.id.to_string().into(),
            number: account.number.clone(),
            name: account.name.clone(),
            account_type: account.account_type.clone(),
            sub_type: account.account_sub_type.clone(),
            active: account.active && account.deleted_at.is_none(),
        })
        .collect();
    chart.sort_by(|a, b| (&a.number, &a.name).cmp(&(&b.number, &b.name)));
    Ok(accounting::suggestion::suggest(
        &chart,
        &missing,
        &desk.by_account(),
    ))
}

fn is_suggested(suggestions: &[Suggestion], chosen: &ChosenSuggestion) -> bool {
    suggestions.iter().any(|suggestion| {
        suggestion.slot.as_str() == chosen.slot
            && suggestion.key == chosen.key
            && suggestion
                .choice
                .as_ref()
                .is_some_and(|choice| choice.account.as_str() == chosen.account_id.to_string())
    })
}

fn refused(index: usize, problem: MappingProblem) -> MappingResult {
    MappingResult {
        index,
        mapping: None,
        problem: Some(problem),
    }
}

fn no_longer(chosen: &ChosenSuggestion) -> MappingProblem {
    MappingProblem {
        code: "suggestion_changed".to_owned(),
        detail: format!(
            "account {} is not suggested for this slot and key: the chart or the mapping is not what you saw; look at the suggestions again, or set the mapping by hand",
            chosen.account_id
        ),
        field: Some("account_id".to_owned()),
    }
}

fn view(suggestion: &Suggestion, desk: &CompanyMapping, events: u64) -> MappingSuggestion {
    let account = suggestion.choice.as_ref().and_then(|choice| {
        let account = desk.accounts.get(&choice.account.as_str().parse().ok()?)?;
        Some(SuggestedAccount {
            id: account.id,
            number: account.number.clone(),
            name: account.name.clone(),
            confidence: choice.confidence.into(),
            reason: choice.reason.clone(),
        })
    });
    MappingSuggestion {
        slot: suggestion.slot.as_str().to_owned(),
        key: suggestion.key.clone(),
        serves: suggestion.serves.iter().map(ToString::to_string).collect(),
        events,
        account,
        create: suggestion
            .create
            .as_ref()
            .map(|create| SuggestedNewAccount {
                name: create.name.clone(),
                account_type: create.account_type.to_owned(),
                account_sub_type: create.sub_type.to_owned(),
                number: create.number.clone(),
                confidence: create.confidence.into(),
                reason: create.reason.clone(),
            }),
    }
}
