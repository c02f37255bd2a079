//! How many images show the class that they are said to be of.

use std::ops::ControlFlow;

use crate::{Error, Images, Judge, Result};

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
    /// Over all classes.
    pub fn total(&self) -> OfClass {
        let classes = self.classes.iter();
        classes.fold(OfClass::default(), |sum, class| OfClass {
            images: sum.images + class.images,
            right: sum.right + class.right,
        })
    }

    /// Adds an image of a class for which there is a logit.
    fn add(&mut self, class: usize, logits: &[f32]) {
        let own = logits[class];
        // What is not a number is not larger than anything.
        let right = logits.iter().all(|&logit| own >= logit);
        self.classes[class].images += 1;
        self.classes[class].right += u64::from(right);
    }
}

/// Judges all images, of which the classes are known. The observer is told how many have been judged, and can stop.
pub fn accuracy(
    judge: &Judge,
    images: &dyn Images,
    classes: &[u32],
    observer: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Accuracy> {
    let known = judge.classes();
    if classes.len() != images.count() {
        let problem = format!("{} classes of {} images", classes.len(), images.count());
        return Err(Error::Images(problem));
    }
    if let Some(class) = classes.iter().find(|&&class| class as usize >= known) {
        return Err(Error::Images(format!(
            "an image is of class {class}; the network knows 0 to {}",
            known.saturating_sub(1)
        )));
    }
    let mut accuracy = Accuracy {
        classes: vec![OfClass::default(); known],
    };
    let mut classes = classes.iter();
    let mut take = |logits: &[f32]| {
        for (logits, &class) in logits.chunks_exact(known.max(1)).zip(&mut classes) {
            accuracy.add(class as usize, logits);
        }
    };
    judge.judge_all(
        images,
        &mut |judged| {
            take(&judged.logits);
            Ok(())
        },
        observer,
    )?;
    Ok(accuracy)
}
