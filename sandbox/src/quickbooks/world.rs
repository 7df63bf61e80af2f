//! The whole state of the simulated service, behind one lock.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use url::Url;

use super::clock::Clock;
use super::company::Company;
use super::dice::Dice;
use super::oauth::OAuth;
use super::options::Options;
use super::plan::Plans;
use super::record::Record;
use super::switches::Switches;
use super::throttle::ThrottleLimits;

/// Everything the service knows.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) dice: Dice,
    pub(crate) switches: Switches,
    pub(crate) limits: ThrottleLimits,
    pub(crate) oauth: OAuth,
    pub(crate) companies: BTreeMap<String, Company>,
    pub(crate) plans: Plans,
    /// Calls that stand still, by the plan that holds them.
    pub(crate) held: HashMap<u64, Vec<oneshot::Sender<()>>>,
    pub(crate) record: Record,
}

impl World {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            clock: Clock::default(),
            dice: Dice::new(options.seed),
            switches: options.switches.clone(),
            limits: options.throttle,
            oauth: OAuth::new(
                &options.client_id,
                &options.client_secret,
                &options.redirect_uris,
            ),
            companies: BTreeMap::new(),
            plans: Plans::default(),
            held: HashMap::new(),
            record: Record::default(),
        }
    }
}

/// The world as server threads and controls share it.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    /// Rung when a call begins to stand still.
    pub(crate) held: Notify,
    pub(crate) base_url: Url,
    pub(crate) options: Options,
}

impl Shared {
    pub(crate) fn new(options: Options, base_url: Url) -> Self {
        Self {
            world: Mutex::new(World::new(&options)),
            held: Notify::new(),
            base_url,
            options,
        }
    }

    /// The world, for as long as the guard lives. Never held across an await.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
