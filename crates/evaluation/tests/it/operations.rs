//! What operations do to images, where it is known.

use foil_data::resize::Filter;
use foil_evaluation::Operation;

const SHAPE: [usize; 3] = [3, 17, 23];
const PLANE: usize = 17 * 23;

/// Smooth colours, brighter to the right.
fn image() -> Vec<u8> {
    let level = |place: usize| {
        let (channel, row, column) = (place / PLANE, place % PLANE / 23, place % 23);
        (60 + 20 * channel + 3 * row + 4 * column) as u8
    };
    (0..3 * PLANE).map(level).collect()
}

fn root_mean_square(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let squares = one.iter().zip(other);
    let squares = squares.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2));
    (squares.sum::<f64>() / one.len() as f64).sqrt()
}

#[test]
fn every_operation_keeps_the_shape_and_changes_a_colour_image() {
    let image = image();
    for operation in Operation::ALL {
        let changed = operation.apply(&image, SHAPE, 7).unwrap();
        assert_eq!(changed.len(), image.len(), "{operation}");
        let difference = root_mean_square(&image, &changed);
        assert!(
            difference > 0.0 && difference < 40.0,
            "{operation}: {difference}"
        );
        let again = operation.apply(&image, SHAPE, 7).unwrap();
        assert_eq!(changed, again, "{operation}");
        let grey = &image[..PLANE];
        let changed = operation.apply(grey, [1, 17, 23], 7).unwrap();
        assert_eq!(changed.len(), PLANE, "{operation}");
        assert_eq!(operation.changes(1), changed != grey, "{operation}");
    }
}

#[test]
fn stronger_operations_change_more() {
    let image = image();
    let change = |operation: Operation| {
        root_mean_square(&image, &operation.apply(&image, SHAPE, 0).unwrap())
    };
    let jpeg = [95, 50, 5].map(|quality| change(Operation::Jpeg { quality }));
    assert!(jpeg[0] < jpeg[1] && jpeg[1] < jpeg[2], "{jpeg:?}");
    let noise = [2.0, 10.0].map(|deviation| change(Operation::Noisy { deviation }));
    // Few levels are near 0 or 255, and rounding adds a twelfth.
    assert!(
        (noise[0] - (4.0_f64 + 1.0 / 12.0).sqrt()).abs() < 0.15,
        "{noise:?}"
    );
    assert!((noise[1] - 10.0).abs() < 0.5, "{noise:?}");
}

#[test]
fn operations_on_levels_are_their_formulas() {
    let image = image();
    let brighter = Operation::Brightness { levels: 10.0 };
    let brighter = brighter.apply(&image, SHAPE, 0).unwrap();
    assert!(
        image
            .iter()
            .zip(&brighter)
            .all(|(&a, &b)| u16::from(b) == (u16::from(a) + 10).min(255))
    );
    let warmer = Operation::Warmth { levels: 10.0 };
    let warmer = warmer.apply(&image, SHAPE, 0).unwrap();
    assert_eq!([warmer[0], warmer[PLANE], warmer[2 * PLANE]], [70, 80, 90]);
    let grey = Operation::Saturation { factor: 0.0 };
    let grey = grey.apply(&image, SHAPE, 0).unwrap();
    // 0.299·60 + 0.587·80 + 0.114·100
    assert_eq!([grey[0], grey[PLANE], grey[2 * PLANE]], [76; 3]);
    let flat = [77; PLANE];
    for operation in [
        Operation::Contrast { factor: 3.0 },
        Operation::Blurred { deviation: 1.5 },
        Operation::Cropped { share: 0.5 },
        Operation::Resized {
            filter: Filter::Box,
        },
    ] {
        assert_eq!(
            operation.apply(&flat, [1, 17, 23], 0).unwrap(),
            flat,
            "{operation}"
        );
    }
}

#[test]
fn a_blurred_point_is_a_gaussian() {
    let mut point = vec![0; 33 * 33];
    point[16 * 33 + 16] = 255;
    let blurred = Operation::Blurred { deviation: 0.8 };
    let blurred = blurred.apply(&point, [1, 33, 33], 0).unwrap();
    // scipy.ndimage.gaussian_filter(point, 0.8, truncate=4): 255 times these weights.
    let weight = |distance: i32| (-0.5 * (f64::from(distance) / 0.8).powi(2)).exp();
    let sum: f64 = (-4..=4).map(weight).sum();
    for (row, column) in [(16, 16), (16, 17), (15, 15), (18, 16), (16, 13)] {
        let expected = 255.0 * weight(row - 16) * weight(column - 16) / (sum * sum);
        let found = f64::from(blurred[(row * 33 + column) as usize]);
        assert!(
            (found - expected).abs() <= 0.5 + 1e-9,
            "{row}, {column}: {found}, {expected}"
        );
    }
}
