//! Arithmetic on each image of a batch by itself, so that no image depends on its neighbours.
//!
//! On the CPU a guided estimate is one pass over plain slices where tensor operations would be three, each with a tensor of its
//! own; elsewhere, and in other types, it is those operations. Inner products are summed in f64.

mod pyramid;
mod slices;

pub(in crate::guidance) use pyramid::weighted_levels;

use candle_core::{DType, Tensor, WithDType};

use crate::{Error, Result};
use slices::{in_parts, on_slices};

/// A factor for all images of a batch, or one for each.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::guidance) enum Factor {
    Same(f64),
    Each(Vec<f64>),
}

impl Factor {
    fn of(&self, image: usize) -> f64 {
        match self {
            Self::Same(factor) => *factor,
            Self::Each(factors) => factors[image],
        }
    }

    /// How many parts of a batch of `images` have a factor of their own: small images under one factor are one long part.
    fn parts(&self, images: &Tensor) -> usize {
        match self {
            Self::Same(_) => 1,
            Self::Each(_) => count(images),
        }
    }

    /// Each factor times `more`.
    pub(in crate::guidance) fn times(&self, more: &Self, images: usize) -> Self {
        match (self, more) {
            (Self::Same(left), Self::Same(right)) => Self::Same(left * right),
            _ => Self::Each(
                (0..images)
                    .map(|image| self.of(image) * more.of(image))
                    .collect(),
            ),
        }
    }

    /// Each factor and `more`.
    pub(in crate::guidance) fn plus(&self, more: f64, images: usize) -> Self {
        match self {
            Self::Same(factor) => Self::Same(factor + more),
            Self::Each(_) => Self::Each((0..images).map(|image| self.of(image) + more).collect()),
        }
    }

    /// As a tensor `[batch, 1, …]` that multiplies images like `image`.
    fn tensor(&self, image: &Tensor) -> Result<Tensor> {
        let batch = image.dim(0)?;
        let values: Vec<f64> = (0..batch).map(|image| self.of(image)).collect();
        let mut shape = vec![1; image.rank()];
        shape[0] = batch;
        Ok(Tensor::from_vec(values, shape, image.device())?.to_dtype(image.dtype())?)
    }
}

/// The number of images.
pub(in crate::guidance) fn count(images: &Tensor) -> usize {
    images.dims().first().copied().unwrap_or(0)
}

/// base + factor·(strong − weak). An image whose factor is 0 is `base`, bit for bit.
pub(in crate::guidance) fn advance(
    base: &Tensor,
    strong: &Tensor,
    weak: &Tensor,
    factor: &Factor,
) -> Result<Tensor> {
    check("the weak estimate", weak, strong)?;
    check("the strong estimate", strong, base)?;
    let fast = match base.dtype() {
        DType::F32 => advance_slices::<f32>(base, strong, weak, factor),
        DType::F64 => advance_slices::<f64>(base, strong, weak, factor),
        _ => None,
    };
    match fast {
        Some(values) => values,
        None => Ok((base + (strong - weak)?.broadcast_mul(&factor.tensor(base)?)?)?),
    }
}

fn advance_slices<T: WithDType>(
    base: &Tensor,
    strong: &Tensor,
    weak: &Tensor,
    factor: &Factor,
) -> Option<Result<Tensor>> {
    let values = on_slices::<3, T, _>([base, strong, weak], |slices| {
        in_parts(
            factor.parts(base),
            slices,
            |image, [base, strong, weak], out| {
                let factor = factor.of(image);
                if factor == 0.0 {
                    return out.extend_from_slice(base);
                }
                let factor = T::from_f64(factor);
                let pairs = strong.iter().zip(weak);
                let row = base.iter().zip(pairs);
                out.extend(row.map(|(&base, (&strong, &weak))| base + factor * (strong - weak)));
            },
        )
    })?;
    Some(Tensor::from_vec(values, base.shape(), base.device()).map_err(Error::from))
}

/// base + factor·direction. An image whose factor is 0 is `base`, bit for bit.
pub(in crate::guidance) fn plus(
    base: &Tensor,
    direction: &Tensor,
    factor: &Factor,
) -> Result<Tensor> {
    check("the addition", direction, base)?;
    let fast = match base.dtype() {
        DType::F32 => plus_slices::<f32>(base, direction, factor),
        DType::F64 => plus_slices::<f64>(base, direction, factor),
        _ => None,
    };
    match fast {
        Some(values) => values,
        None => Ok((base + direction.broadcast_mul(&factor.tensor(base)?)?)?),
    }
}

fn plus_slices<T: WithDType>(
    base: &Tensor,
    direction: &Tensor,
    factor: &Factor,
) -> Option<Result<Tensor>> {
    let values = on_slices::<2, T, _>([base, direction], |slices| {
        in_parts(
            factor.parts(base),
            slices,
            |image, [base, direction], out| {
                let factor = factor.of(image);
                if factor == 0.0 {
                    return out.extend_from_slice(base);
                }
                let factor = T::from_f64(factor);
                let row = base.iter().zip(direction);
                out.extend(row.map(|(&base, &direction)| base + factor * direction));
            },
        )
    })?;
    Some(Tensor::from_vec(values, base.shape(), base.device()).map_err(Error::from))
}

/// factor·images.
pub(in crate::guidance) fn scaled(images: &Tensor, factor: &Factor) -> Result<Tensor> {
    match factor {
        Factor::Same(factor) => Ok((images * *factor)?),
        Factor::Each(_) => Ok(images.broadcast_mul(&factor.tensor(images)?)?),
    }
}

/// ⟨left, right⟩ of each image.
pub(in crate::guidance) fn dot(left: &Tensor, right: &Tensor) -> Result<Vec<f64>> {
    check("an estimate", left, right)?;
    let fast = match left.dtype() {
        DType::F32 => dot_slices::<f32>(left, right),
        DType::F64 => dot_slices::<f64>(left, right),
        _ => None,
    };
    if let Some(products) = fast {
        return Ok(products);
    }
    let (left, right) = (left.to_dtype(DType::F64)?, right.to_dtype(DType::F64)?);
    Ok((left * right)?.flatten_from(1)?.sum(1)?.to_vec1()?)
}

fn dot_slices<T: WithDType>(left: &Tensor, right: &Tensor) -> Option<Vec<f64>> {
    on_slices::<2, T, _>([left, right], |slices| {
        in_parts(
            count(left),
            slices,
            |_, [left, right], out: &mut Vec<f64>| {
                // Partial sums, so that the additions do not wait for each other.
                let mut sums = [0.0; 8];
                for (left, right) in left.chunks(8).zip(right.chunks(8)) {
                    for (sum, (left, right)) in sums.iter_mut().zip(left.iter().zip(right)) {
                        *sum += left.to_f64() * right.to_f64();
                    }
                }
                out.push(sums.iter().sum());
            },
        )
    })
}

/// One number of each image, from its numbers in f64 on the host.
pub(in crate::guidance) fn measure(
    images: &Tensor,
    number: impl FnMut(&mut [f64]) -> f64,
) -> Result<Vec<f64>> {
    let mut values: Vec<f64> = images.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?;
    let pixels = values.len() / count(images).max(1);
    Ok(values.chunks_mut(pixels.max(1)).map(number).collect())
}

fn check(what: &'static str, tensor: &Tensor, like: &Tensor) -> Result<()> {
    if tensor.dims() == like.dims() {
        return Ok(());
    }
    Err(Error::Shape {
        what,
        found: tensor.dims().to_vec(),
        expected: like.dims().to_vec(),
    })
}
