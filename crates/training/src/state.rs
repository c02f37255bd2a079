//! All that a run is at a moment: weights, the optimiser's moments and the averages.

use std::time::Duration;

use foil_kernels::{
    Instructions,
    passes::{self, AdamState},
};
use foil_tensor::traced::{Gradients, Traced, gradients};
use rayon::prelude::*;

use crate::{
    Result,
    ema::PowerFunction,
    learning_rate::LearningRate,
    parameters::Layout,
    task::{Observation, Task},
};

/// Adam's constants, as published. Karras et al. 2024, Table 6.
const BETAS: [f64; 2] = [0.9, 0.99];
const EPSILON: f64 = 1e-8;

/// How steps are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Images of a step.
    pub batch: u64,
    /// Images whose graph is in memory at once.
    pub micro_batch: u64,
    /// Their size.
    pub learning_rate: LearningRate,
}

/// An average of the weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Average {
    /// Its relative standard deviation, as it is called.
    pub std: f64,
    /// Its profile.
    pub function: PowerFunction,
    /// The average of the trained numbers.
    pub values: Vec<f32>,
}

/// A run at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub(crate) layout: Layout,
    /// Images seen.
    pub images_seen: u64,
    /// Steps made.
    pub steps: u64,
    /// Entries of gradients that were not finite, since the start.
    pub zeroed: u64,
    /// Time spent training.
    pub elapsed: Duration,
    pub(crate) weights: Vec<f32>,
    pub(crate) fixed: Vec<f32>,
    pub(crate) first: Vec<f32>,
    pub(crate) second: Vec<f32>,
    pub(crate) averages: Vec<Average>,
    pub(crate) gradient: Workspace,
}

/// Memory that steps use again: taken anew, each page would be found and zeroed by the system at every step. It is no part of what a run is,
/// so that all are equal and a copy has none.
#[derive(Debug, Default)]
pub(crate) struct Workspace(Vec<f32>);

impl Clone for Workspace {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Workspace {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What a step showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Each image's.
    pub observations: Vec<Observation>,
    /// Size of the step.
    pub learning_rate: f64,
    /// Euclidean norm of the gradient, before it was repaired.
    pub gradient_norm: f64,
    /// Entries of it that were not finite.
    pub zeroed: u64,
}

impl State {
    /// The start of a run.
    pub fn new(layout: Layout, seed: u64, stds: &[f64]) -> Result<Self> {
        let [mut weights, fixed] = layout.initial(seed);
        layout.normalise(&mut weights);
        let count = layout.trained();
        let averages = stds.iter().map(|&std| {
            Ok(Average {
                std,
                function: PowerFunction::from_relative_deviation(std)?,
                values: vec![0.0; count],
            })
        });
        Ok(Self {
            averages: averages.collect::<Result<_>>()?,
            images_seen: 0,
            steps: 0,
            zeroed: 0,
            elapsed: Duration::ZERO,
            weights,
            fixed,
            first: vec![0.0; count],
            second: vec![0.0; count],
            layout,
            gradient: Workspace::default(),
        })
    }

    /// The tensors' order and places.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The averages.
    pub fn averages(&self) -> &[Average] {
        &self.averages
    }

    /// Learns from the next images.
    pub fn step(&mut self, task: &mut impl Task, step: &Step) -> Result<Report> {
        self.layout.normalise(&mut self.weights);
        let (mut gradient, observations) = self.gradient(task, step)?;
        let gradient_norm = norm(&gradient);
        let zeroed = repair(&mut gradient, gradient_norm);
        let learning_rate = step.learning_rate.at(self.images_seen);
        self.steps += 1;
        self.images_seen += step.batch;
        self.zeroed += zeroed;
        let adam = passes::Adam {
            learning_rate,
            betas: BETAS,
            epsilon: EPSILON,
        };
        let moved = AdamState {
            weights: &mut self.weights,
            first: &mut self.first,
            second: &mut self.second,
        };
        let instructions = Instructions::best();
        passes::adam(instructions, adam, self.steps, moved, &gradient);
        self.gradient = Workspace(gradient);
        let (time, elapsed) = (self.images_seen as f64, step.batch as f64);
        for average in &mut self.averages {
            let beta = average.function.beta(time, elapsed);
            passes::moving_average(instructions, beta, &self.weights, &mut average.values);
        }
        Ok(Report {
            observations,
            learning_rate,
            gradient_norm,
            zeroed,
        })
    }

    /// The mean gradient of the next images, added up over parts of the batch.
    fn gradient(
        &mut self,
        task: &mut impl Task,
        step: &Step,
    ) -> Result<(Vec<f32>, Vec<Observation>)> {
        let variables = self.layout.variables(&self.weights, &self.fixed)?;
        let Workspace(mut gradient) = std::mem::take(&mut self.gradient);
        gradient.resize(self.layout.trained(), 0.0);
        gradient
            .par_chunks_mut(PART)
            .for_each(|part| part.fill(0.0));
        let mut observations = Vec::with_capacity(step.batch as usize);
        let (mut next, end) = (self.images_seen, self.images_seen + step.batch);
        while next < end {
            let part = next..end.min(next + step.micro_batch);
            next = part.end;
            let losses = task.losses(&variables, part)?;
            observations.extend(losses.observations);
            let found = gradients(&losses.arguments)?;
            self.add(found, &variables, step.batch, &mut gradient);
        }
        Ok((gradient, observations))
    }

    /// Adds a part's share of the mean gradient.
    fn add(&self, mut found: Gradients, variables: &[Traced], batch: u64, sum: &mut [f32]) {
        let share = 1.0 / batch as f32;
        for (entry, variable) in self.layout.entries().iter().zip(variables) {
            let Some(found) = found.take(variable) else {
                continue;
            };
            let sum = &mut sum[entry.range.clone()];
            sum.par_chunks_mut(PART)
                .zip(found.par_chunks(PART))
                .for_each(|(sum, found)| {
                    for (sum, found) in sum.iter_mut().zip(found) {
                        *sum += share * found;
                    }
                });
        }
    }
}

/// Numbers that a thread takes at a time.
const PART: usize = 1 << 14;

/// In f64 over parts of fixed length.
fn norm(gradient: &[f32]) -> f64 {
    let squares: Vec<f64> = gradient
        .par_chunks(PART)
        .map(|part| part.iter().map(|&number| f64::from(number).powi(2)).sum())
        .collect();
    squares.iter().sum::<f64>().sqrt()
}

/// Puts 0 where the gradient is not finite, and counts how often.
fn repair(gradient: &mut [f32], norm: f64) -> u64 {
    if norm.is_finite() {
        return 0;
    }
    let mut zeroed = 0;
    for number in gradient.iter_mut().filter(|number| !number.is_finite()) {
        *number = 0.0;
        zeroed += 1;
    }
    zeroed
}
