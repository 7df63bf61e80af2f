//! One user's consent for one company, and the life of its refresh token.

use chrono::{DateTime, TimeDelta, Utc};

use crate::quickbooks::switches::Switches;

use super::error::OAuthError;

/// Access tokens live an hour.
pub(crate) const ACCESS_SECONDS: i64 = 3600;
/// A refresh token that is not used for a hundred days dies.
pub(crate) const IDLE_SECONDS: i64 = 100 * 86_400;
/// A grant dies five years after its authorization, refreshed or not.
pub(crate) const HARD_SECONDS: i64 = 5 * 365 * 86_400;
/// The first refresh after so long gets a new value.
const VALUE_SECONDS: i64 = 86_400;

/// A grant with the tokens issued for it.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) realm_id: String,
    pub(crate) authorized_at: DateTime<Utc>,
    pub(crate) refresh_token: String,
    pub(crate) value_since: DateTime<Utc>,
    pub(crate) used_at: DateTime<Utc>,
    /// Earlier values and when each was superseded.
    pub(crate) superseded: Vec<(String, DateTime<Utc>)>,
    pub(crate) ended: bool,
    pub(crate) user_removed: bool,
}

/// What a presented refresh token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresh {
    /// New access token, same refresh token.
    Keep,
    /// New access token, new refresh token; the old one is superseded.
    Rotate,
    /// Nothing. The presented value had been superseded.
    Superseded { ends_grant: bool },
    /// Nothing.
    Refused(OAuthError),
}

impl Grant {
    /// When the hard cap ends it.
    pub(crate) fn hard_expires_at(&self) -> DateTime<Utc> {
        self.authorized_at + TimeDelta::seconds(HARD_SECONDS)
    }

    /// Decides what refreshing with `presented` gives `client_id`.
    pub(crate) fn refresh(
        &self,
        presented: &str,
        client_id: &str,
        now: DateTime<Utc>,
        switches: &Switches,
    ) -> Refresh {
        if self.client_id != client_id {
            return Refresh::Refused(OAuthError::WrongClient);
        }
        let idle_ends = self.used_at + TimeDelta::seconds(IDLE_SECONDS);
        if self.ended || now >= idle_ends || now >= self.hard_expires_at() {
            return Refresh::Refused(OAuthError::TokenInvalid);
        }
        if self.user_removed {
            return Refresh::Refused(OAuthError::UserNotInRealm);
        }
        if presented != self.refresh_token {
            let grace = TimeDelta::hours(switches.refresh_grace_hours.into());
            let in_grace = self
                .superseded
                .iter()
                .any(|(value, at)| value == presented && now < *at + grace);
            if !in_grace {
                return Refresh::Superseded {
                    ends_grant: switches.second_use_revokes_family,
                };
            }
            // Inside the grace an old value gets the current one (assumed).
            return Refresh::Keep;
        }
        if now - self.value_since >= TimeDelta::seconds(VALUE_SECONDS) {
            Refresh::Rotate
        } else {
            Refresh::Keep
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            client_id: "app".to_owned(),
            realm_id: "1".to_owned(),
            authorized_at: at(0),
            refresh_token: "B".to_owned(),
            value_since: at(0),
            used_at: at(0),
            superseded: vec![("A".to_owned(), at(0))],
            ended: false,
            user_removed: false,
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn refresh(presented: &str, seconds: i64, switches: &Switches) -> Refresh {
        grant().refresh(presented, "app", at(seconds), switches)
    }

    #[test]
    fn the_value_changes_at_the_first_refresh_after_a_day() {
        let switches = Switches::default();
        assert_eq!(refresh("B", 86_399, &switches), Refresh::Keep);
        assert_eq!(refresh("B", 86_400, &switches), Refresh::Rotate);
    }

    #[test]
    fn a_superseded_value_is_dead_at_once_or_after_the_grace() {
        let mut switches = Switches::default();
        assert_eq!(
            refresh("A", 1, &switches),
            Refresh::Superseded { ends_grant: false }
        );
        switches.second_use_revokes_family = true;
        assert_eq!(
            refresh("A", 1, &switches),
            Refresh::Superseded { ends_grant: true }
        );
        switches.refresh_grace_hours = 24;
        assert_eq!(refresh("A", 86_399, &switches), Refresh::Keep);
        assert_eq!(
            refresh("A", 86_400, &switches),
            Refresh::Superseded { ends_grant: true }
        );
    }

    #[test]
    fn a_grant_dies_unused_after_a_hundred_days_and_in_any_case_after_five_years() {
        let switches = Switches::default();
        assert_eq!(refresh("B", IDLE_SECONDS - 1, &switches), Refresh::Rotate);
        assert_eq!(
            refresh("B", IDLE_SECONDS, &switches),
            Refresh::Refused(OAuthError::TokenInvalid)
        );
        let used = Grant {
            used_at: at(HARD_SECONDS - 1),
            ..grant()
        };
        assert_eq!(
            used.refresh("B", "app", at(HARD_SECONDS - 1), &switches),
            Refresh::Rotate
        );
        assert_eq!(
            used.refresh("B", "app", at(HARD_SECONDS), &switches),
            Refresh::Refused(OAuthError::TokenInvalid)
        );
    }

    #[test]
    fn another_apps_token_is_refused_and_lives_on() {
        let refused = grant().refresh("B", "other", at(1), &Switches::default());
        assert_eq!(refused, Refresh::Refused(OAuthError::WrongClient));
    }
}
