//! `apg(eta,norm,momentum,dialect)`: adaptive projected guidance. Sadat et al. 2024, arXiv 2410.02416.
//!
//! m ← Δ + β·m_before; m̂ = m·min(1, r/‖m‖); then the part of m̂ along D_m is multiplied by η: m̃ = m̂ − (1 − η)·⟨m̂, D_m⟩/‖D_m‖²·D_m. In D;
//! the angle to the estimate is another one in ε or v. Published (w, η, r, β): EDM2-S 4, 0, 2.5, −0.75 (the defaults); DiT 4, 0, 5, −0.5;
//! SDXL 15, 0, 15, −0.5; SD 2.1 10, 0, 7.5, −0.75. r = 0 is no limit, β = 0 no momentum; η = 1 with both is CFG.
//!
//! | dialect | D | norm limit |
//! |---|---|---|
//! | `paper` | D_m + (w − 1)·m̃ | r/‖m‖ |
//! | `diffusers` | D_weak + w·m̃ | r/‖m‖ |
//! | `comfy` (diffusers' `use_original_formulation`) | D_m + w·m̃ | r/‖m‖ |
//! | `sdcpp` | D_m + (w − 1)·m̃ | r/(‖m‖·256/√(numbers of an image)) |
//!
//! Momentum is of evaluations at which the term acts, as in the published programs; a second-order step has two. No cost.

use candle_core::Tensor;

use super::{Addition, Evaluation, Shaping};
use crate::{
    Result,
    guidance::{
        images::{Factor, count, dot, plus, scaled},
        text::{Allowed, Keys, Method, Read, number, words},
    },
};

/// Whose formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApgDialect {
    /// The paper's.
    #[default]
    Paper,
    /// diffusers' default.
    Diffusers,
    /// ComfyUI's.
    Comfy,
    /// stable-diffusion.cpp's.
    SdCpp,
}

const DIALECTS: [(&str, ApgDialect); 4] = [
    ("paper", ApgDialect::Paper),
    ("diffusers", ApgDialect::Diffusers),
    ("comfy", ApgDialect::Comfy),
    ("sdcpp", ApgDialect::SdCpp),
];

/// Momentum, a limit to the norm, and less of what lies along the estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Apg {
    /// η, the share kept of the part along D_m; 0 by default.
    pub eta: f64,
    /// r, the largest norm of an image's difference; 2.5 by default, 0 for none.
    pub norm: f64,
    /// β; −0.75 by default.
    pub momentum: f64,
    /// Whose formula.
    pub dialect: ApgDialect,
}

impl Method for Apg {
    const NAME: &'static str = "apg";
    const KEYS: &'static [&'static str] = &["eta", "norm", "momentum", "dialect"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            eta: keys.number("eta", 0.0, Allowed::FINITE)?,
            norm: keys.number("norm", 2.5, Allowed::NOT_NEGATIVE)?,
            momentum: keys.number("momentum", -0.75, Allowed::MOMENTUM)?,
            dialect: keys.word("dialect", &DIALECTS)?,
        })
    }

    fn values(&self) -> Vec<String> {
        let [eta, norm, momentum] = [self.eta, self.norm, self.momentum].map(number);
        vec![eta, norm, momentum, words(&DIALECTS, self.dialect)]
    }
}

impl Apg {
    pub(super) fn needs_weak_estimate(self) -> bool {
        matches!(self.dialect, ApgDialect::Diffusers | ApgDialect::Comfy)
    }

    pub(super) fn at_work(self) -> impl Shaping {
        AtWork {
            settings: self,
            momentum: None,
        }
    }

    /// min(1, r/‖m‖) for each image, given ‖m‖².
    fn limits(self, squares: &[f64], pixels: usize) -> Vec<f64> {
        let unit = match self.dialect {
            ApgDialect::SdCpp => 256.0 / (pixels as f64).sqrt(),
            _ => 1.0,
        };
        let limit = |square: &f64| {
            let norm = square.sqrt() * unit;
            if self.norm > 0.0 && norm > self.norm {
                self.norm / norm
            } else {
                1.0
            }
        };
        squares.iter().map(limit).collect()
    }

    /// m̃.
    fn projected(self, m: &Tensor, strong: &Tensor) -> Result<Tensor> {
        let mut limits = vec![1.0; count(m)];
        let mut limited = m.clone();
        if self.norm > 0.0 {
            limits = self.limits(&dot(m, m)?, m.elem_count() / count(m).max(1));
            limited = scaled(m, &Factor::Each(limits.clone()))?;
        }
        #[expect(clippy::float_cmp, reason = "exactly 1 keeps all of it")]
        if self.eta == 1.0 {
            return Ok(limited);
        }
        let (along, squares) = (dot(m, strong)?, dot(strong, strong)?);
        let removed = (0..limits.len()).map(|image| match squares[image] {
            0.0 => 0.0,
            square => (self.eta - 1.0) * limits[image] * along[image] / square,
        });
        plus(&limited, strong, &Factor::Each(removed.collect()))
    }
}

struct AtWork {
    settings: Apg,
    momentum: Option<Tensor>,
}

impl Shaping for AtWork {
    fn shape(&mut self, addition: Addition, at: &Evaluation<'_>) -> Result<Addition> {
        let Self { settings, momentum } = self;
        let Addition { difference, factor } = addition;
        let mut m = difference.clone();
        if settings.momentum != 0.0 {
            if let Some(before) = momentum.as_ref() {
                m = plus(&m, before, &Factor::Same(settings.momentum))?;
            }
            *momentum = Some(m.clone());
        }
        let projected = settings.projected(&m, at.strong)?;
        let images = count(&difference);
        Ok(match settings.dialect {
            ApgDialect::Paper | ApgDialect::SdCpp => Addition {
                difference: projected,
                factor,
            },
            ApgDialect::Comfy => Addition {
                difference: projected,
                factor: factor.plus(1.0, images),
            },
            // D_weak is D_m − Δ.
            ApgDialect::Diffusers => {
                let guided = scaled(&projected, &factor.plus(1.0, images))?;
                Addition {
                    difference: (guided - difference)?,
                    factor: Factor::Same(1.0),
                }
            }
        })
    }

    fn begin_trajectory(&mut self) {
        self.momentum = None;
    }
}
