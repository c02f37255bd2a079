//! The Inception score: exp of the mean divergence of an image's classes from those of all images. Salimans et al. 2016, *Improved Techniques for
//! Training GANs*, section 4.

use rayon::prelude::*;

use super::interval::Mean;
use crate::{Features, Result};

/// exp(E KL(p(y|x) ‖ p(y))) of logarithms of probabilities `[images, classes]`, each image's up to a constant, over parts of so many
/// consecutive images, the last of which may have fewer; the parts' mean is the score.
pub fn inception_score(logits: &Features, part: usize) -> Result<Mean> {
    let width = logits.width();
    let parts = logits.numbers().chunks(part.max(1) * width);
    let scores: Vec<f64> = parts.map(|part| score(part, width)).collect();
    Ok(Mean::of(&scores))
}

fn score(logits: &[f32], width: usize) -> f64 {
    let images = (logits.len() / width) as f64;
    let probabilities: Vec<Vec<f64>> = logits.par_chunks_exact(width).map(softmax).collect();
    let mut all = vec![0.0; width];
    for image in &probabilities {
        for (sum, probability) in all.iter_mut().zip(image) {
            *sum += probability / images;
        }
    }
    let divergences = probabilities.par_iter().map(|image| {
        let terms = image.iter().zip(&all);
        // What is never said adds nothing: its logarithm has no value.
        let said = terms.filter(|(probability, _)| **probability > 0.0);
        said.map(|(own, all)| own * (own / all).ln()).sum::<f64>()
    });
    let divergences: Vec<f64> = divergences.collect();
    (divergences.iter().sum::<f64>() / images).exp()
}

fn softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let raised = logits.iter().map(|&logit| f64::from(logit - largest).exp());
    let raised: Vec<f64> = raised.collect();
    let sum: f64 = raised.iter().sum();
    raised.iter().map(|number| number / sum).collect()
}
