//! From what was typed to files on this machine: names by `foil-models`, places by `foil-hub`, progress and licence by this
//! program.

use std::{
    cell::Cell,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use foil_hub::{Address, Environment, Event, Observer, Source, Store};
use foil_models::{
    SourceFile, bundled,
    preset::{LICENCE, Named, Network},
};

use crate::{
    arguments::Connection,
    averages::Average,
    interrupt, open,
    progress::{Bar, Progress},
};

/// Finds and fetches files for one command.
pub struct Files {
    store: Store,
    progress: Progress,
    licence_said: Cell<bool>,
}

impl Files {
    /// With the caches and switches of the environment.
    pub fn open(connection: &Connection) -> Result<Self> {
        let mut environment = Environment::of_process();
        environment.offline |= connection.offline;
        Ok(Self {
            store: Store::new(environment)?,
            progress: Progress::new(),
            licence_said: Cell::new(false),
        })
    }

    /// The files that a text names: an existing path, an address, a network, or a preset with its guide.
    pub fn named(&self, text: &str) -> Result<Vec<PathBuf>> {
        if let Some(source) = Source::parse(text)? {
            return Ok(vec![self.fetch(&source, None)?]);
        }
        let named = Named::parse(text);
        if named.is_err() && looks_like_a_file(text) {
            bail!("cannot read {text}: there is no such file, and no preset of that name");
        }
        let networks = named?.networks();
        networks
            .iter()
            .map(|network| self.weights(network))
            .collect()
    }

    /// The one file that a text names, which may be part of the program, or be rebuilt from a run's snapshots: not a preset that needs several.
    pub fn one(&self, text: &str) -> Result<Arc<SourceFile>> {
        if bundled::file(text).is_some() {
            return open::file(Path::new(text));
        }
        if let Some(average) = Average::parse(text)? {
            return average.rebuild(text);
        }
        if Path::new(text).is_dir() {
            bail!(
                "{text} is a folder where a network is expected; the average of length 0.07 of a run is RUN@0.07"
            );
        }
        let mut files = self.named(text)?;
        match (files.pop(), files.is_empty()) {
            (Some(file), true) => Ok(SourceFile::open(file)?),
            _ => bail!("{text} is a preset with several networks; here one is needed"),
        }
    }

    /// The published weights of a network.
    pub fn weights(&self, network: &Network) -> Result<PathBuf> {
        let source = published(network)?.with_context(|| {
            format!("{network} is an architecture without weights; `foil models` lists networks with weights")
        })?;
        self.fetch(&source, Some(LICENCE))
    }

    /// Whether a network's weights are here.
    pub fn has(&self, network: &Network) -> Result<bool> {
        match published(network)? {
            Some(source) => Ok(self.store.find(&source)?.is_some()),
            None => Ok(false),
        }
    }

    fn fetch(&self, source: &Source, licence: Option<&'static str>) -> Result<PathBuf> {
        let mut watch = Watch {
            files: self,
            name: short(source),
            licence,
            bar: None,
            waiting: false,
        };
        Ok(self.store.fetch(source, &mut watch)?)
    }
}

/// Where a network's weights are published, if it has some.
fn published(network: &Network) -> Result<Option<Source>> {
    let address = network.url().map(|url| Address::parse(&url)).transpose()?;
    Ok(address.map(Source::Address))
}

/// Ends as files do, not as EMA lengths do.
fn looks_like_a_file(text: &str) -> bool {
    let ending = Path::new(text)
        .extension()
        .and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ending.chars().any(char::is_alphabetic))
}

/// The last part of its address.
fn short(source: &Source) -> String {
    let text = match source {
        Source::Repository(file) => file.path.clone(),
        source => source.to_string(),
    };
    let text = text.split('?').next().unwrap_or_default();
    text.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Draws one fetch.
struct Watch<'a> {
    files: &'a Files,
    name: String,
    licence: Option<&'static str>,
    bar: Option<Bar>,
    waiting: bool,
}

impl Watch<'_> {
    fn say(&self, what: &str) {
        self.files.progress.say(&format!("{}: {what}", self.name));
    }

    fn start(&mut self, kept: u64, total: Option<u64>) {
        if let Some(licence) = self.licence
            && !self.files.licence_said.replace(true)
        {
            let line = format!("weights by NVIDIA under {licence}, for non-commercial use");
            self.files.progress.say(&line);
        }
        let progress = &self.files.progress;
        let bar = self
            .bar
            .get_or_insert_with(|| progress.bytes(&self.name, kept, total));
        bar.at(kept);
    }
}

impl Observer for Watch<'_> {
    fn notice(&mut self, event: Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Waiting { .. } if !self.waiting => {
                self.waiting = true;
                self.say("waiting for another process that fetches it");
            }
            Event::Started { kept, total, .. } => self.start(kept, total),
            Event::Received { bytes } => {
                if let Some(bar) = &self.bar {
                    bar.at(bytes);
                }
            }
            Event::Changed => self.say("has changed since an earlier attempt; from the beginning"),
            Event::Broken { problem } => {
                self.say(&format!("the connection broke, {problem}; once more"));
            }
            Event::Finished { bytes } => {
                if let Some(bar) = &self.bar {
                    bar.done(&format!("{:.1} MB", bytes as f64 / 1e6));
                }
            }
            _ => {}
        }
        interrupt::check()
    }
}
