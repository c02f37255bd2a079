//! Addresses that may be asked: https, or http on this very machine, which is how the tests' servers are reached.

use std::fmt;

use ureq::http::Uri;

use crate::{Error, Result};

/// The address of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Uri);

impl Address {
    /// Checks what was typed.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |problem: &str| Error::Address {
            text: text.to_owned(),
            problem: problem.to_owned(),
        };
        let uri: Uri = text.parse().map_err(|_| refuse("no address of a file"))?;
        let address = Self(uri);
        if address.host().is_empty() {
            return Err(refuse("names no server"));
        }
        // A password would end up in messages and in the names of folders.
        if address.authority().contains('@') {
            return Err(refuse("addresses with a user name are not fetched"));
        }
        match address.0.scheme_str() {
            Some("https") => Ok(address),
            Some("http") if address.is_local() => Ok(address),
            _ => Err(refuse("only https is fetched")),
        }
    }

    /// Where a redirection leads. Only to https, or from this machine to this machine.
    pub fn redirected(&self, location: &str) -> Result<Self> {
        let text = if location.contains("://") {
            location.to_owned()
        } else if let Some(rest) = location.strip_prefix("//") {
            format!("{}://{rest}", self.scheme())
        } else if location.starts_with('/') {
            format!("{}://{}{location}", self.scheme(), self.authority())
        } else {
            let folder = self
                .path()
                .rsplit_once('/')
                .map_or("", |(folder, _)| folder);
            format!(
                "{}://{}{folder}/{location}",
                self.scheme(),
                self.authority()
            )
        };
        let refuse = || Error::Redirect {
            address: self.to_string(),
            target: text.clone(),
        };
        let target = Self::parse(&text).map_err(|_| refuse())?;
        if target.scheme() == "http" && self.scheme() != "http" {
            return Err(refuse());
        }
        Ok(target)
    }

    /// Whether both are answered by the same server, so that what one may know the other may.
    pub fn same_server(&self, other: &Self) -> bool {
        self.scheme() == other.scheme() && self.authority() == other.authority()
    }

    /// Whether it is this machine.
    pub fn is_local(&self) -> bool {
        ["localhost", "127.0.0.1", "[::1]"].contains(&self.host())
    }

    pub(crate) fn scheme(&self) -> &str {
        self.0.scheme_str().unwrap_or_default()
    }

    pub(crate) fn authority(&self) -> &str {
        self.0
            .authority()
            .map_or("", |authority| authority.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.0.path()
    }

    pub(crate) fn query(&self) -> Option<&str> {
        self.0.query()
    }

    fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
