//! Classes drawn for images.

use candle_core::Device;
use foil_models::edm2::Labels;

/// The class of each row of one-hot rows.
fn classes(labels: &Labels) -> Vec<usize> {
    let rows = labels.tensor().unwrap().to_vec2::<f32>().unwrap();
    let class = |row: Vec<f32>| {
        assert_eq!(row.iter().filter(|&&weight| weight != 0.0).count(), 1);
        row.iter().position(|&weight| weight > 0.5).unwrap()
    };
    rows.into_iter().map(class).collect()
}

#[test]
fn drawn_classes_are_spread_evenly_and_belong_to_their_seed() {
    let seeds: Vec<u64> = (0..7000).collect();
    let own: Vec<u32> = (0..7000).map(|seed| seed % 7).collect();
    let independent = Labels::independent(&seeds, 7, &Device::Cpu).unwrap();
    let others = Labels::others(&own, &seeds, 7, &Device::Cpu).unwrap();
    let (independent, others) = (classes(&independent), classes(&others));
    for drawn in [&independent, &others] {
        for class in 0..7 {
            let found = drawn.iter().filter(|&&drawn| drawn == class).count();
            // A thousand, and five standard deviations.
            assert!(found.abs_diff(1000) < 5 * 30, "{class}: {found}");
        }
    }
    let own = own.into_iter().map(|own| own as usize);
    assert!(
        others
            .iter()
            .zip(own.clone())
            .all(|(&drawn, own)| drawn != own)
    );
    assert!(
        independent
            .iter()
            .zip(own)
            .any(|(&drawn, own)| drawn == own)
    );
    let alone = Labels::independent(&[4321], 7, &Device::Cpu).unwrap();
    assert_eq!(classes(&alone), independent[4321..=4321]);
}

#[test]
fn classes_that_do_not_exist_are_not_drawn() {
    let device = &Device::Cpu;
    for refused in [
        Labels::independent(&[1], 0, device),
        Labels::others(&[0], &[1], 1, device),
    ] {
        assert_eq!(
            refused.unwrap_err().to_string(),
            "there is no class to draw"
        );
    }
    let refused = Labels::others(&[0], &[1, 2], 5, device).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "2 seeds for 1 images; each needs its own"
    );
}
