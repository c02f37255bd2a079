//! The two caches behind one door.

use std::path::PathBuf;

use crate::{
    Address, Environment, Error, Observer, RepositoryFile, Result, Source,
    client::Client,
    download::Download,
    place::Place,
    repository::{About, Repository},
};

/// Finds and fetches files.
pub struct Store {
    environment: Environment,
    endpoint: Address,
    client: Client,
}

impl Store {
    /// Opens no connection yet.
    pub fn new(environment: Environment) -> Result<Self> {
        let endpoint =
            Address::parse(&environment.endpoint).map_err(|problem| Error::Environment {
                variable: "HF_ENDPOINT",
                value: environment.endpoint.clone(),
                problem: match problem {
                    Error::Address { problem, .. } => problem,
                    problem => problem.to_string(),
                },
            })?;
        Ok(Self {
            client: Client::new(endpoint.clone(), environment.token.clone()),
            endpoint,
            environment,
        })
    }

    /// The file, if it is on this machine.
    pub fn find(&self, source: &Source) -> Result<Option<PathBuf>> {
        match source {
            Source::File(path) => Ok(Some(path.clone())),
            Source::Repository(file) => Ok(self.repository(file).find()),
            Source::Address(address) => {
                let target = Place::of_address(&self.environment.cache, address)?.target;
                Ok(target.is_file().then_some(target))
            }
        }
    }

    /// The file, from this machine if it is there: what has been fetched once is not asked for again.
    pub fn fetch(&self, source: &Source, observer: &mut dyn Observer) -> Result<PathBuf> {
        if let Some(path) = self.find(source)? {
            return Ok(path);
        }
        match source {
            Source::File(path) => Ok(path.clone()),
            Source::Repository(file) => self.fetch_from_hub(file, observer),
            Source::Address(address) => self.fetch_from_address(address, observer),
        }
    }

    fn fetch_from_address(
        &self,
        address: &Address,
        observer: &mut dyn Observer,
    ) -> Result<PathBuf> {
        let place = Place::of_address(&self.environment.cache, address)?;
        let by_hand = format!("put it by hand at {}", place.target.display());
        self.allowed(address, &by_hand)?;
        let download = Download {
            client: &self.client,
            address,
            place: &place,
            length: None,
            sha256: None,
        };
        run(&download, observer).map_err(|error| advised(error, &by_hand))?;
        Ok(place.target)
    }

    fn fetch_from_hub(
        &self,
        file: &RepositoryFile,
        observer: &mut dyn Observer,
    ) -> Result<PathBuf> {
        let repository = self.repository(file);
        let address = repository.address(&self.endpoint)?;
        let by_hand = format!(
            "give the path of a copy instead, or copy {} from a machine that has it",
            repository.folder().display()
        );
        self.allowed(&address, &by_hand)?;
        let about = About::ask(&self.client, &address).map_err(|error| advised(error, &by_hand))?;
        // Large files are named by their SHA-256; small ones by git's own digest, which is not checked.
        let is_sha256 = about.digest.len() == 64;
        let place = repository.place(&about);
        let download = Download {
            client: &self.client,
            address: &address,
            place: &place,
            length: about.length,
            sha256: is_sha256.then_some(about.digest.as_str()),
        };
        run(&download, observer).map_err(|error| advised(error, &by_hand))?;
        repository.link(&about)
    }

    fn repository<'a>(&'a self, file: &'a RepositoryFile) -> Repository<'a> {
        Repository {
            cache: &self.environment.hub_cache,
            file,
        }
    }

    fn allowed(&self, address: &Address, by_hand: &str) -> Result<()> {
        if !self.environment.offline {
            return Ok(());
        }
        Err(Error::Offline {
            address: address.to_string(),
            by_hand: by_hand.to_owned(),
        })
    }
}

/// Fetches, unless another process has done so while this one waited for its turn.
fn run(download: &Download<'_>, observer: &mut dyn Observer) -> Result<()> {
    let _lock = download.place.lock(download.address, observer)?;
    if download.place.target.is_file() {
        return Ok(());
    }
    download.run(observer)
}

/// The same error, with what can be done without a connection.
fn advised(error: Error, advice: &str) -> Error {
    match error {
        Error::Unreachable {
            address, problem, ..
        } => Error::Unreachable {
            address,
            problem,
            by_hand: format!("or {advice}"),
        },
        error => error,
    }
}
