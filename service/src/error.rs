//! Why a use-case did not do what was asked, told by what the caller can do about it.

use sea_orm::DbErr;

/// Why a use-case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was named is not there, or not the caller's: the two are the same to the outside.
    #[error("not found")]
    NotFound,
    /// The request cannot be met as it is written; the caller mends it.
    #[error("{detail}")]
    Invalid {
        /// Stable, for programs.
        code: &'static str,
        /// What is wrong and how to mend it.
        detail: String,
        /// Path of the field that is wrong, where one is.
        field: Option<String>,
    },
    /// The request is sound, but not in the state things are in.
    #[error("{detail}")]
    Conflict {
        /// Stable, for programs.
        code: &'static str,
        /// What stands in the way and what to do first.
        detail: String,
    },
    /// What the caller wants to change is no longer what they saw; they look again first.
    #[error("{detail}")]
    Stale {
        /// Stable, for programs.
        code: &'static str,
        /// What changed and what to do first.
        detail: String,
    },
    /// QuickBooks could not be asked, or would not answer; trying again later may help.
    #[error("{detail}")]
    QuickBooks {
        /// Stable, for programs.
        code: &'static str,
        /// What QuickBooks said, in our words.
        detail: String,
    },
    /// Somebody else whom this needs does not answer; trying again may help.
    #[error("{detail}")]
    Elsewhere {
        /// Stable, for programs.
        code: &'static str,
        /// Who does not answer, and what else can be done.
        detail: String,
    },
    /// The database does not answer, or undid what was begun for the sake of others; trying again may help.
    #[error("the database does not answer")]
    Unavailable(#[source] DbErr),
    /// Our fault; an operator must look.
    #[error("internal error: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A request that cannot be met as it is written.
    pub fn invalid(
        code: &'static str,
        field: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self::Invalid {
            code,
            detail: detail.into(),
            field: Some(field.into()),
        }
    }

    /// A request that the present state forbids.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Conflict {
            code,
            detail: detail.into(),
        }
    }

    /// Something that should not have happened.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => Self::Unavailable(error),
            DbErr::Exec(sea_orm::RuntimeErr::SqlxError(source))
            | DbErr::Query(sea_orm::RuntimeErr::SqlxError(source))
                if lost(source) =>
            {
                Self::Unavailable(error)
            }
            _ => Self::Internal(Box::new(error)),
        }
    }
}

// The connection broke or was refused, the transaction was rolled back in favour of another, the server is going down or coming
// up, is full, or our database is not there (classes of SQLSTATE).
fn lost(source: &sea_orm::sqlx::Error) -> bool {
    use sea_orm::sqlx::Error as Sqlx;
    match source {
        Sqlx::Io(_) | Sqlx::PoolTimedOut | Sqlx::PoolClosed | Sqlx::Protocol(_) => true,
        Sqlx::Database(error) => error.code().is_some_and(|code| {
            ["08", "28", "3D", "40", "53", "57P"]
                .iter()
                .any(|class| code.starts_with(class))
        }),
        _ => false,
    }
}
