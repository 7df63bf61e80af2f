//! One transaction that a whole request shares. What is begun within it is a part of it, a savepoint: committed, its changes
//! wait for the whole; dropped, they are undone and the whole goes on.

use futures::lock::Mutex;
use sea_orm::{DatabaseTransaction, DbErr, TransactionTrait};
use std::sync::Arc;

/// Through which login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The application's, which sees one tenant's rows at a time.
    Application,
    /// The platform's narrow one.
    Platform,
}

/// The transaction. Dropped everywhere without [`Whole::commit`], it changes nothing.
#[derive(Debug, Clone)]
pub struct Whole {
    door: Door,
    tx: Arc<Mutex<Option<DatabaseTransaction>>>,
}

impl Whole {
    pub(crate) fn new(door: Door, tx: DatabaseTransaction) -> Self {
        Self {
            door,
            tx: Arc::new(Mutex::new(Some(tx))),
        }
    }

    // None where the whole has ended, or goes through the other door.
    pub(crate) async fn part(&self, door: Door) -> Result<Option<DatabaseTransaction>, DbErr> {
        match self.tx.lock().await.as_ref() {
            Some(tx) if door == self.door => tx.begin().await.map(Some),
            _ => Ok(None),
        }
    }

    /// Makes lasting what its parts have committed. What is begun afterwards through the same store stands alone.
    ///
    /// # Errors
    /// The database's; then nothing was done, or it is not known.
    pub async fn commit(&self) -> Result<(), DbErr> {
        match self.tx.lock().await.take() {
            Some(tx) => tx.commit().await,
            None => Ok(()),
        }
    }

    /// Undoes everything.
    ///
    /// # Errors
    /// The database's.
    pub async fn undo(&self) -> Result<(), DbErr> {
        match self.tx.lock().await.take() {
            Some(tx) => tx.rollback().await,
            None => Ok(()),
        }
    }
}
