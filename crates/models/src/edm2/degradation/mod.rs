//! Weights made worse on purpose: a weak network for autoguidance without training one.
//!
//! Biases do not exist, gains and the Fourier features stay as they are; every other tensor is a set of rows, one for each output, and
//! rows are normalised when they multiply: what a degradation does to a row's length does not matter, what it does to its direction
//! does. Results are in single precision whatever the network was stored in.
//!
//! A network without some of its blocks is no matter of weights: a residual branch of zeros would still be mixed in, and make its block's
//! result smaller. [`Perturbation::SkippedBlocks`](super::Perturbation::SkippedBlocks) leaves them out.

mod noise;
mod prune;
mod quantise;

use std::{collections::BTreeMap, path::Path};

use candle_core::DType;
use serde::{Deserialize, Serialize};

use super::Plan;
use crate::{Error, Result, StoredTensor, Weights, checkpoint::Snapshot};

/// What is done to a network's weights, tensor by tensor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Degradation {
    /// Adds normal numbers.
    Noise {
        /// Their standard deviation relative to the tensor's root mean square; at least 0.
        amount: f64,
        /// Decides all of them.
        seed: u64,
    },
    /// Rounds each row to as many bits: to multiples of its largest magnitude / (2^(bits − 1) − 1).
    Quantisation {
        /// 2 to 8.
        bits: u32,
    },
    /// Sets the smallest magnitudes of each row to 0.
    Pruning {
        /// Which share of them, rounded down to whole numbers; in [0, 1).
        share: f64,
    },
}

impl Degradation {
    /// That its numbers mean something.
    pub fn check(&self) -> Result<()> {
        let refuse = |problem: String| Err(Error::Degradation(problem));
        match *self {
            Self::Noise { amount, .. } if !(amount >= 0.0 && amount.is_finite()) => refuse(
                format!("the amount of noise must be 0 or more, got {amount}"),
            ),
            Self::Quantisation { bits } if !(2..=8).contains(&bits) => {
                refuse(format!("weights are rounded to 2 to 8 bits, not to {bits}"))
            }
            Self::Pruning { share } if !(0.0..1.0).contains(&share) => refuse(format!(
                "the share of weights set to zero must be in [0, 1), got {share}"
            )),
            _ => Ok(()),
        }
    }

    /// The network with such weights, in memory. Its provenance says so.
    pub fn of(&self, snapshot: &Snapshot) -> Result<Snapshot> {
        let described = self.described(snapshot)?;
        let mut tensors = BTreeMap::new();
        for (number, (name, stored)) in snapshot.weights.iter().enumerate() {
            let bytes = self.bytes(number as u32, name, stored)?;
            let tensor = StoredTensor::in_memory(DType::F32, stored.shape(), bytes)?;
            tensors.insert(name.to_owned(), tensor);
        }
        Ok(Snapshot {
            weights: Weights::new(snapshot.weights.origin(), tensors),
            ..described
        })
    }

    /// Writes the network with such weights, tensor by tensor, so that it need not fit into memory. The file is whole or not there, and
    /// its metadata say what was done.
    pub fn save(&self, snapshot: &Snapshot, path: &Path) -> Result<()> {
        snapshot.weights.check(&snapshot.tensors()?)?;
        let mut file = self.described(snapshot)?.begin(path, |_, _| DType::F32)?;
        let names = snapshot.weights.iter().map(|(name, _)| name.to_owned());
        let numbers: BTreeMap<String, u32> = names.zip(0..).collect();
        for name in file.order().to_vec() {
            let stored = snapshot.weights.get(&name)?;
            file.put(&self.bytes(numbers[&name], &name, stored)?)?;
        }
        file.finish()
    }

    fn described(&self, snapshot: &Snapshot) -> Result<Snapshot> {
        self.check()?;
        let mut described = snapshot.clone();
        described.provenance.degradations.push(*self);
        Ok(described)
    }

    /// The tensor of this number among the network's, in the order of their names, in single precision, little-endian.
    fn bytes(&self, number: u32, name: &str, stored: &StoredTensor) -> Result<Vec<u8>> {
        let mut numbers = stored.numbers()?;
        if let [rows, _, ..] = *stored.shape()
            && !Plan::is_fixed(name)
        {
            let row = numbers.len() / rows.max(1);
            let rows = numbers.chunks_exact_mut(row.max(1));
            match *self {
                Self::Noise { amount, seed } => noise::add(&mut numbers, amount, (seed, number)),
                Self::Quantisation { bits } => rows.for_each(|row| quantise::round(row, bits)),
                Self::Pruning { share } => rows.for_each(|row| prune::prune(row, share)),
            }
        }
        Ok(numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect())
    }
}
