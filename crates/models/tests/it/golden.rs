//! Files of `tests/golden`: tensors that other programs computed, beside the scripts that made them.

use std::{collections::BTreeMap, path::Path};

use candle_core::{DType, Device, Tensor};
use foil_models::{StoredTensor, Weights};
use safetensors::{Dtype, SafeTensors};

/// One file.
pub struct Golden(BTreeMap<String, StoredTensor>);

impl Golden {
    pub fn open(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let bytes = std::fs::read(folder.join(name)).expect("a golden file");
        let tensors = SafeTensors::deserialize(&bytes).expect("a safetensors file");
        let stored = tensors.iter().map(|(name, tensor)| {
            let dtype = match tensor.dtype() {
                Dtype::F32 => DType::F32,
                Dtype::F16 => DType::F16,
                other => panic!("{name}: {other:?}"),
            };
            let stored = StoredTensor::in_memory(dtype, tensor.shape(), tensor.data().to_vec());
            (name.to_owned(), stored.expect("as many bytes as numbers"))
        });
        Self(stored.collect())
    }

    pub fn tensor(&self, name: &str) -> Tensor {
        self.0[name].tensor(&Device::Cpu).expect("floats")
    }

    /// The tensors below `weights.`.
    pub fn weights(&self) -> Weights {
        let weights = self.0.iter().filter_map(|(name, tensor)| {
            Some((name.strip_prefix("weights.")?.to_owned(), tensor.clone()))
        });
        Weights::new("golden", weights.collect())
    }
}

/// The largest difference relative to the largest expected number.
pub fn difference(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.dims(), expected.dims());
    let largest = |tensor: &Tensor| -> candle_core::Result<f32> {
        tensor.abs()?.max_all()?.to_scalar::<f32>()
    };
    let distance = (found - expected).and_then(|distance| largest(&distance));
    f64::from(distance.expect("numbers") / largest(expected).expect("numbers"))
}
