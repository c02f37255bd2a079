//! From what a user typed to a preset or a network, with the names that may have been meant.

use super::{Network, Preset, all, find};
use crate::{Error, Result};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Named {
    /// A published way to sample.
    Preset(&'static Preset),
    /// One network, or an architecture if it has no snapshot.
    Network(Network),
}

impl Named {
    /// The preset or network called `name`; the error suggests similar names.
    pub fn parse(name: &str) -> Result<Self> {
        if let Some(preset) = find(name) {
            return Ok(Self::Preset(preset));
        }
        name.parse()
            .map(Self::Network)
            .map_err(|_| Error::UnknownName {
                name: name.to_owned(),
                similar: similar(name),
            })
    }

    /// The networks it needs: the main one, then its guide.
    pub fn networks(&self) -> Vec<Network> {
        match self {
            Self::Preset(preset) => preset.networks(),
            Self::Network(network) => vec![*network],
        }
    }
}

/// Up to three names that begin like it or differ in few letters, the most similar first.
fn similar(name: &str) -> Vec<String> {
    const SUGGESTIONS: usize = 3;
    let most = (name.len() / 5).max(2);
    let presets = all().iter().map(|preset| preset.name.clone());
    let networks = all().iter().flat_map(Preset::networks);
    let networks = networks.map(|network| network.to_string());
    let mut ranked: Vec<(bool, usize, String)> = presets
        .chain(networks)
        .filter_map(|known| {
            let distance = strsim::damerau_levenshtein(name, &known);
            let begun = name.len() >= 4 && known.starts_with(name);
            (begun || distance <= most).then_some((!begun, distance, known))
        })
        .collect();
    ranked.sort();
    ranked.dedup();
    ranked.truncate(SUGGESTIONS);
    ranked.into_iter().map(|(_, _, known)| known).collect()
}
