//! From seeds to samples: the draws, the guidance and the trajectory of a batch.

use std::ops::ControlFlow;

use candle_core::{DType, Device, Tensor};
use foil_diffusion::{
    Denoiser, Evaluations, Model, Noise, NoiseLevels, Observer, Step,
    guidance::{Gauge, Guide, Guides, Plan},
    precondition::{Edm, Preconditioned},
    random::StreamKind,
    sample,
    sampler::SamplerChoice,
};

use super::{
    Config, Labels, Network, Packed,
    guides::{Counted, GuideNetworks, Supply},
    streams::Purpose,
};
use crate::{Error, Result};

/// A network for inference that estimates clean images.
pub type Edm2 = Preconditioned<Network<Packed>, Edm>;

/// How images are made.
#[derive(Debug)]
pub struct Generator<'a> {
    /// The network that is guided.
    pub main: &'a Edm2,
    /// What makes it worse while it runs, to study what guides it: the guide that it is itself then.
    pub degradation: Option<Guide>,
    /// What guides it, and how strongly.
    pub plan: Plan,
    /// The other networks that the plan needs.
    pub guides: GuideNetworks<'a>,
    /// The sampler.
    pub sampler: SamplerChoice,
    /// Its noise levels.
    pub levels: NoiseLevels,
    /// Whose random numbers.
    pub stream: StreamKind,
    /// The class of all images; `None` is one drawn for each.
    pub class: Option<u32>,
}

/// A batch of results.
#[derive(Debug)]
pub struct Generated {
    /// `[batch, channels, height, width]`, in single precision: pixels or latents as the network has them.
    pub samples: Tensor,
    /// The class of each; empty if there are none.
    pub classes: Vec<u32>,
    /// Evaluations of the networks for the whole batch.
    pub evaluations: Evaluations,
}

/// What a trajectory begins with: its noise, and a class for each image.
struct Drawn {
    x: Tensor,
    labels: Labels,
    classes: Vec<u32>,
    noise: Noise,
}

impl Generator<'_> {
    /// One image for each seed. Each has a stream of its own, from which come its noise, then its class, then the noise of a
    /// stochastic sampler; so that it does not depend on the batch it is in. EDM2's published order of draws.
    pub fn batch(
        &self,
        seeds: &[u64],
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Generated> {
        let Drawn {
            x,
            labels,
            classes,
            mut noise,
        } = self.draw(seeds, device)?;
        let apart = apart(seeds);
        let strong = self.strong(&mut self.supply(&labels, &classes, &apart))?;
        let mut supply = self.supply(&labels, &classes, seeds);
        let mut denoiser = self.plan.build(strong, &mut supply)?;
        let sampler = self.sampler.build(self.levels.steps())?;
        let samples = sample(
            sampler,
            &mut denoiser,
            x,
            &self.levels,
            &mut noise,
            observer,
        )?;
        let evaluations = denoiser.evaluations();
        drop(denoiser);
        Ok(Generated {
            samples,
            classes,
            evaluations,
        })
    }

    /// The class that each seed draws, without its image; empty if there are none.
    pub fn drawn_classes(&self, seeds: &[u64]) -> Result<Vec<u32>> {
        Ok(self.draw(seeds, &Device::Cpu)?.classes)
    }

    /// What a trajectory begins with.
    fn draw(&self, seeds: &[u64], device: &Device) -> Result<Drawn> {
        let config = self.main.network.config();
        let mut noise = Noise::new(self.stream, seeds.iter().copied());
        let shape = (
            seeds.len(),
            config.channels,
            config.resolution,
            config.resolution,
        );
        let unit = noise.normal_like(&Tensor::zeros(shape, DType::F32, device)?)?;
        // An unconditional network may be led to classes by a classifier.
        let classifier = self.guides.classifier.filter(|_| config.labels == 0);
        let known = classifier.map_or(config.labels, |classifier| classifier.config().labels);
        let classes = self.classes(&mut noise, known);
        Ok(Drawn {
            x: (unit * self.levels.first().get())?,
            labels: match config.labels {
                0 => Labels::none(),
                count => Labels::classes(&classes, count, device)?,
            },
            classes,
            noise,
        })
    }

    /// What is guided: the network, or what its degradation makes of it.
    pub(super) fn strong<'a>(&self, supply: &mut Supply<'a>) -> Result<Box<dyn Denoiser + 'a>> {
        Ok(match &self.degradation {
            Some(degradation) => degradation.weak(supply)?,
            None => supply.again()?,
        })
    }

    fn supply<'a>(
        &'a self,
        labels: &'a Labels,
        classes: &'a [u32],
        seeds: &'a [u64],
    ) -> Supply<'a> {
        Supply {
            main: self.main,
            networks: self.guides,
            labels,
            classes,
            seeds,
        }
    }

    /// A class is drawn even where another is prescribed: the numbers after it stay the same.
    fn classes(&self, noise: &mut Noise, count: usize) -> Vec<u32> {
        if count == 0 {
            return Vec::new();
        }
        let drawn = noise.below(count as u32);
        match self.class {
            None => drawn,
            Some(class) => vec![class; drawn.len()],
        }
    }

    /// The scale of classifier-free guidance that is as strong, measured along the trajectories of these seeds by the unconditional network;
    /// `None` without one.
    pub fn effective_scale(
        &self,
        seeds: &[u64],
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Option<f64>> {
        let Some(unconditional) = self.guides.unconditional else {
            return Ok(None);
        };
        let drawn = self.draw(seeds, device)?;
        let (labels, mut noise) = (&drawn.labels, drawn.noise);
        let apart = apart(seeds);
        let strong = || self.strong(&mut self.supply(labels, &drawn.classes, &apart));
        let mut supply = self.supply(labels, &drawn.classes, seeds);
        let guided = self.plan.build(strong()?, &mut supply)?;
        let mut gauge = Gauge::new(guided, strong()?, unconditional.given(labels));
        let sampler = self.sampler.build(self.levels.steps())?;
        sample(
            sampler,
            &mut gauge,
            drawn.x,
            &self.levels,
            &mut noise,
            observer,
        )?;
        Ok(Some(gauge.scale()))
    }

    /// Evaluations of the networks for each image: counted along a trajectory of one number. The batch does not change them, nor the image, but where
    /// `adaptive` ends guidance early: there these are the most that it may take.
    pub fn evaluations(&self) -> Result<Evaluations> {
        let strong = match &self.degradation {
            Some(degradation) => degradation.weak(&mut Counted)?,
            None => Counted.again()?,
        };
        let mut denoiser = self.plan.build(strong, &mut Counted)?;
        sample(
            self.sampler.build(self.levels.steps())?,
            &mut denoiser,
            Tensor::zeros((1, 1, 1, 1), DType::F32, &Device::Cpu)?,
            &self.levels,
            &mut Noise::new(self.stream, [0]),
            &mut |_: &Step<'_>| ControlFlow::Continue(()),
        )?;
        Ok(denoiser.evaluations())
    }
}

/// Seeds of what a degradation draws, which a guide must not draw too: errors that both make are guided nowhere.
pub(super) fn apart(seeds: &[u64]) -> Vec<u64> {
    let seeds = seeds.iter();
    seeds.map(|seed| Purpose::Degradation.key(*seed)).collect()
}

/// That one network can guide another: images of the same shape, and the same classes if it knows any.
pub fn check_guide(main: &Config, guide: &Config) -> Result<()> {
    let shape = |config: &Config| [config.channels, config.resolution, config.resolution];
    if shape(main) != shape(guide) {
        return Err(Error::Config(format!(
            "the guide makes images {:?}, the main network {:?}",
            shape(guide),
            shape(main)
        )));
    }
    if guide.labels > 0 && guide.labels != main.labels {
        return Err(Error::Config(format!(
            "the guide knows {} classes, the main network {}",
            guide.labels, main.labels
        )));
    }
    Ok(())
}
