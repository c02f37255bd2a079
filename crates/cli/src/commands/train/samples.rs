//! A picture of what the network makes, on the way: a column for each class, always of the same seeds.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use candle_core::{DType, Device};
use foil_diffusion::{
    Silent, guidance::Plan, random::StreamKind, sampler::SamplerChoice, schedule::Karras,
};
use foil_models::{
    Encoder, Pixels, Weights,
    edm2::{Config, Generator, GuideNetworks, Network, Packing},
};

use crate::commands::sample;

const ROWS: u64 = 6;
/// Columns, where the network knows no classes.
const COLUMNS: u64 = 10;
const MOST_COLUMNS: u64 = 16;
const STEPS: usize = 16;

/// Draws pictures of a network.
pub struct Samples {
    config: Config,
    encoder: Encoder,
    folder: PathBuf,
}

impl Samples {
    /// Of networks of this description, into the run's folder.
    pub fn new(config: Config, encoder: Encoder, run: &Path) -> Self {
        Self {
            config,
            encoder,
            folder: run.join("samples"),
        }
    }

    /// Draws one, and says where.
    pub fn draw(&self, images_seen: u64, weights: &Weights) -> Result<PathBuf> {
        let columns = match self.config.labels as u64 {
            0 => COLUMNS,
            classes => classes.min(MOST_COLUMNS),
        };
        let packing = Packing {
            dtype: DType::F32,
            device: Device::Cpu,
            batch: ROWS as usize,
        };
        let network = Network::load(&self.config, weights, &packing)?.preconditioned();
        let mut columns_of_images = Vec::new();
        for column in 0..columns {
            let generator = Generator {
                main: &network,
                degradation: None,
                plan: Plan::none(),
                guides: GuideNetworks::default(),
                sampler: "heun".parse::<SamplerChoice>()?,
                levels: Karras::new(0.002, 80.0, 7.0)?.levels(STEPS)?,
                stream: StreamKind::Foil,
                class: (self.config.labels > 0).then_some(column as u32),
            };
            let seeds: Vec<u64> = (0..ROWS).map(|row| row * columns + column).collect();
            let made = generator.batch(&seeds, &Device::Cpu, &mut Silent)?;
            columns_of_images.push(self.encoder.pixels(&made.samples)?);
        }
        let rows = 0..ROWS as usize;
        let images: Vec<Pixels> = rows
            .flat_map(|row| {
                columns_of_images
                    .iter()
                    .map(move |column| column[row].clone())
            })
            .collect();
        let path = self.folder.join(format!("{images_seen:010}.png"));
        sample::write_sheet(&path, &images, columns as usize).context("a picture of samples")?;
        Ok(path)
    }
}
