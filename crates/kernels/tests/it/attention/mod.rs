//! Attention of every shape, and its gradients. `case` runs one beside its `definition`.

pub mod case;
mod definition;
mod extremes;
pub mod laws;

use foil_kernels::attention::Attention;
use proptest::prelude::*;

use self::case::{agrees, attention, cosine};

const WIDTHS: [usize; 6] = [1, 5, 32, 64, 80, 160];
/// Queries and keys, which are taken in blocks of 256.
const TOKENS: [[usize; 2]; 10] = [
    [1, 1],
    [7, 1],
    [1, 7],
    [16, 16],
    [33, 40],
    [5, 255],
    [19, 256],
    [15, 257],
    [31, 600],
    [113, 30],
];

fn of_every_width_and_tokens(finish: impl Fn(Attention) -> Attention) {
    for (index, width) in WIDTHS.into_iter().enumerate() {
        for (case, [queries, keys]) in TOKENS.into_iter().enumerate() {
            agrees(finish(Attention {
                heads: 1 + (index + case) % 3,
                batch: 1 + (index + case / 3) % 2,
                ..attention(queries, keys, width)
            }));
        }
    }
}

#[test]
fn attention_and_its_gradients_agree_with_the_definition() {
    of_every_width_and_tokens(|plain| plain);
}

#[test]
fn cosine_attention_and_its_gradients_agree_with_the_definition() {
    of_every_width_and_tokens(cosine);
}

#[test]
fn few_heads_with_many_queries_agree_with_the_definition() {
    for queries in [111, 112, 113, 500] {
        agrees(attention(queries, 20, 5));
        agrees(cosine(attention(queries, 300, 33)));
    }
}

#[test]
fn no_samples_and_no_queries_are_no_output_and_gradients_of_zero() {
    for heads in [1, 3] {
        for keys in [0, 1, 300] {
            for (batch, queries) in [(0, 4), (0, 0), (2, 0)] {
                let plain = Attention {
                    batch,
                    heads,
                    ..attention(queries, keys, 5)
                };
                agrees(plain);
                agrees(cosine(plain));
            }
        }
    }
}

#[test]
fn no_heads_and_no_channels_are_no_output() {
    for (heads, width) in [(0, 5), (2, 0)] {
        agrees(Attention {
            heads,
            ..attention(3, 4, width)
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn attention_of_any_shape_agrees_with_the_definition(
        [batch, queries, keys] in [0_usize..3, 0..60, 1..60],
        [heads, width] in [1_usize..4, 1..50],
        normalise in proptest::option::of(1e-4_f32..1e-2),
    ) {
        agrees(Attention { batch, queries, keys, heads, width, normalise });
    }

    #[test]
    fn attention_to_any_number_of_keys_agrees_with_the_definition(
        queries in 1_usize..20,
        keys in 60_usize..700,
        width in 1_usize..10,
    ) {
        agrees(attention(queries, keys, width));
    }
}
