//! Whether images were made or remembered: how far each is from the nearest training image.
//!
//! A distance alone says little, as classes differ in how close their images lie. Two comparisons say more: with images that were not trained on
//! (what a sound network's distances are like), and with the training image's own nearest neighbour, which is the authenticity of
//! Alaa et al. 2022, *How Faithful is your Synthetic Data?*, section 4.

use crate::{
    Features, Result,
    neighbours::{Neighbour, nearest},
};

/// Of images against those that a network was trained on.
#[derive(Debug, Clone, PartialEq)]
pub struct Memorisation {
    /// Of each image, its nearest training image and their squared distance.
    pub nearest: Vec<Neighbour>,
    /// Of each image, how far the nearest training image is from its own nearest other training image, squared.
    pub among_training: Vec<f64>,
}

impl Memorisation {
    /// The share of images that are farther from the nearest training image than that one is from all others of its kind.
    pub fn authenticity(&self) -> f64 {
        let pairs = self.nearest.iter().zip(&self.among_training);
        let authentic = pairs.filter(|(found, among)| found.distance > **among);
        authentic.count() as f64 / self.nearest.len() as f64
    }

    /// The median distance to the nearest training image.
    pub fn median_distance(&self) -> f64 {
        let mut distances: Vec<f64> = self.nearest.iter().map(|found| found.distance).collect();
        distances.sort_by(f64::total_cmp);
        let middle = distances.len() / 2;
        let [low, high] = [(distances.len() - 1) / 2, middle].map(|place| distances[place].sqrt());
        f64::midpoint(low, high)
    }

    /// The images nearest to a training image, nearest first: their places.
    pub fn closest(&self, count: usize) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.nearest.len()).collect();
        places.sort_by(|&a, &b| {
            self.nearest[a]
                .distance
                .total_cmp(&self.nearest[b].distance)
        });
        places.truncate(count);
        places
    }
}

/// Finds for each image the nearest training image.
pub fn memorisation(images: &Features, training: &Features) -> Result<Memorisation> {
    let first = |found: Vec<Vec<Neighbour>>| found.into_iter().map(|found| found[0]);
    let nearest_to_images: Vec<Neighbour> = first(nearest(images, Some(training), 1)?).collect();
    let own: Vec<Neighbour> = first(nearest(training, None, 1)?).collect();
    let among = nearest_to_images
        .iter()
        .map(|found| own[found.index].distance);
    Ok(Memorisation {
        among_training: among.collect(),
        nearest: nearest_to_images,
    })
}
