//! An operation in candle's graph.

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Device, Layout, Result, Shape, Tensor,
    backend::BackendStorage,
};
use foil_kernels::bf16;

use super::{Known, Operation, Stored, View, view::cpu};

/// An operation in candle's graph.
pub(super) struct Node<O>(pub(super) O);

impl<O> Node<O> {
    fn forward<const N: usize>(
        &self,
        inputs: [(&CpuStorage, &Layout); N],
    ) -> Result<(CpuStorage, Shape)>
    where
        O: Operation<N>,
    {
        match inputs[0].0.dtype() {
            DType::F32 => self.forward_of::<f32, N>(inputs),
            DType::BF16 => self.forward_of::<bf16, N>(inputs),
            other => candle_core::bail!("{}: no kernel for {other:?}", self.0.name()),
        }
    }

    fn forward_of<T: Stored, const N: usize>(
        &self,
        inputs: [(&CpuStorage, &Layout); N],
    ) -> Result<(CpuStorage, Shape)>
    where
        O: Operation<N>,
    {
        let mut views = [View::NONE; N];
        for (view, (storage, layout)) in views.iter_mut().zip(inputs) {
            *view = View::new(storage, layout)?;
        }
        let (result, shape) = self.0.forward::<T>(views);
        Ok((T::to_cpu_storage_owned(result), Shape::from(shape)))
    }

    fn backward<const N: usize>(
        &self,
        inputs: [&Tensor; N],
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<[Option<Tensor>; N]>
    where
        O: Operation<N>,
    {
        match gradient.dtype() {
            DType::F32 => self.backward_of::<f32, N>(inputs, result, gradient),
            DType::BF16 => self.backward_of::<bf16, N>(inputs, result, gradient),
            other => candle_core::bail!("{}: no kernel for {other:?}", self.0.name()),
        }
    }

    fn backward_of<T: Stored, const N: usize>(
        &self,
        inputs: [&Tensor; N],
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<[Option<Tensor>; N]>
    where
        O: Operation<N>,
    {
        let gradient = gradient.contiguous()?;
        let stored = inputs.map(Tensor::storage_and_layout);
        let mut views = [View::NONE; N];
        for (view, (storage, layout)) in views.iter_mut().zip(&stored) {
            *view = View::new(cpu(storage)?, layout)?;
        }
        let (result, result_layout) = result.storage_and_layout();
        let (gradient, gradient_layout) = gradient.storage_and_layout();
        let known = Known {
            result: View::new(cpu(&result)?, result_layout)?.data,
            gradient: View::new(cpu(&gradient)?, gradient_layout)?.data,
            wanted: inputs.map(Tensor::track_op),
        };
        let gradients = self.0.backward::<T>(views, &known);
        let mut tensors = [const { None }; N];
        for ((tensor, gradient), input) in tensors.iter_mut().zip(gradients).zip(inputs) {
            if let Some(gradient) = gradient {
                *tensor = Some(Tensor::from_vec(gradient, input.shape(), &Device::Cpu)?);
            }
        }
        Ok(tensors)
    }
}

impl<O: Operation<1>> CustomOp1 for Node<O> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn cpu_fwd(&self, a: &CpuStorage, a_layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.forward([(a, a_layout)])
    }

    fn bwd(&self, a: &Tensor, result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let [a] = self.backward([a], result, gradient)?;
        Ok(a)
    }
}

impl<O: Operation<2>> CustomOp2 for Node<O> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward([(a, a_layout), (b, b_layout)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [a, b] = self.backward([a, b], result, gradient)?;
        Ok((a, b))
    }
}

impl<O: Operation<3>> CustomOp3 for Node<O> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
        c: &CpuStorage,
        c_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward([(a, a_layout), (b, b_layout), (c, c_layout)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [a, b, c] = self.backward([a, b, c], result, gradient)?;
        Ok((a, b, c))
    }
}
