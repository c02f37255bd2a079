//! A tiny data set and tiny runs on it.

use std::{ops::ControlFlow, path::Path, sync::Arc};

use candle_core::DType;
use foil_data::{Dataset, Options};
use foil_models::{Encoder, Weights, edm2::Config};
use foil_training::{
    Classification, Data, Denoising, Folder, Goal, Images, Intervals, LearningRate, NoiseLevels,
    Observer, Precision, Presentation, Progress, Run, Settings, Status, Training,
};

const SIZE: usize = 8;
const CLASSES: usize = 3;

/// Writes 48 images of 8×8: three shapes, moved and dimmed.
pub fn write_data(folder: &Path) {
    let count = 48;
    let mut images = vec![0, 0, 8, 3, 0, 0, 0, count as u8, 0, 0, 0, 8, 0, 0, 0, 8];
    let mut labels = vec![0, 0, 8, 1, 0, 0, 0, count as u8];
    for index in 0..count {
        let (class, shift) = (index % CLASSES, index / CLASSES % 4);
        let light = 255 - (index / 12 * 40) as u8;
        for y in 0..SIZE {
            for x in 0..SIZE {
                let lit = match class {
                    0 => x == 2 + shift,
                    1 => y == 2 + shift,
                    _ => x + y == 4 + 2 * shift,
                };
                images.push(if lit { light } else { 0 });
            }
        }
        labels.push(class as u8);
    }
    std::fs::write(folder.join("train-images-idx3-ubyte"), images).unwrap();
    std::fs::write(folder.join("train-labels-idx1-ubyte"), labels).unwrap();
}

pub fn network() -> Config {
    Config {
        resolution: SIZE,
        channels: 1,
        labels: CLASSES,
        model_channels: 16,
        channel_multipliers: vec![1, 2],
        blocks: 1,
        attention_resolutions: vec![4],
        head_channels: 16,
        uncertainty_channels: 16,
        ..Config::default()
    }
}

pub const LEVELS: NoiseLevels = NoiseLevels {
    mean: -0.8,
    deviation: 1.2,
};

pub fn settings() -> Settings {
    Settings {
        data: Data {
            path: String::new(),
            fingerprint: String::new(),
            resolution: None,
            fit: None,
            mirror: true,
        },
        training: Training {
            images: 120,
            batch: 10,
            micro_batch: 7,
            seed: 5,
            precision: Precision::F32,
            learning_rate: LearningRate {
                reference: 0.01,
                decay_images: 400,
                ramp_images: 30,
            },
            average_stds: vec![0.05, 0.10],
        },
        intervals: Intervals {
            status: 30,
            state: 40,
            snapshot: 20,
            samples: 60,
            keep_snapshots: None,
        },
        task: Goal::Denoiser {
            network: network(),
            noise: LEVELS,
        },
    }
}

pub fn images(data: &Path, settings: &Settings) -> Images {
    let dataset = Dataset::open(data, &Options::default()).unwrap();
    let presentation = Presentation {
        encoder: Encoder::Rgb,
        seed: settings.training.seed,
        mirror: settings.data.mirror,
    };
    Images::new(Arc::new(dataset), presentation).unwrap()
}

pub fn denoising(data: &Path, settings: &Settings) -> Denoising {
    let dtype = match settings.training.precision {
        Precision::F32 => DType::F32,
        Precision::Bf16 => DType::BF16,
    };
    let network = settings.task.network().clone();
    Denoising::new(network, LEVELS, dtype, images(data, settings)).unwrap()
}

pub fn classification(data: &Path, settings: &Settings) -> Classification {
    let network = settings.task.network().clone();
    Classification::new(network, None, DType::F32, images(data, settings)).unwrap()
}

/// Remembers what it is told, and stops a run after so many images.
#[derive(Default)]
pub struct Watcher {
    pub stop: Option<u64>,
    pub statuses: Vec<Status>,
    pub pictures: Vec<u64>,
}

impl Observer for Watcher {
    fn step(&mut self, progress: &Progress) -> ControlFlow<()> {
        match self.stop {
            Some(images) if progress.images >= images => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn status(&mut self, status: &Status) {
        self.statuses.push(status.clone());
    }

    fn samples(&mut self, images_seen: u64, network: &Weights) -> foil_training::Result<()> {
        assert!(network.iter().count() > 10);
        self.pictures.push(images_seen);
        Ok(())
    }
}

/// Trains in a folder as far as the watcher lets it.
#[expect(
    clippy::result_large_err,
    reason = "errors are looked at, not handed on"
)]
pub fn train(
    data: &Path,
    out: &Path,
    settings: &Settings,
    watcher: &mut Watcher,
) -> foil_training::Result<()> {
    let mut task = denoising(data, settings);
    let mut run = Run::open(Folder::open(out)?, settings.clone(), &task)?;
    run.train(&mut task, watcher)
}
