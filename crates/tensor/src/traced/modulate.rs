//! The step between the two convolutions of EDM2's residual block.

use candle_core::{DType, Device, Tensor};
use foil_kernels::{
    Instructions, bf16,
    passes::{Modulate, modulate, modulate_backward},
};

use super::{
    Buffer, Traced,
    step::{Outcome, Step},
};
use crate::{
    error::Result,
    operation::{Stored, with_slice, zeros},
};

impl Traced {
    /// mp_silu(self · (1 + shift)): `[batch, …, channels]` with a shift `[batch, channels]` in `f32`.
    pub fn modulate(&self, shift: &Self) -> Result<Self> {
        let named = self.named("modulate", "input")?;
        let channels = named.channels(2)?;
        let batch = named.shape[0];
        named.shaped(named.beside("shift", shift.value()), &[batch, channels])?;
        let with = Modulate {
            sample: self.value().elem_count() / batch.max(1),
            channels,
        };
        let value = match self.value().dtype() {
            DType::BF16 => modulated::<bf16>(with, self.value(), shift.value()),
            _ => modulated::<f32>(with, self.value(), shift.value()),
        };
        Ok(Self::made(
            value?,
            Modulated(with),
            vec![self.clone(), shift.clone()],
        ))
    }
}

struct Modulated(Modulate);

fn modulated<T: Stored>(with: Modulate, x: &Tensor, shift: &Tensor) -> Result<Tensor> {
    let mut out = zeros::<T>(x.elem_count());
    with_slice::<T, _>(x, |x| {
        with_slice::<f32, _>(shift, |shift| {
            modulate(Instructions::best(), with, x, shift, &mut out);
        })
    })??;
    Ok(Tensor::from_vec(out, x.shape(), &Device::Cpu)?)
}

impl Modulated {
    fn backward<T: Stored>(&self, known: Outcome<'_>) -> Result<Vec<Option<Buffer>>> {
        let (x, shift) = (known.inputs[0], known.inputs[1]);
        let gradient = known.gradient.of::<T>();
        let mut out = zeros::<T>(x.elem_count());
        let mut sums = vec![0.0; shift.elem_count()];
        with_slice::<T, _>(x, |x| {
            with_slice::<f32, _>(shift, |shift| {
                let inputs = [x, &gradient];
                let outputs = (&mut out[..], &mut sums[..]);
                modulate_backward(Instructions::best(), self.0, inputs, shift, outputs);
            })
        })??;
        Ok(vec![Some(T::buffer(out)), Some(Buffer::F32(sums))])
    }
}

impl Step for Modulated {
    fn gradients(&self, known: Outcome<'_>) -> Result<Vec<Option<Buffer>>> {
        match known.result.dtype() {
            DType::BF16 => self.backward::<bf16>(known),
            _ => self.backward::<f32>(known),
        }
    }
}
