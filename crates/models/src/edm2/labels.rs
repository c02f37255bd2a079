//! The class of each image.

use candle_core::{DType, Device, Tensor};
use foil_diffusion::random::{FoilStream, Stream};

use super::streams::{Purpose, check_seeds};
use crate::{Error, Result};

/// What a network is told besides the image.
#[derive(Debug, Clone, Default)]
pub struct Labels(Option<Tensor>);

impl Labels {
    /// No classes: what an unconditional network is given, and a conditional one on which no class was pressed.
    pub fn none() -> Self {
        Self(None)
    }

    /// One class for each image, each below `count`.
    pub fn classes(classes: &[u32], count: usize, device: &Device) -> Result<Self> {
        let mut rows = vec![0.0_f32; classes.len() * count];
        for (row, &class) in rows.chunks_mut(count.max(1)).zip(classes) {
            let place = row.get_mut(class as usize).ok_or_else(|| {
                Error::Condition(format!(
                    "class {class} does not exist: the network knows 0 to {}",
                    count.saturating_sub(1)
                ))
            })?;
            *place = 1.0;
        }
        if count == 0 && !classes.is_empty() {
            return Err(Error::Condition(
                "the network is unconditional: it has no classes".into(),
            ));
        }
        Ok(Self(Some(Tensor::from_vec(
            rows,
            (classes.len(), count),
            device,
        )?)))
    }

    /// A class for each image, drawn from the stream of its seed without regard to anything: what independent-condition guidance tells
    /// its weak side. Some images get their own class. Sadat et al. 2024 (2407.02687), section 4.1.
    pub fn independent(seeds: &[u64], count: usize, device: &Device) -> Result<Self> {
        Self::classes(&drawn(seeds, count)?, count, device)
    }

    /// The same of the classes that an image is not of: where classes are few, none is guided by its own.
    pub fn others(classes: &[u32], seeds: &[u64], count: usize, device: &Device) -> Result<Self> {
        check_seeds(seeds.len(), classes.len())?;
        let drawn = drawn(seeds, count.saturating_sub(1))?;
        let other = |(drawn, &own): (u32, &u32)| drawn + u32::from(drawn >= own);
        let others: Vec<u32> = drawn.into_iter().zip(classes).map(other).collect();
        Self::classes(&others, count, device)
    }

    /// Weights of the classes for each image `[batch, classes]`: one-hot rows, or mixtures.
    pub fn weights(weights: &Tensor) -> Result<Self> {
        Ok(Self(Some(weights.to_dtype(DType::F32)?)))
    }

    /// The weights of the classes for each image `[batch, classes]`, if there are any.
    pub fn tensor(&self) -> Option<&Tensor> {
        self.0.as_ref()
    }

    /// `[batch, classes]`, zeros where there are none.
    pub(super) fn rows(&self, batch: usize, count: usize, device: &Device) -> Result<Tensor> {
        let Some(rows) = &self.0 else {
            return Ok(Tensor::zeros((batch, count), DType::F32, device)?);
        };
        if rows.dims() == [batch, count] {
            return Ok(rows.clone());
        }
        Err(Error::Condition(format!(
            "labels {:?} do not fit {batch} images and {count} classes",
            rows.dims()
        )))
    }
}

/// A number below `count` for each seed.
fn drawn(seeds: &[u64], count: usize) -> Result<Vec<u32>> {
    if count == 0 {
        return Err(Error::Condition("there is no class to draw".into()));
    }
    let keys = seeds.iter().map(|&seed| Purpose::Class.key(seed));
    let drawn = keys.map(|key| FoilStream::new(key).below(count as u32));
    Ok(drawn.collect())
}
