//! Products by weights that are trained, and what follows them.

use candle_core::{DType, Device, Tensor};
use foil_kernels::{
    Instructions, bf16,
    passes::{LimitedMix, limited_mix_backward},
    product::{Epilogue, Residual},
};

use super::{
    Buffer, Traced,
    step::{Outcome, Step},
};
use crate::{
    conv2d,
    error::{Named, Result},
    linear,
    mix::mp_sum_scale,
    operation::{Stored, View, cpu, with_slice, zeros},
    weighted::Weighted,
};

/// [`mp_sum`](crate::mp_sum)(residual, product, t), limited to −clip … clip.
#[derive(Debug, Clone, Copy)]
pub struct Mixed<'a> {
    /// Shaped and stored as the product.
    pub residual: &'a Traced,
    /// The product's share.
    pub t: f64,
    /// The limit.
    pub clip: Option<f64>,
}

impl Traced {
    /// As [`conv2d()`](crate::conv2d()) with stride 1 and as much padding as keeps the size, then mixed.
    pub fn conv2d(&self, weight: &Self, mixed: Option<Mixed<'_>>) -> Result<Self> {
        let named = Named::new("conv2d", "weight", weight.value());
        let [_, _, height, width] = named.dimensions("[out, in, kernel height, kernel width]")?;
        if height != width || height.is_multiple_of(2) {
            return Err(named.problem("a kernel that keeps the size is square and odd"));
        }
        let product = conv2d::product(self.value(), named, [1, height / 2])?;
        self.multiplied(product, weight, mixed)
    }

    /// As [`linear()`](crate::linear()), then mixed.
    pub fn linear(&self, weight: &Self, mixed: Option<Mixed<'_>>) -> Result<Self> {
        let product =
            linear::product(self.value(), Named::new("linear", "weight", weight.value()))?;
        self.multiplied(product, weight, mixed)
    }

    fn multiplied(
        &self,
        product: impl Weighted,
        weight: &Self,
        mixed: Option<Mixed<'_>>,
    ) -> Result<Self> {
        let named = self.named(product.name(), "input")?;
        weight.named(product.name(), "weight")?;
        if let Some(mixed) = mixed {
            let shape = [&named.shape[..named.shape.len() - 1], &[product.outputs()]].concat();
            let output = Named {
                name: "output",
                shape: &shape,
                ..named
            };
            output.with(output.beside("residual", mixed.residual.value()), &shape)?;
        }
        let tensors = [self.value(), weight.value()];
        let value = match self.value().dtype() {
            DType::BF16 => forward::<bf16>(&product, tensors, mixed),
            _ => forward::<f32>(&product, tensors, mixed),
        }?;
        let mut inputs = vec![self.clone(), weight.clone()];
        let mix = mixed.map(|Mixed { residual, t, clip }| {
            inputs.push(residual.clone());
            let weights = [1.0 - t, t].map(|weight| (weight * mp_sum_scale(t)) as f32);
            let clip = clip.map_or(f32::INFINITY, |clip| clip as f32);
            LimitedMix { weights, clip }
        });
        Ok(Self::made(value, Multiplied { product, mix }, inputs))
    }
}

fn forward<T: Stored>(
    product: &impl Weighted,
    [x, weight]: [&Tensor; 2],
    mixed: Option<Mixed<'_>>,
) -> Result<Tensor> {
    let x = x.contiguous()?;
    let (storage, layout) = x.storage_and_layout();
    let view = View::new(cpu(&storage)?, layout)?;
    let value = |residual: Option<&[T]>| {
        let residual = residual
            .zip(mixed)
            .map(|(data, mixed)| Residual::magnitude_preserving(data, mixed.t as f32));
        let epilogue = Epilogue {
            residual,
            clip: mixed.and_then(|mixed| mixed.clip).map(|clip| clip as f32),
            ..Epilogue::default()
        };
        with_slice::<T, _>(weight, |weight| product.value(view, weight, &epilogue))
    };
    let (value, shape) = match mixed {
        None => value(None)?,
        Some(mixed) => with_slice::<T, _>(mixed.residual.value(), |data| value(Some(data)))??,
    };
    Ok(Tensor::from_vec(value, shape, &Device::Cpu)?)
}

struct Multiplied<W> {
    product: W,
    mix: Option<LimitedMix>,
}

impl<W: Weighted> Multiplied<W> {
    fn backward<T: Stored>(&self, known: Outcome<'_>) -> Result<Vec<Option<Buffer>>> {
        let mut gradient = known.gradient.of::<T>();
        let mut of_residual = None;
        if let Some(mix) = self.mix {
            let [mut a, mut b] = [0; 2].map(|_| zeros::<T>(gradient.len()));
            with_slice::<T, _>(known.result, |result| {
                let inputs = [result, &gradient];
                limited_mix_backward(Instructions::best(), mix, inputs, [&mut a, &mut b]);
            })?;
            (gradient, of_residual) = (b, Some(T::buffer(a)));
        }
        let (x, weight) = (known.inputs[0], known.inputs[1]);
        let of_input = known.wanted[0].then(|| {
            let mut out = zeros::<T>(x.elem_count());
            with_slice::<T, _>(weight, |weight| {
                self.product.input_gradient(weight, &gradient, &mut out);
            })?;
            Ok::<_, crate::Error>(T::buffer(out))
        });
        let of_weight = known.wanted[1].then(|| {
            let mut sums = vec![0.0; weight.elem_count()];
            with_slice::<T, _>(x, |x| self.product.weight_gradient(x, &gradient, &mut sums))?;
            Ok::<_, crate::Error>(Buffer::F32(sums))
        });
        let mut gradients = vec![of_input.transpose()?, of_weight.transpose()?];
        gradients.extend(self.mix.map(|_| of_residual));
        Ok(gradients)
    }
}

impl<W: Weighted> Step for Multiplied<W> {
    fn gradients(&self, known: Outcome<'_>) -> Result<Vec<Option<Buffer>>> {
        match known.result.dtype() {
            DType::BF16 => self.backward::<bf16>(known),
            _ => self.backward::<f32>(known),
        }
    }
}
