//! A server that answers each request by a closure and remembers what it was asked.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// A request without a body.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
}

/// What is sent back.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The connection is closed after so many bytes of the body.
    pub cut: usize,
}

impl Answer {
    pub fn new(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![("Content-Length".into(), body.len().to_string())],
            cut: body.len(),
            body,
        }
    }

    pub fn with(mut self, name: &str, value: &(impl ToString + ?Sized)) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.into(), value.to_string()));
        self
    }

    pub fn cut(mut self, bytes: usize) -> Self {
        self.cut = bytes;
        self
    }

    pub fn redirect(target: &str) -> Self {
        Self::new(302, b"moved".to_vec()).with("Location", target)
    }

    /// A file as a proper server sends it: the rest where the version is still the same, else all of it.
    pub fn file(request: &Request, content: &[u8], tag: &str) -> Self {
        let range = request.headers.get("range");
        let first: Option<usize> = range.map(|range| {
            let first = range.strip_prefix("bytes=").unwrap();
            first.strip_suffix('-').unwrap().parse().unwrap()
        });
        let same = request.headers.get("if-range").is_none_or(|old| old == tag);
        match first {
            Some(first) if same && first >= content.len() => Self::new(416, Vec::new())
                .with("Content-Range", &format!("bytes */{}", content.len())),
            Some(first) if same => Self::new(206, content[first..].to_vec())
                .with(
                    "Content-Range",
                    &format!("bytes {first}-{}/{}", content.len() - 1, content.len()),
                )
                .with("ETag", tag),
            _ => Self::new(200, content.to_vec()).with("ETag", tag),
        }
    }
}

/// It runs until the program ends.
pub struct Server {
    pub address: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || serve(&stream.unwrap(), &log, &*answer));
            }
        });
        Self { address, seen }
    }

    /// What it was asked so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: &TcpStream, log: &Mutex<Vec<Request>>, answer: &dyn Fn(&Request) -> Answer) {
    let Some(request) = read(stream) else { return };
    log.lock().unwrap().push(request.clone());
    let answer = answer(&request);
    let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head += &[name, ": ", value, "\r\n"].concat();
    }
    head += "\r\n";
    let body = if request.method == "HEAD" {
        &[]
    } else {
        &answer.body[..answer.cut]
    };
    // Whoever asked may be gone.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line.ok()?;
        match line.split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            None => {
                return Some(Request {
                    method,
                    path,
                    headers,
                });
            }
        }
    }
    None
}
