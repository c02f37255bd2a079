//! Images that are made to be judged, and not kept.

use anyhow::Result;
use candle_core::Device;
use foil_diffusion::Step;
use foil_models::{Pixels, edm2::Generated};

use super::{Batch, Order, Seeds, Source};
use crate::{
    commands::{
        evaluate::manifest::{EvaluationsManifest, GeneratedManifest},
        sample::{Networks, Settings, finite},
    },
    files::Files,
    interrupt,
    progress::Progress,
};

/// Images at once, unless it is said.
const BATCH: usize = 16;

/// What images of some settings are.
pub struct GeneratedSource {
    settings: Settings,
    networks: Networks,
    seeds: Seeds,
    batch: usize,
    device: Device,
    evaluations: EvaluationsManifest,
}

impl GeneratedSource {
    /// Of so many seeds from the first one on. The weights are read.
    pub fn open(
        settings: Settings,
        seeds: Seeds,
        (batch, device): (Option<usize>, &Device),
        files: &Files,
        progress: &Progress,
    ) -> Result<Self> {
        settings.check()?;
        let mut networks = Networks::open(&settings, files)?;
        networks.load(settings.precision, device, &progress.passing())?;
        let loaded = networks.loaded()?;
        let counted = loaded.generator(&settings)?.evaluations()?;
        Ok(Self {
            settings,
            seeds,
            batch: batch.unwrap_or(BATCH),
            device: device.clone(),
            evaluations: EvaluationsManifest {
                main: counted.strong,
                guide: counted.weak,
            },
            networks,
        })
    }

    /// Everything that decides what the images look like.
    pub fn manifest(&self) -> GeneratedManifest {
        let labels = match (self.settings.class, self.networks.classes()) {
            (_, 0) => "none".to_owned(),
            (Some(class), _) => format!("class {class}"),
            (None, _) => match self.seeds.order {
                Order::Following => "drawn by each image's own seed, all classes equally likely",
                Order::InTurn => "in turn: of each class the next seed that draws it",
            }
            .to_owned(),
        };
        let Seeds { first, count, .. } = self.seeds;
        let seeds = match self.seeds.order {
            Order::Following => format!("{first}-{}", first + count as u64 - 1),
            Order::InTurn => format!("{first}-, {count} of them"),
        };
        GeneratedManifest {
            settings: self.settings.clone(),
            weights: self.networks.fingerprints(),
            seeds,
            labels,
            evaluations: self.evaluations,
        }
    }

    fn batch(&self, seeds: &[u64], made: &Generated) -> Result<Batch> {
        let loaded = self.networks.loaded()?;
        let mut levels = Vec::new();
        for (row, &seed) in seeds.iter().enumerate() {
            let sample = made.samples.narrow(0, row, 1)?;
            finite(&sample, seed)?;
            for pixels in loaded.pixels(&sample)? {
                levels.extend(planes(&pixels));
            }
        }
        Ok(Batch {
            levels,
            classes: made.classes.clone(),
        })
    }
}

impl Source for GeneratedSource {
    fn count(&self) -> usize {
        self.seeds.count
    }

    fn shape(&self) -> [usize; 3] {
        let side = self.networks.image_side();
        [self.networks.image_channels(), side, side]
    }

    fn has_classes(&self) -> bool {
        self.networks.classes() > 0
    }

    fn each(&mut self, first: usize, take: &mut dyn FnMut(&Batch) -> Result<()>) -> Result<()> {
        let loaded = self.networks.loaded()?;
        let generator = loaded.generator(&self.settings)?;
        let seeds = self.seeds.list(&generator, self.networks.classes())?;
        for seeds in seeds[first..].chunks(self.batch) {
            let made =
                generator.batch(seeds, &self.device, &mut |_: &Step<'_>| interrupt::check())?;
            take(&self.batch(seeds, &made)?)?;
        }
        Ok(())
    }
}

/// `[height, width, channels]` to `[channels, height, width]`.
pub(super) fn planes(pixels: &Pixels) -> Vec<u8> {
    let plane = |channel: usize| pixels.bytes.iter().skip(channel).step_by(pixels.channels);
    (0..pixels.channels).flat_map(plane).copied().collect()
}
