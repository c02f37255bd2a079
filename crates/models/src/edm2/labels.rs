//! The class of each image.

use candle_core::{DType, Device, Tensor};

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

    /// Weights of the classes for each image `[batch, classes]`: one-hot rows, or mixtures.
    pub fn weights(weights: &Tensor) -> Result<Self> {
        Ok(Self(Some(weights.to_dtype(DType::F32)?)))
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
