//! How many images show the class that they are said to be of.

use std::ops::ControlFlow;

use crate::{Error, Extractor, Images, Result, describe_all};

/// The judge's verdicts, by class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accuracy {
    /// Of each class that the judge knows.
    pub classes: Vec<OfClass>,
}

/// The verdicts on the images of one class, or of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OfClass {
    /// How many there are.
    pub images: u64,
    /// How many were given their class.
    pub right: u64,
}

impl OfClass {
    /// How many of a hundred are right, if there are any.
    pub fn percentage(self) -> Option<f64> {
        (self.images > 0).then(|| 100.0 * self.right as f64 / self.images as f64)
    }
}

impl Accuracy {
    /// Of no images yet, by a network that tells so many classes apart.
    pub fn among(classes: usize) -> Self {
        Self {
            classes: vec![OfClass::default(); classes],
        }
    }

    /// Over all classes.
    pub fn total(&self) -> OfClass {
        let classes = self.classes.iter();
        classes.fold(OfClass::default(), |sum, class| OfClass {
            images: sum.images + class.images,
            right: sum.right + class.right,
        })
    }

    /// Adds images of these classes, of which `[images, classes]` was said.
    pub fn add(&mut self, classes: &[u32], logits: &[f32]) -> Result<()> {
        let known = self.classes.len();
        if classes.len() * known != logits.len() {
            return Err(Error::Images(format!(
                "{} numbers about {} images, of {known} classes",
                logits.len(),
                classes.len()
            )));
        }
        for (&class, logits) in classes.iter().zip(logits.chunks_exact(known.max(1))) {
            let Some(&own) = logits.get(class as usize) else {
                return Err(Error::Images(format!(
                    "an image is of class {class}; the network knows 0 to {}",
                    known.saturating_sub(1)
                )));
            };
            // What is not a number is not larger than anything.
            let right = logits.iter().all(|&logit| own >= logit);
            self.classes[class as usize].images += 1;
            self.classes[class as usize].right += u64::from(right);
        }
        Ok(())
    }
}

/// Describes all images, of which the classes are known, by a network that tells classes. The observer is told how many have been described, and
/// can stop.
pub fn accuracy(
    extractor: &dyn Extractor,
    images: &dyn Images,
    classes: &[u32],
    observer: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Accuracy> {
    if classes.len() != images.count() {
        let problem = format!("{} classes of {} images", classes.len(), images.count());
        return Err(Error::Images(problem));
    }
    let mut accuracy = Accuracy::among(extractor.classes());
    let mut classes = classes;
    let mut take = |logits: &[f32]| {
        let (now, later) = classes.split_at(logits.len() / extractor.classes().max(1));
        classes = later;
        accuracy.add(now, logits)
    };
    describe_all(
        extractor,
        images,
        0,
        &mut |described| take(&described.logits),
        observer,
    )?;
    Ok(accuracy)
}
