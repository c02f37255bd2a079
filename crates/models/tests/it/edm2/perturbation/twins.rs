//! Each perturbation against the twin, in which it is done by its definition.

use candle_core::{DType, Device, Tensor};
use foil_diffusion::random::{FoilStream, Stream};
use foil_models::edm2::{Blocks, Perturbation};

use super::{
    super::{
        error, relative, snapshot,
        twin::{Change, Twin},
    },
    SEEDS, SHAPE, SIGMA, classes, first, images, network, some,
};

/// In both types: the largest error in single precision, the whole error in half, where the result must also be nearer to the
/// perturbed twin than to the plain one.
fn compare(perturbation: &Perturbation, expected: &Tensor) {
    let [expected, plain] = [expected, &changed(&[], |_| Change::default())]
        .map(|twin| twin.to_dtype(DType::F32).unwrap());
    let found = first(&network("main", DType::F32), perturbation);
    let wrong = error(&found, &expected);
    assert!(wrong < 2e-5, "{perturbation:?}: {wrong}");
    assert!(
        error(&plain, &expected) > 50.0 * 2e-5,
        "{perturbation:?} is little"
    );
    let found = first(&network("main", DType::BF16), perturbation);
    let [wrong, change] = [&expected, &plain].map(|twin| relative(&found, twin));
    assert!(
        wrong < 0.02 && wrong < change,
        "{perturbation:?} in half precision: {wrong} of {change}"
    );
}

/// The twin's estimate with a change of some blocks.
fn changed(blocks: &[usize], change: impl Fn(usize) -> Change) -> Tensor {
    let mut twin = Twin::of(&snapshot("main"));
    twin.changes = blocks.iter().map(|&block| (block, change(block))).collect();
    twin.denoise(&images(), &[SIGMA; 3], Some(&classes()))
}

const ALL: [usize; 14] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
/// Of the two coarsest levels, but the block that begins the decoder's lowest without attention, and those that resample.
const ATTENDING: [usize; 6] = [3, 4, 5, 7, 8, 9];

#[test]
fn a_skipped_block_is_a_block_without_its_branches() {
    let skip = |_| Change {
        skip: true,
        ..Change::default()
    };
    // Of the encoder, one that keeps the width, one that halves the image, one that attends and widens; of the decoder, one that attends,
    // one that does not, one with a skip connection, one that doubles the image.
    for block in [1, 2, 3, 5, 6, 8, 10] {
        compare(
            &Perturbation::SkippedBlocks(some(&[block])),
            &changed(&[block], skip),
        );
    }
    compare(
        &Perturbation::SkippedBlocks(some(&[12, 4, 7])),
        &changed(&[4, 7, 12], skip),
    );
    compare(
        &Perturbation::SkippedBlocks(Blocks::All),
        &changed(&ALL, skip),
    );
}

#[test]
fn identity_attention_gives_each_pixel_its_own_value() {
    let identity = |_| Change {
        identity: true,
        ..Change::default()
    };
    compare(
        &Perturbation::IdentityAttention(some(&[5])),
        &changed(&[5], identity),
    );
    compare(
        &Perturbation::IdentityAttention(Blocks::All),
        &changed(&ATTENDING, identity),
    );
}

/// Averages scores `[batch, heads, queries, keys]` over queries by a Gaussian of their distance in the plane.
fn averaged(scores: &Tensor, [height, width]: [usize; 2], sigma: f64) -> Tensor {
    let pixels = height * width;
    let mut weights = Vec::new();
    for to in 0..pixels {
        let weight = |from: usize| {
            let vertical = (to / width) as f64 - (from / width) as f64;
            let horizontal = (to % width) as f64 - (from % width) as f64;
            (-(vertical.powi(2) + horizontal.powi(2)) / (2.0 * sigma * sigma)).exp()
        };
        let sum: f64 = (0..pixels).map(weight).sum();
        weights.extend((0..pixels).map(|from| weight(from) / sum));
    }
    let weights = Tensor::from_vec(weights, (pixels, pixels), &Device::Cpu).unwrap();
    weights.broadcast_matmul(scores).unwrap()
}

#[test]
fn blurred_queries_are_blurred_scores() {
    for (sigma, scores) in [
        (
            1.5,
            (|scores, size| averaged(scores, size, 1.5)) as fn(&Tensor, [usize; 2]) -> Tensor,
        ),
        // Every query is the mean of all.
        (f64::INFINITY, |scores, _| {
            let mean = scores.mean_keepdim(2).unwrap();
            mean.broadcast_as(scores.shape())
                .unwrap()
                .contiguous()
                .unwrap()
        }),
    ] {
        let blur = |_| Change {
            scores: Some(scores),
            ..Change::default()
        };
        for (blocks, listed) in [(some(&[4, 8]), &[4, 8][..]), (Blocks::All, &ATTENDING)] {
            compare(
                &Perturbation::BlurredQueries { sigma, blocks },
                &changed(listed, blur),
            );
        }
    }
}

/// The stream of an image's perturbations.
fn stream(seed: u64, draw: u32) -> FoilStream {
    FoilStream::after(seed ^ u64::from_be_bytes(*b"perturbs"), draw)
}

#[test]
fn dropout_leaves_out_what_the_stream_says() {
    // 13/64: a multiple of 2⁻¹⁶, so that it is kept exactly.
    let probability = 0.203_125;
    let factors = |block: usize| {
        let channels = if (3..=10).contains(&block) { 128 } else { 64 };
        let low = (2..=9).contains(&block);
        let [height, width] = if low { [5, 7] } else { [10, 14] };
        let mut factors = Vec::new();
        for seed in SEEDS {
            let stream = stream(seed, block as u32);
            let factor = |index: usize| {
                let word = stream.words(index / 8)[index % 8 / 2];
                let half = word >> (16 * (index % 2)) & 0xffff;
                let kept = f64::from(half) / 65536.0 >= probability;
                f64::from(u8::from(kept)) / (1.0 - probability)
            };
            factors.extend((0..height * width * channels).map(factor));
        }
        let left_out = factors.iter().filter(|factor| **factor == 0.0).count();
        let share = left_out as f64 / factors.len() as f64;
        assert!((share - probability).abs() < 0.02, "{share}");
        let factors = Tensor::from_vec(factors, (3, height, width, channels), &Device::Cpu);
        Change {
            factors: Some(factors.unwrap().permute((0, 3, 1, 2)).unwrap()),
            ..Change::default()
        }
    };
    compare(
        &Perturbation::Dropout { probability },
        &changed(&ALL, factors),
    );
}

#[test]
fn a_wrong_noise_level_is_told_and_nothing_else_is_wrong() {
    let told = SEEDS.map(|seed| {
        let mut normal = [0.0_f32];
        stream(seed, 0).fill_normal(&mut normal);
        SIGMA.ln() / 4.0 + 0.3 * SIGMA.powf(0.7) * f64::from(normal[0])
    });
    let twin = Twin::of(&snapshot("main"));
    let expected = twin.denoise_told(&images(), &[SIGMA; 3], &told, Some(&classes()));
    let perturbation = Perturbation::NoiseLevel {
        scale: 0.3,
        power: 0.7,
    };
    compare(&perturbation, &expected.unwrap());
}

#[test]
fn input_noise_is_the_estimate_of_a_noisier_image_at_its_level() {
    let image: usize = SHAPE[1..].iter().product();
    let normal = SEEDS.map(|seed| {
        let mut normal = vec![0.0_f32; image];
        stream(seed, 0).fill_normal(&mut normal);
        normal
    });
    let normal = Tensor::from_vec(normal.concat(), &SHAPE, &Device::Cpu).unwrap();
    let raised = 1.2 * SIGMA;
    let added = (raised * raised - SIGMA * SIGMA).sqrt();
    let noisier = (images() + (normal * added).unwrap()).unwrap();
    let twin = Twin::of(&snapshot("main"));
    let expected = twin.denoise(&noisier, &[raised; 3], Some(&classes()));
    compare(&Perturbation::InputNoise { raise: 0.2 }, &expected);
}
