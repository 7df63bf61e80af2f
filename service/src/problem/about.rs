//! What a problem is called, and where it is mended, by what it turned out to be about: an account, a location or a class.

use super::Code;
use super::code::{CHART, RETRY};
use super::facts::Facts;
use super::place::Place;
use crate::dimension::Kind;

/// Words of a problem that depend on what it is about.
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) steps: &'static [&'static str],
    pub(super) place: Place,
    pub(super) quickbooks_page: Option<&'static str>,
}

/// Where QuickBooks keeps its locations and classes.
const LISTS: Option<&str> = Some("/app/lists");

/// The words of a code for what its facts name.
pub(super) fn words(code: Code, facts: &Facts) -> Words {
    let row = code.row();
    match (code, About::of(facts)) {
        (Code::AccountInactive, About::Account) => account(
            "An account is inactive",
            &[
                "Make the account active again in QuickBooks and import the chart of accounts; or map another one.",
                RETRY,
            ],
        ),
        (Code::ReferenceMissing, About::Account) => account(
            "An account is gone",
            &[
                "Import the chart of accounts: one that was only deleted here comes back. Map another one for what is gone.",
                RETRY,
            ],
        ),
        (Code::AccountInactive, About::Location) => dimension(
            "A location is inactive",
            &[
                "Make the location active again in QuickBooks, in the list of locations, and import the locations and classes.",
                "Or map another one in its place: see the location mappings.",
                RETRY,
            ],
        ),
        (Code::AccountInactive, About::Class) => dimension(
            "A class is inactive",
            &[
                "Make the class active again in QuickBooks, in the list of classes, and import the locations and classes.",
                "Or map another one in its place: see the location mappings.",
                RETRY,
            ],
        ),
        (Code::AccountInactive, About::Both) => dimension(
            "A location and a class are inactive",
            &[
                "Make them active again in QuickBooks, in their lists, and import the locations and classes.",
                "Or map others in their place: see the location mappings.",
                RETRY,
            ],
        ),
        (Code::ReferenceMissing, About::Location) => dimension(
            "A location is gone",
            &[
                "Import the locations and classes, and map another location in its place: see the location mappings.",
                RETRY,
            ],
        ),
        (Code::ReferenceMissing, About::Class) => dimension(
            "A class is gone",
            &[
                "Import the locations and classes, and map another class in its place: see the location mappings.",
                RETRY,
            ],
        ),
        (Code::ReferenceMissing, About::Both) => dimension(
            "A location or a class is gone",
            &[
                "Import the locations and classes, and map others in the place of what is gone: see the location mappings.",
                RETRY,
            ],
        ),
        _ => Words {
            title: row.title,
            steps: row.steps,
            place: row.place,
            quickbooks_page: row.quickbooks_page,
        },
    }
}

fn account(title: &'static str, steps: &'static [&'static str]) -> Words {
    Words {
        title,
        steps,
        place: Place::Mappings,
        quickbooks_page: CHART,
    }
}

fn dimension(title: &'static str, steps: &'static [&'static str]) -> Words {
    Words {
        title,
        steps,
        place: Place::LocationMappings,
        quickbooks_page: LISTS,
    }
}

/// What facts name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Account,
    Location,
    Class,
    /// Locations and classes.
    Both,
    /// It is not known which.
    Any,
}

impl About {
    fn of(facts: &Facts) -> Self {
        let named = !facts.accounts.is_empty() || !facts.dimensions.is_empty();
        let (accounts, dimensions) = match named {
            true => (&facts.accounts, &facts.dimensions),
            false => (&facts.suspects, &facts.suspect_dimensions),
        };
        if dimensions.is_empty() {
            return match accounts.is_empty() {
                true => Self::Any,
                false => Self::Account,
            };
        }
        let has = |kind: Kind| dimensions.iter().any(|one| one.kind == kind);
        match (accounts.is_empty(), has(Kind::Location), has(Kind::Class)) {
            (false, _, _) => Self::Any,
            (true, true, true) => Self::Both,
            (true, true, false) => Self::Location,
            (true, false, _) => Self::Class,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::{NamedAccount, NamedDimension};
    use super::*;

    fn dimension(kind: Kind) -> NamedDimension {
        NamedDimension {
            kind,
            dimension_id: None,
            qbo_id: "1".to_owned(),
            name: Some("Downtown".to_owned()),
        }
    }

    #[test]
    fn what_is_gone_or_inactive_is_called_what_it_is() {
        let account = NamedAccount::unknown("7");
        let of = |accounts: &[NamedAccount], kinds: &[Kind]| Facts {
            accounts: accounts.to_vec(),
            dimensions: kinds.iter().copied().map(dimension).collect(),
            ..Facts::default()
        };
        for (facts, about, place) in [
            (of(&[account], &[]), About::Account, Place::Mappings),
            (
                of(&[], &[Kind::Location]),
                About::Location,
                Place::LocationMappings,
            ),
            (
                of(&[], &[Kind::Class]),
                About::Class,
                Place::LocationMappings,
            ),
            (
                of(&[], &[Kind::Location, Kind::Class]),
                About::Both,
                Place::LocationMappings,
            ),
            (of(&[], &[]), About::Any, Place::Mappings),
        ] {
            assert_eq!(About::of(&facts), about);
            let mut titles = Vec::new();
            for code in [Code::AccountInactive, Code::ReferenceMissing] {
                let words = words(code, &facts);
                assert_eq!(words.place, place, "{about:?}");
                assert!(words.steps.contains(&RETRY), "{about:?}");
                let says_account = words.title.contains("ccount");
                assert_eq!(
                    says_account,
                    matches!(about, About::Account | About::Any),
                    "{}",
                    words.title
                );
                titles.push(words.title);
            }
            assert_ne!(titles[0], titles[1]);
        }
        // A suspect of either kind leaves it open.
        let either = Facts {
            suspects: vec![NamedAccount::unknown("7")],
            suspect_dimensions: vec![dimension(Kind::Location)],
            ..Facts::default()
        };
        assert_eq!(About::of(&either), About::Any);
    }
}
