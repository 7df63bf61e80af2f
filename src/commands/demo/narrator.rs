//! How the demo speaks: a line for each thing done, a sign of life for what takes longer, colours on a terminal only.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often something unfinished is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// After how long, and how often, something unfinished is mentioned.
const MENTION_EVERY: Duration = Duration::from_secs(2);
/// How long something may stand still.
const PATIENCE: Duration = Duration::from_secs(180);

/// Ctrl-C was pressed.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// Speaks to the person at the terminal.
pub(crate) struct Narrator {
    colours: bool,
    stop: CancellationToken,
}

/// Speaks from another thread.
pub(crate) struct Progress {
    colours: bool,
}

impl Narrator {
    pub(crate) fn new(stop: CancellationToken) -> Self {
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { colours, stop }
    }

    pub(crate) fn title(&self, text: &str) {
        say(&format!("\n{}\n", paint(self.colours, Paint::Bold, text)));
    }

    /// Something is done.
    pub(crate) fn done(&self, text: &str) {
        say(&format!(
            "  {} {text}",
            paint(self.colours, Paint::Green, "✓")
        ));
    }

    /// Something is not as it should be.
    pub(crate) fn wrong(&self, text: &str) {
        say(&format!(
            "  {} {text}",
            paint(self.colours, Paint::Red, "✗")
        ));
    }

    /// A remark.
    pub(crate) fn note(&self, text: &str) {
        say(&format!("    {}", paint(self.colours, Paint::Faint, text)));
    }

    /// Names and values below each other.
    pub(crate) fn facts(&self, facts: &[(&str, &str)]) {
        let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in facts {
            say(&format!(
                "  {} {value}",
                paint(self.colours, Paint::Faint, &format!("{name:width$}"))
            ));
        }
    }

    /// Rows of a table as they are, indented.
    pub(crate) fn rows(&self, rows: &[String]) {
        for row in rows {
            say(&format!("    {row}"));
        }
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress {
            colours: self.colours,
        }
    }

    /// The outcome of something that may take a while.
    ///
    /// # Errors
    /// Its own, and [`Interrupted`].
    pub(crate) async fn wait<T>(
        &self,
        what: &str,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let began = Instant::now();
        let mut mentions = interval(MENTION_EVERY);
        mentions.set_missed_tick_behavior(MissedTickBehavior::Delay);
        mentions.tick().await;
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = self.stop.cancelled() => return Err(Interrupted.into()),
                _ = mentions.tick() => self.note(&format!("… {what}, {} s", began.elapsed().as_secs())),
            }
        }
    }

    /// Looks again and again until there is an outcome; in between, `look` says where it stands.
    ///
    /// # Errors
    /// Those of `look`; [`Interrupted`]; and when nothing changes for three minutes.
    pub(crate) async fn until<T, F>(
        &self,
        what: &str,
        mut look: impl FnMut() -> F,
    ) -> anyhow::Result<T>
    where
        F: Future<Output = anyhow::Result<Standing<T>>>,
    {
        let (mut stands, mut since, mut mentioned) =
            (String::new(), Instant::now(), Instant::now());
        loop {
            let now = tokio::select! {
                standing = look() => match standing? {
                    Standing::Done(outcome) => return Ok(outcome),
                    Standing::Waits(now) => now,
                },
                () = self.stop.cancelled() => return Err(Interrupted.into()),
            };
            if now != stands {
                (stands, since) = (now, Instant::now());
            }
            anyhow::ensure!(
                since.elapsed() < PATIENCE,
                "{what}: nothing has changed for a while ({stands})"
            );
            if mentioned.elapsed() >= MENTION_EVERY {
                mentioned = Instant::now();
                self.note(&format!("… {what}: {stands}"));
            }
            tokio::select! { () = tokio::time::sleep(LOOK_EVERY) => {}, () = self.stop.cancelled() => {} }
        }
    }
}

/// Where something stands that is waited for.
pub(crate) enum Standing<T> {
    Done(T),
    Waits(String),
}

impl Progress {
    pub(crate) fn say(&self, text: &str) {
        say(&format!("    {}", paint(self.colours, Paint::Faint, text)));
    }
}

#[derive(Clone, Copy)]
enum Paint {
    Bold,
    Faint,
    Green,
    Red,
}

fn paint(colours: bool, paint: Paint, text: &str) -> String {
    let code = match paint {
        Paint::Bold => "1",
        Paint::Faint => "2",
        Paint::Green => "32",
        Paint::Red => "31",
    };
    if colours {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

// A reader that went away (`| head`) ends nothing: the stage still has to be cleared.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
