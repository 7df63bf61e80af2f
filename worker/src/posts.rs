//! Messages to the outside: published as their facts are committed, and delivered in lanes, one for each endpoint. Lanes have
//! a number of their own, apart from turns, and a lane that hangs holds nothing but itself.

use futures::FutureExt;
use service::Service;
use service::error::Error;
use service::webhook::{self, Lane, Presence};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often is looked for what is new or due.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often is said that what is held is held.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// How long nothing is tried after the database did not answer.
const REST: Duration = Duration::from_secs(1);
/// Lanes that begin at one look.
const BEGIN_MOST: usize = 64;

/// Publishes and delivers until `stop`; returns when what is under way has ended.
pub(crate) async fn run(
    service: Service,
    holder: String,
    lanes_max: usize,
    stop: CancellationToken,
) {
    let (free, ended, tasks) = (
        Arc::new(Semaphore::new(lanes_max.max(1))),
        Arc::new(Notify::new()),
        TaskTracker::new(),
    );
    let kept = tokio::spawn(keep(service.clone(), holder.clone()));
    let mut presence = Shown::default();
    let mut failing = false;
    while !stop.is_cancelled() {
        let looked = match presence.now(&service).await {
            Ok(presence) => {
                let posts = Posts {
                    service: &service,
                    holder: &holder,
                    presence,
                };
                look(posts, &free, &ended, &tasks, &stop).await
            }
            Err(error) => Err(error),
        };
        match (&looked, failing) {
            (Err(error), false) => tracing::warn!("messages to the outside wait: {error}"),
            (Ok(_), true) => tracing::info!("messages to the outside go on"),
            _ => {}
        }
        failing = looked.is_err();
        let wait = match looked {
            Ok(true) => Duration::ZERO,
            Ok(false) => LOOK_EVERY,
            Err(_) => REST,
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            // A lane that has ended may be due again, and has made room.
            () = ended.notified(), if !failing => {}
            () = sleep(wait) => {}
        }
    }
    tasks.close();
    tasks.wait().await;
    kept.abort();
}

// Until the last lane is given back: an attempt may take longer than a lease.
async fn keep(service: Service, holder: String) {
    loop {
        sleep(KEEP_EVERY).await;
        if let Err(error) = webhook::keep(&service, &holder).await {
            tracing::debug!("the lanes of {holder} are not kept: {error}");
        }
    }
}

/// Our presence, looked after.
#[derive(Default)]
struct Shown(Option<(Presence, Instant)>);

impl Shown {
    // Shown anew where it does not show any more: what we hold then may be taken from us, and goes out twice under one id.
    async fn now(&mut self, service: &Service) -> Result<&Presence, Error> {
        let shows = match &mut self.0 {
            Some((presence, since)) if since.elapsed() >= KEEP_EVERY => {
                *since = Instant::now();
                presence.shows().await
            }
            Some(_) => true,
            None => false,
        };
        if !shows {
            self.0 = None;
        }
        match &mut self.0 {
            Some((presence, _)) => Ok(presence),
            none => {
                let presence = Presence::show(service).await?;
                Ok(&none.insert((presence, Instant::now())).0)
            }
        }
    }
}

/// Who looks, and where.
#[derive(Clone, Copy)]
struct Posts<'a> {
    service: &'a Service,
    holder: &'a str,
    presence: &'a Presence,
}

// Looks once; tells whether there may be more at once.
async fn look(
    posts: Posts<'_>,
    free: &Arc<Semaphore>,
    ended: &Arc<Notify>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<bool, Error> {
    let Posts {
        service,
        holder,
        presence,
    } = posts;
    let published = webhook::publish(service).await?;
    let room = free.available_permits().min(BEGIN_MOST);
    let lanes = match room {
        0 => Vec::new(),
        room => webhook::claim(service, holder, Some(presence), room).await?,
    };
    let claimed = lanes.len();
    for lane in lanes {
        let Ok(place) = Arc::clone(free).acquire_owned().await else {
            break;
        };
        let (service, ended, stop) = (service.clone(), Arc::clone(ended), stop.clone());
        tasks.spawn(async move {
            serve(&service, lane, &stop).await;
            drop(place);
            ended.notify_one();
        });
    }
    Ok(published > 0 || (claimed > 0 && claimed == room))
}

// What fails is found again: the lane is free when its lease ends.
async fn serve(service: &Service, lane: Lane, stop: &CancellationToken) {
    match AssertUnwindSafe(webhook::deliver(service, &lane, stop))
        .catch_unwind()
        .await
    {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!("messages of {lane} wait: {error}"),
        Err(_) => tracing::error!("sending the messages of {lane} panicked"),
    }
}
