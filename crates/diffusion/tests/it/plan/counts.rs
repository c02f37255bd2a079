//! Network evaluations, counted as documented.

use foil_diffusion::{
    Denoiser, Evaluations,
    sampler::{Churn, SamplerChoice},
};

use super::table::guided;
use crate::worlds::{levels, noisy, run};

fn evaluations(text: &str, choice: SamplerChoice) -> Count {
    let mut denoiser = guided(text, 0..2);
    run(choice, &mut denoiser, noisy(2, &levels()), &levels(), 0);
    let Evaluations { strong, weak } = denoiser.evaluations();
    (strong, weak)
}

/// Strong and weak evaluations.
type Count = (u64, u64);

/// Nine steps: nine evaluations by Euler, seventeen by Heun.
const COUNTED: [(&str, Count, Count); 17] = [
    ("none", (9, 0), (17, 0)),
    ("cfg:2", (9, 9), (17, 17)),
    ("cfg:1", (9, 0), (17, 0)),
    ("truncate:2", (9, 0), (17, 0)),
    ("classifier:2", (9, 9), (17, 17)),
    ("classifier:0", (9, 0), (17, 0)),
    ("self:2", (9, 9), (17, 17)),
    ("noise(amount=0.1):2", (9, 9), (17, 17)),
    // Images of 3×1 have two windows.
    ("window(size=2,stride=1):2", (9, 18), (17, 34)),
    ("cfg:2+auto:2", (9, 18), (17, 34)),
    ("cfg:2+auto:1", (9, 9), (17, 17)),
    ("cfg:2~linear,apg", (9, 9), (17, 17)),
    // Steps 0, 3 and 6; of Heun's all have two evaluations but the last, the ninth.
    ("cfg:2,refresh(every=3)", (9, 3), (17, 6)),
    ("cfg:2,refresh(every=1)", (9, 9), (17, 17)),
    ("cfg:2,refresh(every=1000)", (9, 1), (17, 2)),
    // 0.3 of nine steps are three.
    ("cfg:2,zero-star(zero=0.3)", (6, 6), (11, 11)),
    // Every cosine is above −1: one evaluation decides.
    ("cfg:2,adaptive(threshold=-1)", (9, 1), (17, 1)),
];

#[test]
fn evaluations_are_what_the_table_of_methods_says() {
    for (text, euler, heun) in COUNTED {
        assert_eq!(evaluations(text, SamplerChoice::Euler), euler, "{text}");
        assert_eq!(
            evaluations(text, SamplerChoice::Heun(Churn::NONE)),
            heun,
            "{text}"
        );
    }
}
