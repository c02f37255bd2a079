//! Fetching against servers inside the tests; nothing here needs a network.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod download;
mod names;
mod refusals;
mod repository;
mod server;

use std::{ops::ControlFlow, path::Path};

use foil_hub::{Environment, Event, Result, Source, Store, Token};

/// An environment whose caches are in a folder and whose hub is a server.
fn environment(folder: &Path, endpoint: &str) -> Environment {
    Environment {
        cache: folder.join("foil"),
        hub_cache: folder.join("hub"),
        endpoint: endpoint.to_owned(),
        token: Token::new("secret-token"),
        offline: false,
    }
}

/// A store in a folder, with the usual hub.
fn store(folder: &Path) -> Store {
    Store::new(environment(folder, "https://huggingface.co")).unwrap()
}

/// The source that a text names.
fn source(text: &str) -> Source {
    Source::parse(text).unwrap().unwrap()
}

/// Fetches a source; its content and what was told.
fn fetch(store: &Store, text: &str) -> Result<(Vec<u8>, Vec<String>)> {
    let mut told = Vec::new();
    let path = store.fetch(&source(text), &mut |event: Event<'_>| {
        told.push(format!("{event:?}"));
        ControlFlow::Continue(())
    })?;
    Ok((std::fs::read(path).unwrap(), told))
}

/// Bytes that differ from place to place.
fn content(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|index| (index % 251) as u8 ^ (index / 251) as u8 ^ seed)
        .collect()
}

/// Files below a folder, those of locks aside.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|ending| ending != "lock") {
                let relative = path.strip_prefix(folder).unwrap();
                found.push(relative.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}
