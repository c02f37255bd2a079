//! From what was typed to where a file comes from.

use std::{fmt, io, path::PathBuf};

use crate::{Address, Error, Result, error::at};

/// Where a file comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It is here.
    File(PathBuf),
    /// `hf://owner/name/path[@revision]`
    Repository(RepositoryFile),
    /// `https://…`
    Address(Address),
}

/// A file of a repository of the Hugging Face hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFile {
    /// User or organisation.
    pub owner: String,
    /// The repository.
    pub name: String,
    /// Path in the repository, with `/`.
    pub path: String,
    /// Branch, tag or commit.
    pub revision: String,
}

impl Source {
    /// `None` where the text is neither an address nor a path of something that exists: it may be a name that others know.
    pub fn parse(text: &str) -> Result<Option<Self>> {
        if text.starts_with(RepositoryFile::SCHEME) {
            return RepositoryFile::parse(text).map(|file| Some(Self::Repository(file)));
        }
        if text.contains("://") {
            return Address::parse(text).map(|address| Some(Self::Address(address)));
        }
        let path = PathBuf::from(text);
        if path.try_exists().unwrap_or(true) && !text.is_empty() {
            return Ok(Some(Self::File(path)));
        }
        if text.contains(std::path::is_separator) {
            return Err(at(&path)(io::ErrorKind::NotFound.into()));
        }
        Ok(None)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Repository(file) => file.fmt(formatter),
            Self::Address(address) => address.fmt(formatter),
        }
    }
}

impl RepositoryFile {
    const SCHEME: &str = "hf://";

    /// Checks what was typed; every part becomes the name of a file or folder, so none may lead elsewhere.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |problem: &str| Error::Address {
            text: text.to_owned(),
            problem: format!("{problem}; expected is hf://owner/name/path/to/file[@revision]"),
        };
        let rest = text
            .strip_prefix(Self::SCHEME)
            .ok_or_else(|| refuse("no hf:// address"))?;
        let (rest, revision) = rest.rsplit_once('@').unwrap_or((rest, "main"));
        let mut parts = rest.splitn(3, '/');
        let mut part = |what: &str| {
            let part = parts.next().unwrap_or_default();
            if part.split('/').chain(revision.split('/')).all(is_plain) {
                Ok(part.to_owned())
            } else {
                Err(refuse(&format!("it has no proper {what} or revision")))
            }
        };
        Ok(Self {
            owner: part("owner")?,
            name: part("name of a repository")?,
            path: part("path of a file")?,
            revision: revision.to_owned(),
        })
    }
}

/// Whether a part of an address can be the name of a file or folder as it is.
pub(crate) fn is_plain(part: &str) -> bool {
    let forbidden = |letter: char| letter.is_control() || "\\:@?#%*\"<>|".contains(letter);
    !part.is_empty() && part != "." && part != ".." && !part.contains(forbidden)
}

impl fmt::Display for RepositoryFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            owner,
            name,
            path,
            revision,
        } = self;
        write!(formatter, "hf://{owner}/{name}/{path}@{revision}")
    }
}
