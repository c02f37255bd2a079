//! Requests: who is told the token, which redirections are followed, and what an answer means.

use std::time::Duration;

use ureq::{
    Agent, Body,
    http::{HeaderMap, HeaderName, Response, header},
};

use crate::{Address, Error, Result, Token};

/// Redirections in a row.
const REDIRECTIONS: usize = 10;
/// A stalled connection is given up after this, and tried again where something had arrived. Ctrl-C is noticed as late.
const SILENCE: Duration = Duration::from_secs(15);

/// Opens connections.
pub(crate) struct Client {
    agent: Agent,
    endpoint: Address,
    token: Option<Token>,
}

/// An answer that is not a failure.
pub(crate) struct Reply {
    /// 200, 206, 416 or a redirection that was not to be followed.
    pub status: u16,
    pub body: Body,
    headers: HeaderMap,
}

/// What an earlier attempt left.
pub(crate) struct Kept {
    /// Bytes.
    pub bytes: u64,
    /// By which the server can tell whether its file is still the same; none where the file's digest is known.
    pub validator: Option<String>,
}

impl Client {
    /// The token is for the endpoint only.
    pub fn new(endpoint: Address, token: Option<Token>) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Each redirection is looked at here.
            .max_redirects(0)
            .user_agent(concat!("foil/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(SILENCE))
            .timeout_connect(Some(SILENCE))
            .timeout_recv_response(Some(2 * SILENCE))
            .timeout_per_read(Some(SILENCE))
            .build();
        Self {
            agent: config.into(),
            endpoint,
            token,
        }
    }

    /// What is said about a file: the answer of the server that was asked, not of the storage it may point to.
    pub fn about(&self, address: &Address) -> Result<Reply> {
        let mut address = address.clone();
        for _ in 0..REDIRECTIONS {
            let response = self.send(self.agent.head(address.to_string()), &address)?;
            match redirection(&response, &address)? {
                Some(target) if target.same_server(&address) => address = target,
                _ => return self.judged(response, &address),
            }
        }
        Err(too_many(&address))
    }

    /// The file, or the rest of it.
    pub fn content(&self, address: &Address, kept: Option<&Kept>) -> Result<Reply> {
        let mut address = address.clone();
        for _ in 0..REDIRECTIONS {
            let mut request = self.agent.get(address.to_string());
            if let Some(kept) = kept {
                request = request.header(header::RANGE, format!("bytes={}-", kept.bytes));
                if let Some(validator) = &kept.validator {
                    request = request.header(header::IF_RANGE, validator);
                }
            }
            let response = self.send(request, &address)?;
            match redirection(&response, &address)? {
                Some(target) => address = target,
                None => return self.judged(response, &address),
            }
        }
        Err(too_many(&address))
    }

    fn send(
        &self,
        request: ureq::RequestBuilder<ureq::typestate::WithoutBody>,
        address: &Address,
    ) -> Result<Response<Body>> {
        // Lengths and ranges count the bytes of the file only where they are not compressed.
        let mut request = request.header(header::ACCEPT_ENCODING, "identity");
        if let Some(token) = self.token_for(address) {
            let value = format!("Bearer {}", token.reveal());
            request = request.header(header::AUTHORIZATION, value);
        }
        if address.is_local() {
            request = request.config().proxy(None).build();
        }
        request.call().map_err(|problem| Error::Unreachable {
            address: address.to_string(),
            problem: said(&problem),
            by_hand: String::new(),
        })
    }

    fn token_for(&self, address: &Address) -> Option<&Token> {
        let token = self.token.as_ref();
        token.filter(|_| address.same_server(&self.endpoint))
    }

    fn judged(&self, response: Response<Body>, address: &Address) -> Result<Reply> {
        let (parts, body) = response.into_parts();
        let status = parts.status.as_u16();
        if parts.status.is_client_error() && status != 416 || parts.status.is_server_error() {
            return Err(Error::Status {
                address: address.to_string(),
                status,
                meaning: self.meaning(status, address).to_owned(),
            });
        }
        Ok(Reply {
            status,
            body,
            headers: parts.headers,
        })
    }

    fn meaning(&self, status: u16, address: &Address) -> &'static str {
        let hub = address.same_server(&self.endpoint);
        match status {
            401 if self.token_for(address).is_some() => "it does not accept the token in HF_TOKEN",
            401 if hub => "no such repository, or it is private and wants a token in HF_TOKEN",
            401 => "it wants a password, and none is ever sent there",
            403 if hub => {
                "not allowed; the repository's page says whether its terms have to be accepted first, then set HF_TOKEN"
            }
            403 => "not allowed",
            404 if hub => "no such repository, revision or file",
            404 => "no such file",
            429 => "too many requests; try again later",
            500.. => "it has a problem of its own; try again later",
            _ => "not the file",
        }
    }
}

impl Reply {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let name: HeaderName = name.parse().ok()?;
        self.headers.get(name)?.to_str().ok()
    }

    /// A header that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.trim().parse().ok()
    }

    /// First byte and size of the whole, of `Content-Range: bytes 5-9/10`.
    pub fn range(&self) -> Option<(u64, Option<u64>)> {
        let range = self.header("content-range")?.strip_prefix("bytes ")?;
        let (range, total) = range.split_once('/')?;
        let (first, _) = range.split_once('-')?;
        Some((first.trim().parse().ok()?, total.trim().parse().ok()))
    }

    /// Size of a file from which nothing is left to send, of `Content-Range: bytes */10`.
    pub fn exhausted(&self) -> Option<u64> {
        let total = self.header("content-range")?.strip_prefix("bytes */")?;
        total.trim().parse().ok()
    }

    /// What tells this version of the file from others, if the server promises that it does so to the byte.
    pub fn validator(&self) -> Option<&str> {
        let tag = self.header("etag").filter(|tag| !tag.starts_with("W/"));
        tag.or_else(|| self.header("last-modified"))
    }
}

fn redirection(response: &Response<Body>, address: &Address) -> Result<Option<Address>> {
    let status = response.status().as_u16();
    let location = response.headers().get(header::LOCATION);
    match location.and_then(|location| location.to_str().ok()) {
        Some(location) if [301, 302, 303, 307, 308].contains(&status) => {
            address.redirected(location).map(Some)
        }
        _ => Ok(None),
    }
}

fn too_many(address: &Address) -> Error {
    Error::Damaged {
        address: address.to_string(),
        problem: format!("more than {REDIRECTIONS} redirections"),
    }
}

/// In the words of someone who wants a file.
fn said(problem: &ureq::Error) -> String {
    match problem {
        ureq::Error::HostNotFound => "the server's name is not known here".to_owned(),
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::Io(problem) => problem.to_string(),
        problem => problem.to_string(),
    }
}
