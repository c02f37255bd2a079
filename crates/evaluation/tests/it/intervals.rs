//! The interval of a Fréchet distance against the spread of distances of other images of the same kind.

use foil_diffusion::random::{FoilStream, Stream};
use foil_evaluation::{Features, Gathering, Statistics, frechet, frechet_margin};

const WIDTH: usize = 6;
const IMAGES: usize = 400;

/// Images whose features are normal, of mean 0.4 and with deviations from 1 to 2.
fn draw(stream: &mut FoilStream) -> Features {
    let mut numbers = vec![0.0; IMAGES * WIDTH];
    stream.fill_normal(&mut numbers);
    for row in numbers.chunks_exact_mut(WIDTH) {
        for (place, number) in row.iter_mut().enumerate() {
            *number = *number * (1.0 + place as f32 / WIDTH as f32) + 0.4;
        }
    }
    Features::new(WIDTH, numbers).unwrap()
}

#[test]
fn a_frechet_interval_holds_the_expectation_95_times_of_100() {
    let mut covariance = vec![0.0; WIDTH * WIDTH];
    for place in 0..WIDTH {
        covariance[place * (WIDTH + 1)] = 1.0;
    }
    let reference = Statistics {
        images: Some(1000),
        mean: vec![0.0; WIDTH],
        covariance,
    };
    let mut stream = FoilStream::new(5);
    let trials: Vec<[f64; 2]> = (0..500)
        .map(|_| {
            let images = draw(&mut stream);
            let mut gathering = Gathering::new(WIDTH);
            gathering.add(images.numbers()).unwrap();
            let distance = frechet(&gathering.finish().unwrap(), &reference).unwrap();
            [
                distance.distance(),
                frechet_margin(&images, &reference).unwrap(),
            ]
        })
        .collect();
    let count = trials.len() as f64;
    let expected = trials.iter().map(|[distance, _]| distance).sum::<f64>() / count;
    let held = trials
        .iter()
        .filter(|[distance, margin]| (distance - expected).abs() <= *margin);
    let share = held.count() as f64 / count;
    // Four standard deviations of a share of 500 are 3.9 %.
    assert!((share - 0.95).abs() < 0.039, "{share}");
}

#[test]
fn too_few_images_have_no_interval() {
    let few = Features::new(1, (0_i16..19).map(f32::from).collect()).unwrap();
    let reference = Statistics {
        images: Some(2),
        mean: vec![0.0],
        covariance: vec![1.0],
    };
    let said = frechet_margin(&few, &reference).unwrap_err().to_string();
    assert_eq!(said, "an interval needs 20 images; here are 19");
}
