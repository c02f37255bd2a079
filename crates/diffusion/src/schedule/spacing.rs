//! Which training steps of a discrete schedule a shorter trajectory visits, in the conventions that published
//! numbers were made with. All return ascending indices in 0 … N − 1.

use crate::{Error, Result};

/// Steps 0, s, 2s, … with s = ⌊N/n⌋, moved up by `offset`: diffusers "leading" (Stable Diffusion uses offset 1).
pub fn leading(training_steps: usize, steps: usize, offset: usize) -> Result<Vec<usize>> {
    check(training_steps, steps)?;
    let stride = training_steps / steps;
    let last = (steps - 1) * stride + offset;
    if last >= training_steps {
        return Err(problem(format!(
            "offset {offset} reaches step {last} of {training_steps}"
        )));
    }
    Ok((0..steps).map(|index| index * stride + offset).collect())
}

/// Evenly spaced between both ends, rounded: diffusers "linspace".
pub fn linspace(training_steps: usize, steps: usize) -> Result<Vec<usize>> {
    check(training_steps, steps)?;
    let stride = (training_steps - 1) as f64 / (steps.max(2) - 1) as f64;
    Ok((0..steps)
        .map(|index| (index as f64 * stride).round_ties_even() as usize)
        .collect())
}

/// Counted down from N in strides of N/n, rounded, less one: diffusers "trailing".
pub fn trailing(training_steps: usize, steps: usize) -> Result<Vec<usize>> {
    check(training_steps, steps)?;
    let stride = training_steps as f64 / steps as f64;
    let step = |index: usize| {
        (training_steps as f64 - index as f64 * stride).round_ties_even() as usize - 1
    };
    Ok((0..steps).rev().map(step).collect())
}

/// How ADM cuts the training steps into sections before it takes steps from each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sections {
    /// "a,b,…": equal sections with so many steps from each; "250" is one section.
    Counts(Vec<usize>),
    /// "ddimN": the integer stride that gives exactly N steps.
    Ddim(usize),
}

/// ADM's respacing: in each section `count` steps at the fractional stride (size − 1)/(count − 1), accumulated and
/// rounded half to even.
pub fn respaced(training_steps: usize, sections: &Sections) -> Result<Vec<usize>> {
    match sections {
        Sections::Ddim(steps) => {
            check(training_steps, *steps)?;
            let stride = (1..training_steps.max(2))
                .find(|stride| training_steps.div_ceil(*stride) == *steps);
            let stride = stride.ok_or_else(|| {
                problem(format!("no whole stride gives {steps} of {training_steps}"))
            })?;
            Ok((0..training_steps).step_by(stride).collect())
        }
        Sections::Counts(counts) => {
            check(training_steps, counts.len())?;
            let (size, longer) = (training_steps / counts.len(), training_steps % counts.len());
            let (mut kept, mut start) = (Vec::new(), 0);
            for (index, &count) in counts.iter().enumerate() {
                let size = size + usize::from(index < longer);
                check(size, count)?;
                let stride = if count == 1 {
                    1.0
                } else {
                    (size - 1) as f64 / (count - 1) as f64
                };
                // Accumulated, not multiplied: the reference adds the stride, and ties must round the same way.
                let mut position = 0.0_f64;
                for _ in 0..count {
                    kept.push(start + position.round_ties_even() as usize);
                    position += stride;
                }
                start += size;
            }
            Ok(kept)
        }
    }
}

fn check(available: usize, wanted: usize) -> Result<()> {
    if wanted > 0 && wanted <= available {
        return Ok(());
    }
    Err(problem(format!(
        "cannot take {wanted} of {available} steps"
    )))
}

fn problem(problem: String) -> Error {
    Error::Schedule {
        schedule: "spacing",
        problem,
    }
}
