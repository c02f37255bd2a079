//! Random streams against the values that torch and numpy give for the same seeds.

use candle_core::{DType, Device, Tensor};
use foil_diffusion::{
    Noise,
    random::{
        FoilStream, Gpu, RandomState, Stream, StreamKind, TorchCpu, TorchCuda, tuple_hash,
        tuple_seed,
    },
};
use serde_json::Value;

/// torch's vectorised logarithm and cosine differ from ours in the last bits.
const TORCH: f64 = 2e-6;

pub fn specification() -> Value {
    serde_json::from_str(include_str!("../../../../fixtures/specification.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap())
        .collect()
}

fn draw(stream: &mut dyn Stream, count: usize) -> Vec<f32> {
    // Filled with a value no stream gives, so that an element left out shows.
    let mut out = vec![f32::NAN; count];
    stream.fill_normal(&mut out);
    out
}

fn agree(found: &[f32], expected: &[f64], tolerance: f64) {
    assert!(found.len() >= expected.len() && !expected.is_empty());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (f64::from(*found) - expected).abs() < tolerance,
            "found {found}, expected {expected}"
        );
    }
}

/// Runs `check` for every seed of a table {seed: values}.
fn for_seeds(table: &Value, check: impl Fn(u64, &Value)) {
    let table = table.as_object().unwrap();
    assert!(!table.is_empty());
    table
        .iter()
        .for_each(|(seed, values)| check(seed.parse().unwrap(), values));
}

#[test]
fn torch_cpu_draws_and_labels() {
    let golden = specification();
    for_seeds(&golden["cpu_randn_16384_first8"], |seed, values| {
        agree(
            &draw(&mut TorchCpu::new(seed), 16384),
            &numbers(values),
            TORCH,
        );
    });
    for_seeds(&golden["cpu_label_after_randn16384"], |seed, label| {
        let mut stream = TorchCpu::new(seed);
        draw(&mut stream, 16384);
        assert_eq!(u64::from(stream.below(1000)), label.as_u64().unwrap());
    });
    for_seeds(&golden["cpu_randn_40"], |seed, values| {
        agree(&draw(&mut TorchCpu::new(seed), 40), &numbers(values), TORCH);
    });
    for_seeds(&golden["cpu_randn_5"], |seed, values| {
        agree(&draw(&mut TorchCpu::new(seed), 5), &numbers(values), TORCH);
    });
    for_seeds(&golden["cpu_rand_3"], |seed, values| {
        let mut out = [f32::NAN; 3];
        TorchCpu::new(seed).fill_uniform(&mut out);
        agree(&out, &numbers(values), 1e-9);
    });
}

#[test]
fn torch_cuda_draws_and_labels() {
    let golden = specification();
    for_seeds(&golden["philox_cuda_randn_model_first8"], |seed, values| {
        agree(
            &draw(&mut TorchCuda::new(seed, Gpu::V100), 16384),
            &numbers(values),
            TORCH,
        );
    });
    for_seeds(
        &golden["philox_cuda_label_after_one_randn_model"],
        |seed, label| {
            let mut stream = TorchCuda::new(seed, Gpu::A100);
            draw(&mut stream, 16384);
            assert_eq!(u64::from(stream.below(1000)), label.as_u64().unwrap());
        },
    );
    // Publicly quoted values of a real GPU.
    agree(
        &draw(&mut TorchCuda::new(0, Gpu::H100), 6),
        &[-0.924_663, -0.425_344, -2.643_846, 0.145_184],
        2e-6,
    );
}

#[test]
fn a_large_cuda_draw_uses_all_four_numbers_of_a_thread() {
    let gpu = Gpu::new(1, 512).unwrap();
    let (threads, count) = (512, 512 * 5 + 77);
    let large = draw(&mut TorchCuda::new(3, gpu), count);
    assert!(large.iter().all(|value| value.is_finite()));
    // The first round gives element i + k·T the k-th number of thread i; the second starts at 4·T.
    let small = draw(&mut TorchCuda::new(3, Gpu::A100), threads);
    assert_eq!(large[..threads], small[..]);
    assert_ne!(large[threads..2 * threads], small[..]);
    let mut stream = TorchCuda::new(3, Gpu::A100);
    draw(&mut stream, 1);
    assert_eq!(
        large[4 * threads..4 * threads + 77],
        draw(&mut stream, 77)[..]
    );
    assert!(Gpu::new(0, 2048).is_none() && Gpu::new(4, 255).is_none());
}

#[test]
fn numpy_draws_and_shuffles() {
    let golden = specification();
    let mut state = RandomState::new(2);
    for expected in numbers(&golden["numpy_randomstate2_randn6"]) {
        assert!((state.normal() - expected).abs() < 1e-14);
    }
    let mut order: Vec<u32> = (0..10).collect();
    RandomState::new(0).shuffle(&mut order);
    let order: Vec<f64> = order.into_iter().map(f64::from).collect();
    assert_eq!(order, numbers(&golden["numpy_randomstate0_shuffle10"]));
}

#[test]
fn hashes_of_tuples_are_those_of_python() {
    let golden = &specification()["python_tuple_hash_mod_2_31"];
    for items in [&[0, 0][..], &[0, 1], &[0, 0, 0], &[0, 0, 2048]] {
        let name = format!(
            "({})",
            items
                .iter()
                .map(u64::to_string)
                .collect::<Vec<_>>()
                .join(",")
        );
        assert_eq!(u64::from(tuple_seed(items)), golden[&name], "{name}");
    }
    // As CPython prints them, signs included, and beyond the prime that numbers are hashed by.
    let hash = |items: &[u64]| tuple_hash(items) as i64;
    assert_eq!(hash(&[7]), -6_198_871_656_470_064_846);
    assert_eq!(hash(&[0, 0, 0]), 3_010_437_511_937_009_226);
    assert_eq!(hash(&[(1 << 61) - 1, 5]), -3_119_722_376_306_286_570);
    assert_eq!(hash(&[u64::MAX, 1 << 61, 3, 4]), 812_308_057_753_227_958);
}

#[test]
fn foils_stream_is_normal_and_pinned() {
    let values = draw(&mut FoilStream::new(12), 200_001);
    let count = values.len() as f64;
    let moment = |power| {
        values
            .iter()
            .map(|value| f64::from(*value).powi(power))
            .sum::<f64>()
            / count
    };
    let error = |variance: f64| 4.0 * (variance / count).sqrt();
    assert!(
        moment(1).abs() < error(1.0) && (moment(2) - 1.0).abs() < error(2.0),
        "{} {}",
        moment(1),
        moment(2)
    );
    assert!(
        moment(3).abs() < error(15.0) && (moment(4) - 3.0).abs() < error(96.0),
        "{} {}",
        moment(3),
        moment(4)
    );
    let neighbours = values
        .windows(2)
        .map(|pair| f64::from(pair[0] * pair[1]))
        .sum::<f64>()
        / count;
    assert!(neighbours.abs() < error(1.0), "{neighbours}");
    // Pinned: a change of these changes every image anyone has made.
    agree(&draw(&mut FoilStream::new(0), 4), PINNED, 1e-6);
    let mut later = FoilStream::after(5, 2);
    let mut walked = FoilStream::new(5);
    draw(&mut walked, 3);
    walked.below(10);
    assert_eq!(draw(&mut later, 7), draw(&mut walked, 7));
}

#[test]
fn words_are_what_a_draw_is_made_of() {
    let mut uniform = vec![0.0; 11];
    FoilStream::after(9, 3).fill_uniform(&mut uniform);
    let stream = FoilStream::after(9, 3);
    for (index, uniform) in uniform.into_iter().enumerate() {
        let pair = index % 2 * 2;
        let words = stream.words(index / 2);
        let [high, low] = [words[pair], words[pair + 1]].map(u64::from);
        let expected = (high * (1 << 32) + low) / (1 << 11);
        let expected = expected as f64 / 2.0_f64.powi(53);
        assert_eq!(uniform.to_bits(), expected.to_bits(), "{index}");
    }
    assert_ne!(FoilStream::after(9, 4).words(0), stream.words(0));
}

const PINNED: &[f64] = &[-1.692_192, -0.250_805_88, -1.028_093_3, -0.534_532_9];

#[test]
fn integers_below_a_range_are_spread_evenly() {
    for kind in [
        StreamKind::Foil,
        StreamKind::TorchCpu,
        StreamKind::TorchCuda(Gpu::A100),
        StreamKind::Numpy,
    ] {
        let mut counts = [0_u32; 7];
        let mut stream = kind.stream(1);
        (0..7000).for_each(|_| counts[stream.below(7) as usize] += 1);
        assert!(
            counts.iter().all(|count| (880..1120).contains(count)),
            "{kind:?} {counts:?}"
        );
    }
}

#[test]
fn an_images_noise_does_not_depend_on_its_batch() {
    for kind in [
        StreamKind::Foil,
        StreamKind::TorchCpu,
        StreamKind::TorchCuda(Gpu::A100),
        StreamKind::Numpy,
    ] {
        let like =
            |batch: usize| Tensor::zeros((batch, 3, 5, 5), DType::F32, &Device::Cpu).unwrap();
        let mut together = Noise::new(kind, 4..9);
        let first = together.normal_like(&like(5)).unwrap();
        let second = together.normal_like(&like(5)).unwrap();
        for image in 0..5 {
            let mut alone = Noise::new(kind, [4 + image as u64]);
            for batch in [&first, &second] {
                let expected = batch.narrow(0, image, 1).unwrap();
                let found = alone.normal_like(&like(1)).unwrap();
                assert_eq!(
                    crate::worlds::values(&found),
                    crate::worlds::values(&expected),
                    "{kind:?}"
                );
            }
        }
        assert!(crate::worlds::distance(&first, &second) > 0.1);
        assert!(together.normal_like(&like(4)).is_err());
    }
}
