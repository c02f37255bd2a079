//! The loop that every sampler shares, and who may watch it.

use std::ops::ControlFlow;

use candle_core::Tensor;

use super::Sampler;
use crate::{Denoiser, Error, Evaluations, Noise, NoiseLevels, Result, Sigma};

/// A step that has been made.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Its number, from 0.
    pub index: usize,
    /// How many there are.
    pub count: usize,
    /// The level it started from.
    pub from: Sigma,
    /// The level it ended at.
    pub to: Sigma,
    /// The state it ended in `[batch, channels, height, width]`.
    pub x: &'a Tensor,
    /// Network evaluations of the trajectory so far.
    pub evaluations: Evaluations,
}

/// Watches a trajectory, and may stop it.
pub trait Observer {
    /// Called after every step; `Break` ends the trajectory with [`Error::Interrupted`].
    fn after_step(&mut self, step: &Step<'_>) -> ControlFlow<()>;
}

impl<F: FnMut(&Step<'_>) -> ControlFlow<()>> Observer for F {
    fn after_step(&mut self, step: &Step<'_>) -> ControlFlow<()> {
        self(step)
    }
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn after_step(&mut self, _step: &Step<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Walks `x`, a state at the first of the levels, down to the last one.
///
/// A denoiser of CFG++ with a sampler that has no form of it is refused. The sampler is consumed: the memory of a multistep method belongs to one trajectory.
pub fn sample(
    mut sampler: impl Sampler,
    denoiser: &mut dyn Denoiser,
    x: Tensor,
    levels: &NoiseLevels,
    noise: &mut Noise,
    observer: &mut dyn Observer,
) -> Result<Tensor> {
    if denoiser.splits() && !sampler.splits() {
        let allowed = "use euler, ddim, euler-ancestral or dpm-solver++-2m";
        return Err(Error::Sampler(format!(
            "this sampler has no form for CFG++ (plus-plus); {allowed}"
        )));
    }
    denoiser.begin_trajectory(levels);
    let mut x = x;
    for (index, (from, to)) in levels.moves().enumerate() {
        denoiser.begin_step(from, to);
        x = sampler.step(denoiser, x, from, to, noise)?;
        let evaluations = denoiser.evaluations();
        let step = Step {
            index,
            count: levels.steps(),
            from,
            to,
            x: &x,
            evaluations,
        };
        if observer.after_step(&step).is_break() {
            return Err(Error::Interrupted);
        }
    }
    Ok(x)
}
