//! Every method of guidance, and those who supply what they need.

use candle_core::Tensor;
use foil_diffusion::{
    Denoiser, FromFunction, Mixture, Noise, Result, Sigma,
    guidance::{Classifier, Composed, Guide, Guides, Plan},
    random::StreamKind,
};

use crate::worlds::{broad, strong, weak};

/// Every guide, with a weight to be written behind the colon.
pub const GUIDES: [&str; 18] = [
    "auto",
    "cfg",
    "truncate",
    "classifier",
    "classifier(dialect=adm)",
    "classifier(dialect=adm-upper)",
    "icg",
    "time-step(scale=2,exponent=0.5)",
    "self(shift=0.03)",
    "dropout",
    "noise(amount=0.2)",
    "skip(blocks=enc.8x8_block0/mid-1)",
    "attention-identity",
    "attention-blur(sigma=inf)",
    "weight-noise(amount=0.1)",
    "bits(n=4)",
    "ema(std=0.05)",
    "window(size=2,stride=1)",
];

/// Every shape.
pub const SHAPES: [&str; 15] = [
    "apg",
    "apg(eta=0.25,norm=0.5,momentum=0.3)",
    "apg(dialect=diffusers)",
    "apg(dialect=comfy)",
    "apg(dialect=sdcpp)",
    "zero-star(zero=0)",
    "zero-star(zero=0.3)",
    "tcfg",
    "tcfg(space=noise)",
    "fdg(low=0.2,high=1.3,levels=3)",
    "mambo(alpha=0.5)",
    "adaptive(threshold=0.9)",
    "adaptive(threshold=0.99,space=noise)",
    "refresh(every=3)",
    "plus-plus",
];

/// Every finish, with parameters at which the small worlds of these tests notice it.
pub const FINISHES: [&str; 4] = [
    "rescale(0.7)",
    "threshold(0.3)",
    "dynamic-threshold(percentile=0.8,max=0.2)",
    "dynamic-threshold(percentile=0.8,max=0.2,cap=0.25)",
];

/// Every schedule.
pub const SCHEDULES: [&str; 4] = [
    "~linear",
    "~cosine",
    "~power(exponent=2.5)",
    "~beta(a=2,b=1.5)",
];

/// Whether a text is of a classifier, whose weight adds.
pub fn is_additive(guide: &str) -> bool {
    guide.starts_with("classifier")
}

/// Plans over all methods: every guide alone, every shape and finish on `cfg`, every schedule, and mixtures.
pub fn plans() -> Vec<String> {
    let guides = GUIDES.iter().map(|guide| format!("{guide}:0.8"));
    let shapes = SHAPES.iter().map(|shape| format!("cfg:0.7,{shape}"));
    let finishes = FINISHES.iter().map(|finish| format!("cfg:2.5,{finish}"));
    let schedules = SCHEDULES
        .iter()
        .map(|schedule| format!("auto:2.5{schedule}@0.1..inf/evaluation"));
    let mixed = [
        "auto:2.1@0.2..5+cfg:1.3",
        "cfg:2@0..1,apg+cfg:1.5@1..inf,refresh,rescale(0.5),threshold(2)",
        "cfg:2.5,adaptive(threshold=0.9),apg(momentum=0.5),fdg+truncate:1.1",
        "cfg:0.6,plus-plus,adaptive(threshold=0.9),refresh(every=2)+auto:1.5",
        "none,threshold(0.5)",
    ];
    let mixed = mixed.iter().map(|&text| text.to_owned());
    guides
        .chain(shapes)
        .chain(finishes)
        .chain(schedules)
        .chain(mixed)
        .collect()
}

/// The weak models of these tests, and the strong one again.
pub struct Worlds {
    /// The seed of the batch's first image, and the number of images.
    pub seeds: std::ops::Range<u64>,
}

impl Guides<'static> for Worlds {
    fn weak(&mut self, guide: &Guide) -> Result<Box<dyn Denoiser>> {
        Ok(match guide {
            Guide::Auto(_) | Guide::Dropout(_) | Guide::Average(_) => Box::new(weak()),
            _ => Box::new(broad()),
        })
    }

    fn again(&mut self) -> Result<Box<dyn Denoiser>> {
        // Pixels of a mixture are independent; a window is noticed by a network that sees more than one.
        let mut network = strong();
        Ok(Box::new(FromFunction::new(move |x: &Tensor, sigma| {
            let mean = (x.mean_keepdim((1, 2, 3))? * 0.1)?;
            Ok(network.denoise(x, sigma)?.broadcast_add(&mean)?)
        })))
    }

    fn classifier(&mut self) -> Result<Box<dyn Classifier>> {
        Ok(Box::new(Towards {
            strong: strong(),
            weak: broad(),
            calls: 0,
        }))
    }

    fn noise(&mut self) -> Result<Noise> {
        Ok(Noise::new(
            StreamKind::Foil,
            self.seeds.clone().map(|seed| seed + (1 << 40)),
        ))
    }
}

/// The gradient of the ratio of two densities: a classifier that has to tell which of the two a point is from.
struct Towards {
    strong: Mixture,
    weak: Mixture,
    calls: u64,
}

impl Classifier for Towards {
    fn gradient(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        self.calls += 1;
        let difference = (self.strong.denoise(noisy, sigma)? - self.weak.denoise(noisy, sigma)?)?;
        Ok((difference / sigma.get().powi(2))?)
    }

    fn evaluations(&self) -> u64 {
        self.calls
    }
}

/// Weak models that are the strong one, and a classifier that knows nothing.
pub struct Mirror;

impl Guides<'static> for Mirror {
    fn weak(&mut self, _guide: &Guide) -> Result<Box<dyn Denoiser>> {
        Ok(Box::new(strong()))
    }

    fn again(&mut self) -> Result<Box<dyn Denoiser>> {
        Ok(Box::new(strong()))
    }
}

/// One weak model for every guide.
pub struct Only<F>(pub F);

impl<'a, D: Denoiser + 'a, F: FnMut() -> D> Guides<'a> for Only<F> {
    fn weak(&mut self, _guide: &Guide) -> Result<Box<dyn Denoiser + 'a>> {
        Ok(Box::new((self.0)()))
    }

    fn again(&mut self) -> Result<Box<dyn Denoiser + 'a>> {
        Ok(Box::new((self.0)()))
    }
}

pub fn plan(text: &str) -> Plan {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// The plan on the small worlds, for images of these seeds.
pub fn guided(text: &str, seeds: std::ops::Range<u64>) -> Composed<'static> {
    plan(text).build(strong(), &mut Worlds { seeds }).unwrap()
}

/// A denoiser that answers with given tensors, one after the other.
pub fn answers(tensors: Vec<Tensor>) -> impl Denoiser {
    let mut next = tensors.into_iter();
    FromFunction::new(move |_: &Tensor, _| Ok(next.next().unwrap()))
}
