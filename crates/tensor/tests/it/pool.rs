//! Pools: the fast path against the definition, the definition against numbers, and what is refused.

use candle_core::{DType, Device, Tensor};
use foil_tensor::{Window, composed, max_pool, mean_pool};

use crate::case::random;

fn window(size: usize, stride: usize, padding: usize) -> Window {
    Window {
        size,
        stride,
        padding,
    }
}

fn numbers(x: &Tensor) -> Vec<f64> {
    let x = x.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
    x.to_vec1().unwrap()
}

#[test]
fn the_definitions_look_at_windows() {
    let x = [1.0, 5.0, 2.0, 0.0, -3.0, -9.0, 4.0, 4.0, 7.0_f64];
    let x = Tensor::new(&x, &Device::Cpu).unwrap();
    let x = x.reshape((1, 3, 3, 1)).unwrap();
    let largest = composed::max_pool(&x, window(3, 2, 1)).unwrap();
    assert_eq!(largest.dims(), [1, 2, 2, 1]);
    assert_eq!(numbers(&largest), [5.0, 5.0, 4.0, 7.0]);
    // Of the pixels inside, not of nine.
    let means = composed::mean_pool(&x, window(3, 2, 1)).unwrap();
    assert_eq!(numbers(&means), [0.75, -1.25, 1.25, -0.25]);
    let below_zero = (&x - 10.0).unwrap();
    let largest = composed::max_pool(&below_zero, window(3, 1, 1)).unwrap();
    assert_eq!(numbers(&largest)[..2], [-5.0, -5.0]);
}

#[test]
fn fast_pools_are_their_definitions() {
    for shape in [[2, 7, 9, 35], [1, 4, 4, 1], [3, 16, 5, 130]] {
        for window in [
            window(3, 2, 0),
            window(3, 1, 1),
            window(2, 2, 1),
            window(4, 3, 2),
        ] {
            for dtype in [DType::F32, DType::BF16] {
                let x = random(4, &shape, dtype);
                // What is stored in any other order is put in order.
                for x in [x.clone(), x.transpose(1, 2).unwrap()] {
                    let largest = max_pool(&x, window).unwrap();
                    let expected = composed::max_pool(&x, window).unwrap();
                    assert_eq!((largest.dims(), largest.dtype()), (expected.dims(), dtype));
                    assert_eq!(numbers(&largest), numbers(&expected));
                    let means = numbers(&mean_pool(&x, window).unwrap());
                    let expected = numbers(&composed::mean_pool(&x, window).unwrap());
                    let step = if dtype == DType::F32 { 1e-6 } else { 2e-2 };
                    let pairs = means.iter().zip(&expected);
                    assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() <= step));
                }
            }
        }
    }
}

#[test]
fn windows_that_do_not_fit_are_refused() {
    let x = Tensor::zeros((1, 4, 2, 3), DType::F32, &Device::Cpu).unwrap();
    for bad in [
        window(3, 1, 0),
        window(3, 1, 2),
        window(2, 0, 0),
        window(0, 1, 0),
    ] {
        let error = max_pool(&x, bad).expect_err("a refusal").to_string();
        assert!(error.starts_with("max_pool: input [1, 4, 2, 3]"), "{error}");
        assert!(composed::mean_pool(&x, bad).is_err());
    }
    let flat = x.flatten_all().unwrap();
    assert!(mean_pool(&flat, window(1, 1, 0)).is_err());
}
