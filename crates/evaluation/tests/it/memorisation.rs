//! What is said of images that were remembered, against distances that are known.

use foil_evaluation::{Features, memorisation};

#[test]
fn copies_are_found_and_new_images_are_authentic() {
    // Training images at 0, 10, 20, …, 90 on a line: each is 10 from the next.
    let training = (0..10).map(|place| [10.0 * place as f32, 0.0]);
    let training = Features::new(2, training.flatten().collect()).unwrap();
    // A copy, one beside an image, and two far from all.
    let images = vec![30.0, 0.0, 51.0, 0.0, 70.0, 12.0, 95.0, 24.0];
    let found = memorisation(&Features::new(2, images).unwrap(), &training).unwrap();
    let places: Vec<usize> = found.nearest.iter().map(|nearest| nearest.index).collect();
    assert_eq!(places, [3, 5, 7, 9]);
    let squares: Vec<f64> = found.nearest.iter().map(|found| found.distance).collect();
    assert_eq!(squares, [0.0, 1.0, 144.0, 601.0]);
    assert_eq!(found.among_training, [100.0; 4]);
    assert!((found.authenticity() - 0.5).abs() < 1e-15);
    assert!((found.median_distance() - 6.5).abs() < 1e-12);
    assert_eq!(found.closest(3), [0, 1, 2]);
}
