//! The hub's cache, in the layout that all its programs share: `models--owner--name/blobs` holds contents under their digests,
//! `snapshots/<commit>/<path>` links to them, `refs/<revision>` says which commit a branch was.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    Address, Error, RepositoryFile, Result,
    client::{Client, Reply},
    error::at,
    place::{Place, with_ending},
    source::is_plain,
};

/// One repository's folder.
pub(crate) struct Repository<'a> {
    pub cache: &'a Path,
    pub file: &'a RepositoryFile,
}

/// What the hub says about a file.
pub(crate) struct About {
    pub commit: String,
    pub digest: String,
    pub length: Option<u64>,
}

impl About {
    /// Asks the hub which commit and which content it is.
    pub fn ask(client: &Client, address: &Address) -> Result<Self> {
        let reply = client.about(address)?;
        let problem = |header: &str| Error::Damaged {
            address: address.to_string(),
            problem: format!("an answer without a usable {header}; is HF_ENDPOINT a hub?"),
        };
        let commit = reply.header("x-repo-commit").unwrap_or_default();
        let tag = reply.header("x-linked-etag").or(reply.header("etag"));
        let tag = tag.unwrap_or_default().trim_start_matches("W/");
        let digest = tag.trim_matches('"');
        // Both become names of files.
        if !is_commit(commit) {
            return Err(problem("X-Repo-Commit"));
        }
        if !(is_plain(digest) && digest.len() <= 128 && !digest.contains(['/', '.'])) {
            return Err(problem("ETag"));
        }
        Ok(Self {
            commit: commit.to_owned(),
            digest: digest.to_owned(),
            length: length(&reply),
        })
    }
}

impl Repository<'_> {
    /// The file, if it has been fetched by whatever program.
    pub fn find(&self) -> Option<PathBuf> {
        let revision = &self.file.revision;
        let commit = if is_commit(revision) {
            revision.clone()
        } else {
            fs::read_to_string(self.reference()).ok()?.trim().to_owned()
        };
        let path = self.snapshot(&commit);
        (is_plain(&commit) && path.is_file()).then_some(path)
    }

    /// Where the hub has it.
    pub fn address(&self, endpoint: &Address) -> Result<Address> {
        let RepositoryFile {
            owner,
            name,
            path,
            revision,
        } = self.file;
        let revision = encoded(revision).replace('/', "%2F");
        let endpoint = endpoint.to_string();
        let endpoint = endpoint.trim_end_matches('/');
        Address::parse(&format!(
            "{endpoint}/{}/{}/resolve/{revision}/{}",
            encoded(owner),
            encoded(name),
            encoded(path)
        ))
    }

    /// Where the content is kept. The lock is the one that the hub's own programs take.
    pub fn place(&self, about: &About) -> Place {
        let target = self.folder().join("blobs").join(&about.digest);
        let locks = self.cache.join(".locks").join(self.folder_name());
        Place {
            part: with_ending(&target, ".incomplete"),
            lock: locks.join(format!("{}.lock", about.digest)),
            target,
        }
    }

    /// Gives the content its name in the snapshot, and the revision its commit.
    pub fn link(&self, about: &About) -> Result<PathBuf> {
        let path = self.snapshot(&about.commit);
        make_folder_of(&path)?;
        if !path.is_file() {
            let depth = self.file.path.split('/').count() + 1;
            let content = Path::new(&"../".repeat(depth))
                .join("blobs")
                .join(&about.digest);
            // A link whose content is gone is in the way of its successor.
            let _ = fs::remove_file(&path);
            match link(&content, &path) {
                // Another process was faster.
                Err(problem) if problem.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.map_err(at(&path))?,
            }
        }
        if !is_commit(&self.file.revision) {
            let reference = self.reference();
            make_folder_of(&reference)?;
            let new = with_ending(&reference, &format!(".{}", std::process::id()));
            fs::write(&new, &about.commit).map_err(at(&new))?;
            fs::rename(&new, &reference).map_err(at(&reference))?;
        }
        Ok(path)
    }

    /// The repository's folder.
    pub fn folder(&self) -> PathBuf {
        self.cache.join(self.folder_name())
    }

    fn folder_name(&self) -> String {
        format!("models--{}--{}", self.file.owner, self.file.name)
    }

    fn reference(&self) -> PathBuf {
        self.folder().join("refs").join(&self.file.revision)
    }

    fn snapshot(&self, commit: &str) -> PathBuf {
        let snapshots = self.folder().join("snapshots");
        snapshots.join(commit).join(&self.file.path)
    }
}

/// Its size: a redirection's own length is that of a note, so only what is said of the linked file counts there.
fn length(reply: &Reply) -> Option<u64> {
    let own = || {
        let whole = reply.status == 200;
        whole.then(|| reply.number("content-length")).flatten()
    };
    reply.number("x-linked-size").or_else(own)
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn make_folder_of(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(at(folder))
}

#[cfg(unix)]
fn link(content: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(content, path)
}

/// Where links need rights that users lack, the name shares the content instead.
#[cfg(not(unix))]
fn link(content: &Path, path: &Path) -> io::Result<()> {
    let content = path.parent().unwrap_or(path).join(content);
    fs::hard_link(&content, path).or_else(|_| fs::copy(&content, path).map(|_| ()))
}

/// A path as a part of an address.
fn encoded(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("a string can be written to");
        }
    }
    text
}
