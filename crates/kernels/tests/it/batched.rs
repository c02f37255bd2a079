//! Batches of products, each against its sums written out.

use foil_kernels::{
    Instructions, bf16,
    passes::Activation,
    product::{BatchedProduct, Epilogue, Residual},
};

use crate::world::{
    Guarded, Number, SUMMING, assert_close, assert_close_within, values, widened, written,
};

/// `[batch, rows, columns]` from `a` `[batch, rows, depth]` and `b` `[batch, columns, depth]`.
fn definition(product: &BatchedProduct, a: &[f64], b: &[f64]) -> Vec<f64> {
    let BatchedProduct {
        batch,
        rows,
        depth,
        columns,
    } = *product;
    let mut sums = Vec::new();
    for index in 0..batch {
        for row in 0..rows {
            for column in 0..columns {
                let a = &a[(index * rows + row) * depth..][..depth];
                let b = &b[(index * columns + column) * depth..][..depth];
                sums.push(a.iter().zip(b).map(|(a, b)| a * b).sum());
            }
        }
    }
    sums
}

fn agrees<T: Number>(product: &BatchedProduct) {
    let BatchedProduct {
        batch,
        rows,
        depth,
        columns,
    } = *product;
    let a = Guarded::new(&values::<T>(batch * rows * depth, 1));
    let b = Guarded::new(&values::<T>(batch * columns * depth, 2));
    let residual = values::<T>(batch * rows * columns, 3);
    let gain: Vec<f32> = values(batch * columns, 4);
    let sums = definition(product, &widened(&a), &widened(&b));
    let finished: Vec<f64> = (0..sums.len())
        .map(|index| {
            let column = index / (rows * columns) * columns + index % columns;
            let value = sums[index] * f64::from(gain[column]);
            value + f64::from(residual[index].to_f32())
        })
        .collect();
    for instructions in Instructions::available() {
        let of = (T::NAME, instructions, product);
        let plain = written(sums.len(), |out| {
            product.multiply(instructions, [&a, &b], &Epilogue::default(), out);
        });
        assert_close(of, &plain, &sums);
        let epilogue = Epilogue {
            gain: Some(&gain),
            activation: Activation::None,
            residual: Some(Residual::sum(&residual)),
            ..Epilogue::default()
        };
        let got = written(sums.len(), |out| {
            product.multiply(instructions, [&a, &b], &epilogue, out);
        });
        assert_close_within(SUMMING, of, &sums, &got, &finished);
    }
}

#[test]
fn every_product_of_a_batch_has_its_own_factors_gain_and_residual() {
    for [batch, rows, depth, columns] in [
        [0, 3, 4, 5],
        [1, 1, 1, 1],
        [3, 14, 33, 31],
        [2, 0, 5, 7],
        [2, 5, 0, 7],
        [5, 29, 64, 65],
        [2, 100, 200, 96],
    ] {
        let product = BatchedProduct {
            batch,
            rows,
            depth,
            columns,
        };
        agrees::<f32>(&product);
        agrees::<bf16>(&product);
    }
}
