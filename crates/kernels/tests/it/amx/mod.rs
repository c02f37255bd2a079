//! Products by AMX, on processors that have it and on those that do not: there an emulator executes the tile instructions, so
//! that the very machine code of the crate is tested either way.

mod decode;
mod emulator;
mod tiles;

use std::arch::is_x86_feature_detected;

use foil_kernels::{Instructions, attention::Attention, bf16, convolution::Convolution};

use crate::{
    attention::{case, laws},
    case::Case,
    depthwise::Depthwise,
    operation::{Convolved, Linear, Operation},
    poison::{does_not_return_from_earlier_rows, stays_where_it_belongs},
    winograd::Winograd,
};

/// `None` without AVX-512, for which the loops around the tiles are compiled.
fn instructions() -> Option<Instructions> {
    let rest = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    rest.then(emulator::instructions)
}

fn agree(operations: impl IntoIterator<Item = impl Operation>) {
    let Some(instructions) = instructions() else {
        return;
    };
    let before = emulator::products();
    for operation in operations {
        Case::<bf16, _>::new(&operation).agrees(&[instructions]);
        Case::<f32, _>::new(&operation).agrees(&[instructions]);
    }
    assert_eq!(emulator::products() > before, emulator::is_needed());
}

fn agree_without_tiles(operation: &impl Operation) {
    if let Some(instructions) = instructions() {
        Case::<bf16, _>::new(operation).agrees(&[instructions]);
        Case::<f32, _>::new(operation).agrees(&[instructions]);
    }
}

/// Above and below 16 rows, of depths that are and are not a multiple of 32, for one tile of columns and several.
#[test]
fn products_by_tiles_agree_with_the_definition() {
    let shapes = [1, 2, 15, 16, 17, 31, 32, 33, 70]
        .into_iter()
        .flat_map(|rows| {
            let depths = [0, 1, 2, 31, 32, 33, 64, 95];
            depths.into_iter().map(move |depth| (rows, depth))
        });
    agree(shapes.enumerate().map(|(index, (rows, inputs))| {
        let outputs = [1, 15, 16, 17, 31, 32, 33, 65, 100];
        Linear::new(rows, inputs, outputs[index % outputs.len()])
    }));
}

/// Rows are evenly spaced within a line of the image, all the same outside of it, and uneven at borders.
#[test]
fn convolutions_by_tiles_agree_with_the_definition() {
    let channels = [(5, 3), (33, 32), (16, 33), (32, 64), (65, 31)];
    let sizes = [[1, 1, 1], [1, 5, 5], [2, 3, 16], [1, 4, 33], [3, 2, 18]];
    agree(channels.into_iter().flat_map(|(outputs, inputs)| {
        sizes.into_iter().flat_map(move |size| {
            let same = Convolution::same(outputs, inputs, 3);
            let halving = Convolution {
                kernel: [4, 4],
                stride: 2,
                ..same
            };
            let doubling = Convolution {
                transposed: true,
                ..halving
            };
            let shapes = [
                same,
                Convolution::same(outputs, inputs, 1),
                halving,
                doubling,
            ];
            let [batch, height, width] = size;
            let image = foil_kernels::convolution::Image {
                batch,
                height,
                width,
            };
            shapes
                .into_iter()
                .filter_map(move |shape| Convolved::try_new(shape, image))
        })
    }));
}

#[test]
fn winograds_method_by_tiles_agrees_with_the_definition() {
    for size in [[1, 1, 1], [2, 9, 11]] {
        agree([(32, 48), (80, 16)].map(|(outputs, inputs)| Winograd::new(outputs, inputs, size)));
    }
}

#[test]
fn weight_gradients_over_several_chunks_of_pixels_by_tiles_agree_with_the_definition() {
    agree([Linear::new(512 + 512 + 49, 33, 17)]);
    agree([Convolved::new(Convolution::same(5, 33, 3), [1, 33, 17])]);
}

#[test]
fn gradients_by_tiles_are_adjoints() {
    let Some(instructions) = instructions() else {
        return;
    };
    let operation = Convolved::new(Convolution::same(17, 13, 3), [2, 6, 5]);
    Case::<bf16, _>::of_integers(&operation).gradients_are_adjoints(&[instructions]);
}

#[test]
fn poison_does_not_leak_through_the_padding_of_tiles() {
    let Some(instructions) = instructions() else {
        return;
    };
    does_not_return_from_earlier_rows::<bf16>(&[instructions]);
    for (outputs, inputs) in [(1, 1), (7, 33), (33, 15)] {
        stays_where_it_belongs::<bf16>(&Linear::new(19, inputs, outputs), &[instructions]);
        let same = Convolution::same(outputs, inputs, 3);
        stays_where_it_belongs::<bf16>(&Convolved::new(same, [3, 5, 17]), &[instructions]);
    }
}

/// A task that another thread takes must configure that thread's own tiles.
#[test]
fn products_by_tiles_have_the_same_bits_with_any_number_of_threads() {
    let Some(instructions) = instructions() else {
        return;
    };
    let operation = Convolved::new(Convolution::same(65, 33, 3), [1, 33, 17]);
    crate::threads::same_with_any_number::<bf16>(&operation, &[instructions]);
}

/// The weights are rows of tiles, with room behind them that was other queries' or other keys'.
#[test]
fn attention_by_tiles_agrees_with_the_definition() {
    let Some(instructions) = instructions() else {
        return;
    };
    let before = emulator::products();
    for [queries, keys, width] in [
        [1, 1, 1],
        [33, 19, 5],
        [16, 32, 32],
        [40, 257, 64],
        [45, 300, 80],
    ] {
        let plain = Attention {
            heads: 2,
            ..case::attention(queries, keys, width)
        };
        for attention in [plain, case::cosine(plain)] {
            let case = case::Case::<bf16>::new(attention);
            case.output_agrees(&[instructions]);
            case.gradients_agree(&[instructions]);
        }
    }
    assert_eq!(emulator::products() > before, emulator::is_needed());
    laws::poison_stays_where_it_belongs::<bf16>(&[instructions]);
    let threads = Attention {
        heads: 3,
        ..case::attention(150, 300, 17)
    };
    laws::same_with_any_number_of_threads::<bf16>(threads, &[instructions]);
}

/// They have no tiles, but the set has a kernel for them.
#[test]
fn depthwise_convolutions_with_tiles_at_hand_agree_with_the_definition() {
    agree_without_tiles(&Depthwise::new(40, [2, 5, 7]));
}
