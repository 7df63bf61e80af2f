//! A server that replays a script, one connection per reply, and remembers what it was sent.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// What the server does after it has read one whole request.
pub enum Reply {
    /// Writes these bytes and closes.
    Bytes(Vec<u8>),
    /// Closes without a word.
    Drop,
    /// Keeps the connection and says nothing.
    Silence,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Heard {
    pub line: String,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Heard {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }
}

pub struct Server {
    pub url: Url,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Plays the script; whoever comes after its end gets 599, so that an extra request shows.
    pub async fn playing(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(serve(
            listener,
            script.into_iter().collect(),
            Arc::clone(&heard),
        ));
        Self {
            url: url.parse().unwrap(),
            heard,
            task,
        }
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The only request that came.
    pub fn only(&self) -> Heard {
        let heard = self.heard();
        assert_eq!(heard.len(), 1, "{heard:?}");
        heard[0].clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, script: Vec<Reply>, heard: Arc<Mutex<Vec<Heard>>>) {
    let mut script = script.into_iter();
    let mut silent = Vec::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let Some(request) = read(&mut stream).await else {
            continue;
        };
        heard.lock().unwrap().push(request);
        match script.next() {
            Some(Reply::Bytes(bytes)) => {
                // The client may hang up on a body that is too long.
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
            Some(Reply::Drop) => drop(stream),
            Some(Reply::Silence) => silent.push(stream),
            None => {
                let beyond = b"HTTP/1.1 599 Beyond The Script\r\nContent-Length: 0\r\n\r\n";
                let _ = stream.write_all(beyond).await;
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head_end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Heard {
        line,
        headers,
        body: String::from_utf8(bytes[head_end + 4..].to_vec()).unwrap(),
    })
}

/// A whole answer with Intuit's usual headers.
pub fn answer(status: u16, content_type: &str, body: &str) -> Reply {
    answer_with(status, &[("Content-Type", content_type)], body)
}

pub fn json(status: u16, body: &str) -> Reply {
    answer(status, "application/json;charset=utf-8", body)
}

pub fn answer_with(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut text = format!("HTTP/1.1 {status} Whatever\r\nintuit_tid: {TID}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = body.len();
    text.push_str(&format!(
        "Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    Reply::Bytes(text.into_bytes())
}

/// The form recorded in `minimul/qbo_api`.
pub const TID: &str = "1-5f734f0e-58baa045003ab251111c54e6";
