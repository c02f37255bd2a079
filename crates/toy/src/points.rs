//! Points of the plane, and as images `[n, 2, 1, 1]` for the samplers.

use candle_core::{DType, Tensor};
use foil_diffusion::{Error, Result, Sigma};

/// A point of the plane.
pub type Point = [f32; 2];

/// The points of a tensor `[n, 2, 1, 1]`.
pub fn points_of(tensor: &Tensor) -> Result<Vec<Point>> {
    if tensor.rank() != 4 || tensor.dims()[1..] != [2, 1, 1] {
        let expected = vec![tensor.dims().first().copied().unwrap_or(0), 2, 1, 1];
        return Err(Error::Shape {
            what: "the set of points",
            found: tensor.dims().to_vec(),
            expected,
        });
    }
    let values = tensor
        .to_dtype(DType::F32)?
        .flatten_all()?
        .to_vec1::<f32>()?;
    Ok(values.as_chunks().0.to_vec())
}

/// Points as a tensor `[n, 2, 1, 1]`.
pub fn tensor_of(points: &[Point]) -> Result<Tensor> {
    Ok(Tensor::from_slice(
        points.as_flattened(),
        (points.len(), 2, 1, 1),
        &candle_core::Device::Cpu,
    )?)
}

/// Points in the type and place of another tensor of points.
pub(crate) fn tensor_like(points: &[Point], like: &Tensor) -> Result<Tensor> {
    Ok(tensor_of(points)?
        .to_dtype(like.dtype())?
        .to_device(like.device())?)
}

/// D = x + σ²·∇ log p (Tweedie).
pub(crate) fn denoised(points: &[Point], scores: &[Point], sigma: Sigma) -> Vec<Point> {
    let variance = sigma.get().powi(2) as f32;
    let clean =
        |(x, score): (&Point, &Point)| [x[0] + variance * score[0], x[1] + variance * score[1]];
    points.iter().zip(scores).map(clean).collect()
}
