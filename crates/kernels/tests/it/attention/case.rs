//! Attention to some numbers, computed by the crate and by its twin.

use std::fmt::Debug;

use foil_kernels::{
    Instructions,
    attention::{self, Attention, Gradients, Tokens},
    bf16,
};

use super::definition::{self, Gradient, largest};
use crate::world::{Guarded, Number, values, widened, written};

/// Elements between one token's last channel of v and the next token's first of q.
const GAP: usize = 5;

/// q, k and v lie side by side in one tensor, with as many tokens as the most of them have. What is none of them is NaN.
pub struct Case<T> {
    pub attention: Attention,
    fused: Guarded<T>,
    plain: [Vec<f64>; 3],
    grad: Guarded<T>,
}

/// One head, and tokens in one image.
pub fn attention(queries: usize, keys: usize, width: usize) -> Attention {
    Attention {
        batch: 1,
        queries,
        keys,
        heads: 1,
        width,
        normalise: None,
    }
}

pub fn cosine(plain: Attention) -> Attention {
    Attention {
        normalise: Some(1e-4),
        ..plain
    }
}

/// Elements of q, k and v.
pub fn lengths(of: &Attention) -> [usize; 3] {
    [of.queries, of.keys, of.keys].map(|tokens| of.batch * tokens * of.heads * of.width)
}

impl<T: Number> Case<T> {
    pub fn new(attention: Attention) -> Self {
        let [q, k, v] = lengths(&attention);
        Self::of(attention, [values(q, 1), values(k, 2), values(v, 3)])
    }

    /// Of tokens without gaps.
    pub fn of(attention: Attention, plain: [Vec<T>; 3]) -> Self {
        let channels = attention.heads * attention.width;
        let stride = 3 * channels + GAP;
        let tokens = attention.batch * attention.queries.max(attention.keys);
        let mut fused = vec![T::GUARD; tokens * stride];
        for (index, plain) in plain.iter().enumerate() {
            for (token, from) in plain.chunks_exact(channels.max(1)).enumerate() {
                fused[token * stride + index * channels..][..channels].copy_from_slice(from);
            }
        }
        Self {
            attention,
            fused: Guarded::new(&fused),
            grad: Guarded::new(&values(plain[0].len(), 4)),
            plain: plain.map(|plain| widened(&plain)),
        }
    }

    pub fn with_grad(self, grad: &[T]) -> Self {
        let grad = Guarded::new(grad);
        Self { grad, ..self }
    }

    /// q, k and v, each up to its last element.
    fn tokens(&self) -> [Tokens<'_, T>; 3] {
        let of = &self.attention;
        let channels = of.heads * of.width;
        let stride = 3 * channels + GAP;
        [0, 1, 2].map(|index| {
            let count = of.batch * [of.queries, of.keys, of.keys][index];
            let length = (count.max(1) - 1) * stride + channels;
            let data = if count == 0 {
                &[]
            } else {
                &self.fused[index * channels..][..length]
            };
            Tokens { data, stride }
        })
    }

    fn plain(&self) -> [&[f64]; 3] {
        self.plain.each_ref().map(|plain| &plain[..])
    }

    pub fn forward(&self, instructions: Instructions) -> Vec<T> {
        let [q, k, v] = self.tokens();
        written(self.grad.len(), |out| {
            attention::forward(instructions, &self.attention, q, k, v, out);
        })
    }

    /// Of q, k and v.
    pub fn gradients(&self, instructions: Instructions) -> [Vec<T>; 3] {
        let (mut by_k, mut by_v) = (Vec::new(), Vec::new());
        let [length, keys, _] = lengths(&self.attention);
        let by_q = written(length, |q| {
            by_k = written(keys, |k| {
                by_v = written(keys, |v| {
                    let mut out = Gradients { q, k, v };
                    let (attention, tokens) = (&self.attention, self.tokens());
                    attention::backward(instructions, attention, tokens, &self.grad, &mut out);
                });
            });
        });
        [by_q, by_k, by_v]
    }

    pub fn twin_forward(&self) -> Vec<f64> {
        definition::forward(&self.attention, self.plain())
    }

    pub fn twin_gradients(&self) -> [Gradient; 3] {
        definition::gradients(&self.attention, self.plain(), &widened(&self.grad))
    }

    /// In f32 an error is relative to the largest output. In bf16 the weights are rounded once, and so is the output, each by 2⁻⁸ at
    /// most: together 2⁻⁷ of the largest value. The tokens of the cosine are rounded too, which is twice as much.
    pub fn output_agrees(&self, with: &[Instructions]) {
        let wanted = self.twin_forward();
        let roundings = if self.attention.normalise.is_none() {
            2.0
        } else {
            4.0
        };
        let value = definition::largest_value(&self.attention, self.plain()[2]);
        let allowed = SUMMING * largest(wanted.iter().copied()) + roundings * T::ROUNDING * value;
        for &instructions in with {
            let what = ("output", T::NAME, instructions, self.attention);
            let got = self.forward(instructions);
            assert_within(what, &got, &wanted, |_| allowed);
        }
    }

    /// They are computed in f32, and only rounded to be stored. An error is relative to the largest of the sums of which those of q
    /// and k are differences, before the norm, whose gradient in turn leaves, of one channel, only 10⁻⁴ of them.
    pub fn gradients_agree(&self, with: &[Instructions]) {
        let wanted = self.twin_gradients();
        for &instructions in with {
            let got = self.gradients(instructions);
            for ((name, got), wanted) in ["q", "k", "v"].into_iter().zip(&got).zip(&wanted) {
                let what = ("gradient", name, T::NAME, instructions, self.attention);
                assert_within(what, got, &wanted.values, |index| {
                    SUMMING * wanted.scales[index] + T::ROUNDING * wanted.values[index].abs()
                });
            }
        }
    }
}

const SUMMING: f64 = 1e-5;

/// NaN must be where it is wanted.
pub fn assert_within<T: Number>(
    what: impl Debug,
    got: &[T],
    wanted: &[f64],
    allowed: impl Fn(usize) -> f64,
) {
    assert_eq!(got.len(), wanted.len(), "length of {what:?}");
    for (index, (got, &wanted)) in widened(got).into_iter().zip(wanted).enumerate() {
        let allowed = allowed(index);
        let close = (got - wanted).abs() <= allowed || got.is_nan() && wanted.is_nan();
        assert!(
            close,
            "{what:?}: element {index} is {got} instead of {wanted} ± {allowed}"
        );
    }
}

/// With both types and every instruction set of this processor, the output and all gradients.
pub fn agrees(attention: Attention) {
    let with = Instructions::available();
    let (float, half) = (Case::<f32>::new(attention), Case::<bf16>::new(attention));
    float.output_agrees(&with);
    half.output_agrees(&with);
    float.gradients_agree(&with);
    half.gradients_agree(&with);
}
