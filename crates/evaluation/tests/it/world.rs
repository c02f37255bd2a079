//! A tiny classifier with random weights, and images in memory.

use std::collections::BTreeMap;

use candle_core::DType;
use foil_diffusion::random::{FoilStream, Stream};
use foil_evaluation::{Images, Result};
use foil_models::{
    Encoder, StoredTensor, Weights,
    checkpoint::{Provenance, Role, Snapshot},
    edm2::Config,
};

pub const SHAPE: [usize; 3] = [3, 8, 8];
pub const SIZE: usize = 3 * 8 * 8;

/// Tells 5 classes apart, for no reason.
pub fn classifier(role: Role) -> Snapshot {
    let config = Config {
        resolution: 8,
        channels: 3,
        labels: 5,
        model_channels: 16,
        channel_multipliers: vec![1, 2],
        blocks: 1,
        attention_resolutions: vec![4],
        head_channels: 16,
        uncertainty_channels: 0,
        ..Config::default()
    };
    let plan = config.plan().unwrap();
    let described = match role {
        Role::Denoiser => plan.tensors(&config),
        _ => plan.classifier_tensors(&config),
    };
    let mut stream = FoilStream::new(11);
    let mut tensors = BTreeMap::new();
    for (name, shape) in described {
        let mut numbers = vec![0.0_f32; shape.iter().product()];
        stream.fill_normal(&mut numbers);
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
        let tensor = StoredTensor::in_memory(DType::F32, &shape, bytes.collect());
        tensors.insert(name, tensor.unwrap());
    }
    Snapshot {
        role,
        config,
        encoder: Encoder::Rgb,
        weights: Weights::new("tiny", tensors),
        provenance: Provenance::default(),
    }
}

/// Images in memory, `[images, channels, height, width]`.
pub struct Memory {
    pub shape: [usize; 3],
    pub levels: Vec<u8>,
}

impl Memory {
    /// So many images of random levels.
    pub fn random(count: usize) -> Self {
        let mut uniform = vec![0.0; count * SIZE];
        FoilStream::new(3).fill_uniform(&mut uniform);
        let levels = uniform.iter().map(|&number| (256.0 * number) as u8);
        Self {
            shape: SHAPE,
            levels: levels.collect(),
        }
    }

    pub fn image(&self, index: usize) -> &[u8] {
        &self.levels[index * SIZE..][..SIZE]
    }
}

impl Images for Memory {
    fn count(&self) -> usize {
        self.levels.len() / SIZE
    }

    fn shape(&self) -> [usize; 3] {
        self.shape
    }

    fn read(&self, index: usize, out: &mut [u8]) -> Result<()> {
        out.copy_from_slice(self.image(index));
        Ok(())
    }
}
