//! A simulated QuickBooks Online: its authorization server, its Accounting API, and a ledger of its own.
//!
//! It answers as the real service was recorded or documented; what is neither is marked "assumed"
//! where it stands, and where Intuit leaves a question open there is a switch with both answers
//! ([`Switches`], all on the page `switches.rs`; suites are told others by `SIMULATOR_SWITCHES`). It knows journal entries, accounts, locations, classes, customers, vendors, company
//! information, preferences, queries, change data capture and batches; it does not know other
//! transactions, several currencies in one company, or webhooks.
//!
//! Start reading at [`Simulator`]; the way of a call is `serve.rs`, the checks of a journal entry are
//! `journal_entry/check.rs`, and what can go wrong on demand is [`FaultPlan`].
//!
//! ```
//! use sandbox::quickbooks::{FaultPlan, NewCompany, Operation, Options, Outcome, Simulator};
//!
//! # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
//! let simulator = Simulator::start(Options::default()).await.expect("a free port");
//! let company = simulator.control().seed_company(NewCompany::named("Corner Store")).expect("no accounts to refuse");
//! simulator.control().plan(FaultPlan::next(Operation::CreateJournalEntry, Outcome::Drop).with_commit());
//! assert_eq!(simulator.control().entry_count(&company.realm_id), Ok(0));
//! simulator.stop().await;
//! # });
//! ```

mod account;
mod account_type;
mod amount;
mod batch;
mod call;
mod carry;
mod changes;
mod clock;
mod company;
mod control;
mod cut;
mod dice;
mod fault;
mod gateway;
mod journal_entry;
mod ledger;
mod name_list;
mod oauth;
mod offering;
mod operation;
mod options;
mod pages;
mod perform;
mod plan;
mod preferences;
mod property;
mod query;
mod record;
mod reply;
mod request_id;
mod serve;
mod server;
mod switches;
mod throttle;
mod world;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use tokio::sync::oneshot;
use url::Url;

pub use amount::{Amount, NotAnAmount};
pub use control::notify::{NotificationForm, Notify, SignedNotification};
pub use control::view::{
    AccountSummary, CompanySummary, NewAccount, NewCompany, NewEntry, NewLine, PostedEntry,
    PostedLine, SeededName,
};
pub use control::{Control, ControlError};
pub use journal_entry::PostingType;
pub use ledger::{TrialBalance, TrialBalanceRow};
pub use name_list::NameKind;
pub use oauth::Consent;
pub use offering::Offering;
pub use operation::Operation;
pub use options::Options;
pub use plan::{FaultPlan, Hold, Outcome, PlannedFault};
pub use preferences::Preferences;
pub use record::{CallRecord, Counters, Violation};
pub use switches::{
    ALTERNATIVES, Alternative, ConcurrentRequestId, DuplicateNumbers, NoSuchAnswer,
    RepeatedRequestId, Switches,
};
pub use throttle::ThrottleLimits;

use world::Shared;

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be bound; another one can be given.
    #[error("the simulated quickbooks cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server's thread ended before it served.
    #[error("the simulated quickbooks ended while it started")]
    Ended,
}

/// A running simulator. It serves on threads of its own, so any runtime may start it and end before
/// it; dropping the handle stops it.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    control: Control,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Binds and serves.
    ///
    /// # Errors
    /// [`StartError::Bind`] when the address is taken, [`StartError::Ended`] when the server fails.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let address = options.bind;
        let bind = |source| StartError::Bind { address, source };
        let listener = TcpListener::bind(address).map_err(bind)?;
        let bound = listener.local_addr().map_err(bind)?;
        let base_url = options.public_url.clone().unwrap_or_else(|| {
            Url::parse(&format!("http://{bound}/")).expect("a socket address is a host and a port")
        });
        let shared = Arc::new(Shared::new(options, base_url));
        let (started, starting) = oneshot::channel();
        let world = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("simulated-quickbooks".to_owned())
            .spawn(move || {
                actix_web::rt::System::new().block_on(async {
                    match server::build(&world, listener) {
                        Ok(server) => {
                            // Nobody waiting any more means that the handle was never made.
                            if started.send(server.handle()).is_ok()
                                && let Err(error) = server.await
                            {
                                tracing::error!(%error, "the simulated quickbooks stopped");
                            }
                        }
                        Err(error) => {
                            tracing::error!(%error, "the simulated quickbooks cannot serve")
                        }
                    }
                });
            })
            .map_err(bind)?;
        let server = starting.await.map_err(|_| StartError::Ended)?;
        let control = Control::new(Arc::clone(&shared));
        Ok(Self {
            shared,
            control,
            server,
            thread: Some(thread),
        })
    }

    /// Where it serves, discovery, API and controls alike.
    pub fn base_url(&self) -> Url {
        self.shared.base_url.clone()
    }

    /// The registered app's client id.
    pub fn client_id(&self) -> &str {
        &self.shared.options.client_id
    }

    /// The registered app's client secret.
    pub fn client_secret(&self) -> &str {
        &self.shared.options.client_secret
    }

    /// The controls, in process.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Stops serving and waits for the threads to end. Held calls are let go.
    pub async fn stop(mut self) {
        self.control.clear_plans();
        self.server.stop(false).await;
        if let Some(thread) = self.thread.take() {
            // A panic of the server's thread has been reported by itself.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // The command is sent at once; nobody has to wait for it.
        drop(self.server.stop(false));
    }
}

/// Serves alone until `shutdown` comes.
///
/// # Errors
/// As [`Simulator::start`].
pub async fn serve(options: Options, shutdown: impl Future<Output = ()>) -> Result<(), StartError> {
    let simulator = Simulator::start(options).await?;
    tracing::info!(url = %simulator.base_url(), "simulated quickbooks serves at {}", simulator.base_url());
    shutdown.await;
    simulator.stop().await;
    Ok(())
}
