//! Classifier guidance against Bayes' rule, and against ADM's own steps.

use candle_core::{DType, Device, Tensor};
use foil_diffusion::{
    Denoiser, Mixture, Noise, Result, Sampler, Sigma,
    guidance::{Classifier, Composed, Guide, Guides},
    random::StreamKind,
    sampler::{Ddim, Ddpm, Variance},
    schedule::{Discrete, Sections, respaced},
};

use super::table::plan;
use crate::worlds::{distance, values};

/// Two classes: (share, mean, deviation).
const CLASSES: [(f64, f64, f64); 2] = [(0.35, -0.8, 0.4), (0.65, 0.6, 0.7)];

/// p(y = 0 | x; σ) of a pixel, from the densities of both classes.
fn log_posterior(x: f64, sigma: f64) -> f64 {
    let [first, second] = CLASSES.map(|(share, mean, deviation)| {
        let variance = deviation * deviation + sigma * sigma;
        share.ln() - 0.5 * variance.ln() - 0.5 * (x - mean).powi(2) / variance
    });
    -(1.0 + (second - first).exp()).ln()
}

/// The gradient of the log posterior by central differences.
struct Exact {
    calls: u64,
}

fn gradient(x: f64, sigma: f64) -> f64 {
    let step = 1e-5 * (1.0 + sigma);
    (log_posterior(x + step, sigma) - log_posterior(x - step, sigma)) / (2.0 * step)
}

impl Classifier for Exact {
    fn gradient(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        self.calls += 1;
        let gradients: Vec<f64> = values(noisy)
            .iter()
            .map(|&x| gradient(x, sigma.get()))
            .collect();
        Ok(Tensor::from_vec(gradients, noisy.shape(), noisy.device())?)
    }

    fn evaluations(&self) -> u64 {
        self.calls
    }
}

impl Guides<'static> for Exact {
    fn weak(&mut self, _guide: &Guide) -> Result<Box<dyn Denoiser>> {
        unreachable!("only a classifier is asked for")
    }

    fn again(&mut self) -> Result<Box<dyn Denoiser>> {
        unreachable!("only a classifier is asked for")
    }

    fn classifier(&mut self) -> Result<Box<dyn Classifier>> {
        Ok(Box::new(Exact { calls: 0 }))
    }
}

fn guided(text: &str) -> Composed<'static> {
    plan(text)
        .build(Mixture::new(&CLASSES).unwrap(), &mut Exact { calls: 0 })
        .unwrap()
}

fn noise(scale: f64) -> Tensor {
    let zeros = Tensor::zeros((5, 2, 3, 1), DType::F64, &Device::Cpu).unwrap();
    (Noise::new(StreamKind::Foil, 9..14)
        .normal_like(&zeros)
        .unwrap()
        * scale)
        .unwrap()
}

#[test]
fn guidance_by_the_true_classifier_with_scale_one_is_the_conditional_denoiser() {
    for level in [0.05, 0.4, 1.3, 20.0] {
        let (x, sigma) = (noise(1.0 + level), Sigma::new(level).unwrap());
        let mut conditional = Mixture::new(&CLASSES[..1]).unwrap();
        let expected = conditional.denoise(&x, sigma).unwrap();
        let found = guided("classifier:1").denoise(&x, sigma).unwrap();
        // Central differences of a step h lose h² and 10⁻¹⁶/h.
        let far = distance(&found, &expected) / (1.0 + level);
        assert!(far < 1e-7, "σ = {level}: {far:e}");
        let unguided = guided("classifier:0").denoise(&x, sigma).unwrap();
        assert!(distance(&unguided, &expected) > 1e-2, "σ = {level}");
    }
}

#[test]
fn a_classifiers_weight_may_have_a_schedule_and_an_interval() {
    let (x, sigma) = (noise(2.0), Sigma::new(1.0).unwrap());
    let denoise = |text: &str| guided(text).denoise(&x, sigma).unwrap();
    // At σ = 1 the time is ½, where `linear` is 1.
    assert!(
        distance(
            &denoise("classifier:1.5~linear"),
            &denoise("classifier:1.5")
        ) < 1e-12
    );
    assert!(distance(&denoise("classifier:1.5@1..5"), &denoise("classifier:0")) == 0.0);
}

/// What ADM's `condition_mean` and `condition_score` receive: ∇ log p(y | x_t) in the variance-preserving x_t.
fn gradient_of_state(state: &Tensor, alpha_bar: f64, sigma: f64) -> Tensor {
    let scale = alpha_bar.sqrt();
    let step = 1e-5;
    let slope = |x: f64| {
        let at = |x: f64| log_posterior(x / scale, sigma);
        (at(x + step) - at(x - step)) / (2.0 * step)
    };
    let gradients: Vec<f64> = values(state).into_iter().map(slope).collect();
    Tensor::from_vec(gradients, state.shape(), &Device::Cpu).unwrap()
}

fn sum(terms: &[(f64, &Tensor)]) -> Tensor {
    let terms = terms
        .iter()
        .map(|&(factor, tensor)| (tensor * factor).unwrap());
    terms.reduce(|left, right| (left + right).unwrap()).unwrap()
}

/// One step of ADM in its own coordinates, from x_t to x_{t'}.
struct Published {
    scale: f64,
    alpha_bar: f64,
    next: f64,
}

impl Published {
    /// `p_sample`: the mean moves by variance · scale · gradient.
    fn ddpm(&self, state: &Tensor, clean: &Tensor, upper: bool, noise: &Tensor) -> Tensor {
        let (ab, next) = (self.alpha_bar, self.next);
        let beta = 1.0 - ab / next;
        let variance = if upper {
            beta
        } else {
            beta * (1.0 - next) / (1.0 - ab)
        };
        let of_clean = beta * next.sqrt() / (1.0 - ab);
        let of_state = (1.0 - next) * (1.0 - beta).sqrt() / (1.0 - ab);
        let gradient = gradient_of_state(state, ab, ((1.0 - ab) / ab).sqrt());
        sum(&[
            (of_clean, clean),
            (of_state, state),
            (variance * self.scale, &gradient),
            (variance.sqrt(), noise),
        ])
    }

    /// `ddim_sample` with η = 0: ε moves by −√(1−ᾱ) · scale · gradient, and x₀ is computed again.
    fn ddim(&self, state: &Tensor, clean: &Tensor) -> Tensor {
        let (ab, next) = (self.alpha_bar, self.next);
        let epsilon = sum(&[
            (1.0 / (1.0 - ab).sqrt(), state),
            (-(ab / (1.0 - ab)).sqrt(), clean),
        ]);
        let gradient = gradient_of_state(state, ab, ((1.0 - ab) / ab).sqrt());
        let epsilon = sum(&[
            (1.0, &epsilon),
            (-(1.0 - ab).sqrt() * self.scale, &gradient),
        ]);
        let clean = sum(&[
            (1.0 / ab.sqrt(), state),
            (-((1.0 - ab) / ab).sqrt(), &epsilon),
        ]);
        sum(&[(next.sqrt(), &clean), ((1.0 - next).sqrt(), &epsilon)])
    }
}

#[test]
fn dialects_are_adms_own_steps() {
    let kept = respaced(1000, &Sections::Counts(vec![20])).unwrap();
    let levels = Discrete::linear(1000).unwrap().levels(&kept).unwrap();
    for (from, to) in levels.moves().filter(|(_, to)| !to.is_zero()) {
        let x = noise(1.0 + from.get());
        let clean = Mixture::new(&CLASSES).unwrap().denoise(&x, from).unwrap();
        let (alpha_bar, next) = (from.alpha_bar(), to.alpha_bar());
        let state = (&x * alpha_bar.sqrt()).unwrap();
        let published = Published {
            scale: 2.5,
            alpha_bar,
            next,
        };
        let drawn = noise(1.0);
        let posterior = Ddpm {
            variance: Variance::Posterior,
        };
        let upper = Ddpm {
            variance: Variance::Upper,
        };
        let cases: [(&str, Box<dyn Sampler>, Tensor); 3] = [
            (
                "classifier(dialect=adm):2.5",
                Box::new(posterior),
                published.ddpm(&state, &clean, false, &drawn),
            ),
            (
                "classifier(dialect=adm-upper):2.5",
                Box::new(upper),
                published.ddpm(&state, &clean, true, &drawn),
            ),
            (
                "classifier:2.5",
                Box::new(Ddim::new(0.0).unwrap()),
                published.ddim(&state, &clean),
            ),
        ];
        for (text, mut sampler, expected) in cases {
            let mut denoiser = guided(text);
            denoiser.begin_step(from, to);
            let mut streams = Noise::new(StreamKind::Foil, 9..14);
            let next_x = sampler
                .step(&mut denoiser, x.clone(), from, to, &mut streams)
                .unwrap();
            let found = (next_x * next.sqrt()).unwrap();
            let far = distance(&found, &expected);
            // Two central differences with steps that correspond only to first order.
            assert!(far < 1e-6, "{text} from {from}: {far:e}");
        }
    }
}
