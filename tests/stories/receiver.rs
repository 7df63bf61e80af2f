//! A receiver of messages: a small HTTP server that answers as it is told and remembers what came.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// 200, at once.
    Well,
    /// 200, after a while.
    #[allow(dead_code, reason = "not every program that includes this file asks")]
    Slow(Duration),
    /// With this status, and these header lines.
    Status(u16, &'static str),
    /// Never.
    Hang,
}

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its headers, by their names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn id(&self) -> &str {
        self.headers.get("webhook-id").map_or("", String::as_str)
    }

    /// Its body as JSON; null where it is none.
    #[allow(dead_code, reason = "not every program that includes this file asks")]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

#[derive(Default)]
struct Seen {
    connections: usize,
    received: Vec<Received>,
}

/// A receiver, until it is dropped.
pub struct Receiver {
    port: u16,
    manner: Arc<Mutex<Manner>>,
    seen: Arc<Mutex<Seen>>,
    serving: JoinHandle<()>,
}

impl Receiver {
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let manner = Arc::new(Mutex::new(manner));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (its_manner, its_seen) = (Arc::clone(&manner), Arc::clone(&seen));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                its_seen.lock().unwrap().connections += 1;
                let (manner, seen) = (Arc::clone(&its_manner), Arc::clone(&its_seen));
                tokio::spawn(async move { serve(stream, &manner, &seen).await });
            }
        });
        Self {
            port,
            manner,
            seen,
            serving,
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    #[allow(dead_code, reason = "not every program that includes this file asks")]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on it answers so.
    pub fn behaves(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// What came so far.
    pub fn received(&self) -> Vec<Received> {
        self.seen.lock().unwrap().received.clone()
    }

    /// How many connections were made to it.
    #[allow(dead_code, reason = "not every program that includes this file asks")]
    pub fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

// One connection: request after request, until the other side is gone.
async fn serve(mut stream: TcpStream, manner: &Mutex<Manner>, seen: &Mutex<Seen>) {
    let mut read = Vec::new();
    while let Some(received) = next(&mut stream, &mut read).await {
        seen.lock().unwrap().received.push(received);
        let manner = manner.lock().unwrap().clone();
        let (status, more) = match manner {
            Manner::Well => (200, ""),
            Manner::Slow(wait) => {
                tokio::time::sleep(wait).await;
                (200, "")
            }
            Manner::Status(status, more) => (status, more),
            Manner::Hang => {
                // Until the sender gives up.
                let _ = stream.read(&mut [0; 1]).await;
                return;
            }
        };
        let answer = format!("HTTP/1.1 {status} So\r\n{more}content-length: 2\r\n\r\nok");
        if stream.write_all(answer.as_bytes()).await.is_err() || more.contains("connection: close")
        {
            return;
        }
    }
}

async fn next(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Received> {
    let end = loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, read).await?;
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let headers: HashMap<String, String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    while read.len() < end + length {
        more(stream, read).await?;
    }
    let body = read[end..end + length].to_vec();
    read.drain(..end + length);
    Some(Received { headers, body })
}

async fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 8192];
    let count = stream
        .read(&mut buffer)
        .await
        .ok()
        .filter(|count| *count > 0)?;
    read.extend_from_slice(&buffer[..count]);
    Some(())
}
