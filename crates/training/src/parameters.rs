//! All numbers of a network in one row, so that the optimiser, the averages and the files each are one pass over memory.

use std::ops::Range;

use candle_core::{Device, Tensor};
use foil_diffusion::random::{FoilStream, Stream};
use foil_kernels::{
    Instructions,
    passes::{PixelNorm, pixel_norm},
};
use foil_tensor::traced::Traced;

use crate::Result;

/// What a tensor is to training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A magnitude-preserving weight, whose rows are kept at magnitude 1.
    Weight,
    /// A factor, which starts at 0.
    Gain,
    /// Fourier features, drawn once and never trained.
    Fixed,
}

impl Role {
    /// By its published name.
    fn of(name: &str) -> Self {
        if name.contains("_fourier.") {
            Self::Fixed
        } else if name.ends_with("gain") {
            Self::Gain
        } else {
            Self::Weight
        }
    }
}

/// Where a tensor's numbers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its published name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its place among the trained numbers, or among the fixed ones.
    pub range: Range<usize>,
    /// What it is.
    pub role: Role,
}

impl Entry {
    /// Numbers in a row of a weight.
    fn row(&self) -> usize {
        self.shape.iter().skip(1).product()
    }
}

/// The tensors of a network, in the order of its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    entries: Vec<Entry>,
    trained: usize,
    fixed: usize,
}

impl Layout {
    /// Of tensors by name and shape.
    pub fn new(tensors: Vec<(String, Vec<usize>)>) -> Self {
        let (mut trained, mut fixed) = (0, 0);
        let entries = tensors.into_iter().map(|(name, shape)| {
            let role = Role::of(&name);
            let end = match role {
                Role::Fixed => &mut fixed,
                Role::Weight | Role::Gain => &mut trained,
            };
            let start = *end;
            *end += shape.iter().product::<usize>();
            Entry {
                range: start..*end,
                name,
                shape,
                role,
            }
        });
        let entries = entries.collect();
        Self {
            entries,
            trained,
            fixed,
        }
    }

    /// All tensors.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many numbers are trained.
    pub fn trained(&self) -> usize {
        self.trained
    }

    /// How many are not.
    pub fn fixed(&self) -> usize {
        self.fixed
    }

    /// The start of a run: normal weights, gains of 0, and random Fourier features: 2π·N(0, 1) and 2π·U(0, 1).
    ///
    /// Trained numbers, then fixed ones. Each tensor has a stream of its own.
    pub(crate) fn initial(&self, seed: u64) -> [Vec<f32>; 2] {
        let (mut trained, mut fixed) = (vec![0.0; self.trained], vec![0.0; self.fixed]);
        for (index, entry) in self.entries.iter().enumerate() {
            let mut stream = FoilStream::after(seed, index as u32);
            match entry.role {
                Role::Gain => {}
                Role::Weight => stream.fill_normal(&mut trained[entry.range.clone()]),
                Role::Fixed => features(&mut stream, &entry.name, &mut fixed[entry.range.clone()]),
            }
        }
        [trained, fixed]
    }

    /// Brings each row of each weight to magnitude 1: forced weight normalisation. Karras et al. 2024, Eq. 66.
    pub(crate) fn normalise(&self, trained: &mut [f32]) {
        let weights = self
            .entries
            .iter()
            .filter(|entry| entry.role == Role::Weight);
        for entry in weights {
            let rows = &mut trained[entry.range.clone()];
            let before = rows.to_vec();
            let norm = PixelNorm {
                channels: entry.row(),
                epsilon: 1e-4,
            };
            pixel_norm(Instructions::best(), norm, &before, rows);
        }
    }

    /// Each as a variable, or as a constant if it is not trained, in the order of the entries.
    pub(crate) fn variables(&self, trained: &[f32], fixed: &[f32]) -> Result<Vec<Traced>> {
        let tensors = self.entries.iter().map(|entry| {
            let numbers = match entry.role {
                Role::Fixed => &fixed[entry.range.clone()],
                Role::Weight | Role::Gain => &trained[entry.range.clone()],
            };
            let tensor = Tensor::from_slice(numbers, entry.shape.as_slice(), &Device::Cpu)?;
            Ok(match entry.role {
                Role::Fixed => Traced::constant(tensor),
                Role::Weight | Role::Gain => Traced::variable(tensor),
            })
        });
        tensors.collect()
    }
}

fn features(stream: &mut FoilStream, name: &str, out: &mut [f32]) {
    use std::f64::consts::TAU;
    if name.ends_with("freqs") {
        stream.fill_normal(out);
        for number in out {
            *number = (f64::from(*number) * TAU) as f32;
        }
    } else {
        let mut uniform = vec![0.0; out.len()];
        stream.fill_uniform(&mut uniform);
        for (number, uniform) in out.iter_mut().zip(uniform) {
            *number = (TAU * uniform) as f32;
        }
    }
}
