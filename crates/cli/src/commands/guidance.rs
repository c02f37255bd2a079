//! `foil guidance`: what `--guidance` understands.

use std::fmt::Write as _;

use anyhow::Result;

use crate::output;

/// A method as it may be written, and what it does.
type Line = (&'static str, &'static str);

const GUIDES: [Line; 16] = [
    (
        "auto:2",
        "a weaker version of the network: --guide (Karras et al. 2024)",
    ),
    (
        "cfg:2",
        "a network without classes: --unconditional (Ho & Salimans 2022)",
    ),
    (
        "classifier:1",
        "a classifier's gradient: --classifier; 0 is none, (dialect=adm) is ADM's DDPM step (Dhariwal & Nichol 2021)",
    ),
    (
        "icg:2",
        "the network, told another class (Sadat et al. 2024)",
    ),
    (
        "time-step(scale=0.5,exponent=0):2",
        "the network, told a wrong noise level (Sadat et al. 2024)",
    ),
    (
        "self(shift=0.01):3",
        "the network at a higher noise level (2412.05827)",
    ),
    ("dropout(p=0.1):3", "the network with dropout (2510.17136)"),
    ("noise(amount=0.2):2", "the network, given a noisier image"),
    (
        "skip(blocks=5/6):2",
        "the network without some blocks (Stable Diffusion 3.5)",
    ),
    (
        "attention-identity:3",
        "the network whose pixels see only themselves (Ahn et al. 2024, PAG)",
    ),
    (
        "attention-blur(sigma=inf):3",
        "the network with blurred attention (Hong 2024, SEG)",
    ),
    (
        "weight-noise(amount=0.1):2",
        "the network with noise on its weights",
    ),
    ("bits(n=4):2", "the network with weights of few bits"),
    ("ema(std=0.05):2", "another average of the same training"),
    (
        "window(size=24,stride=8):1.2",
        "the network on crops of the image (2411.10257)",
    ),
    ("truncate:1.1", "a flat density: lengthens the score"),
];

const SHAPES: [Line; 8] = [
    (
        "cfg:4,apg(eta=0,norm=2.5,momentum=-0.75)",
        "less along the estimate, limited, with momentum; dialect=diffusers, comfy or sdcpp (Sadat et al. 2024)",
    ),
    (
        "cfg:4,zero-star(zero=0.04)",
        "a scaled weak velocity, and none in the first steps (2503.18886)",
    ),
    (
        "cfg:4,tcfg",
        "without the second singular direction of the weak estimate (2503.18137)",
    ),
    (
        "cfg:4,fdg(low=1,high=4)",
        "a weight for low and one for high frequencies (2506.19713)",
    ),
    (
        "cfg:4,mambo(alpha=8)",
        "less where the two estimates differ much (2508.03442)",
    ),
    (
        "cfg:4,adaptive(threshold=0.99)",
        "none from where both agree (2312.12487); saves evaluations",
    ),
    (
        "auto:2,refresh(every=3)",
        "the difference of every third step; saves evaluations",
    ),
    (
        "cfg:0.6,plus-plus",
        "CFG++: noise of the weak estimate; samplers euler, ddim, euler-ancestral, dpm-solver++-2m (2406.08070)",
    ),
];

const REST: [Line; 7] = [
    (
        "auto:2@0.2..5",
        "only where 0.2 < σ <= 5; /evaluation looks at each evaluation's σ",
    ),
    (
        "cfg:4~cosine",
        "a weight that follows the noise level: linear, cosine, power(exponent=P), beta(a=A,b=B)",
    ),
    (
        "auto:2+cfg:1.3",
        "both: the additions of all terms are added",
    ),
    (
        "cfg:4,rescale(share=0.7)",
        "the contrast of the unguided estimate (2305.08891)",
    ),
    ("cfg:4,threshold(max=1)", "nothing beyond a range"),
    (
        "cfg:4,dynamic-threshold(percentile=0.995,max=1)",
        "the range, squeezed (2205.11487)",
    ),
    ("none", "no guidance"),
];

/// Prints a line for each.
pub fn run() -> Result<()> {
    let mut text = String::new();
    let mut list = |title: &str, lines: &[Line]| {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{title}");
        for (example, meaning) in lines {
            let _ = writeln!(text, "  {example:<50} {meaning}");
        }
        text.push('\n');
    };
    list(
        "What guides, with its weight: 1 is no guidance, of a classifier 0",
        &GUIDES,
    );
    list(
        "What is made of the difference that it makes, in the order written",
        &SHAPES,
    );
    list(
        "Where, how much, with what else, and what is done to the result",
        &REST,
    );
    output::print(text.trim_end_matches('\n'))?;
    output::print("\n")
}

#[cfg(test)]
mod tests {
    use foil_diffusion::guidance::Plan;

    use super::{GUIDES, REST, SHAPES};

    #[test]
    fn everything_that_is_listed_is_understood() {
        for (example, _) in GUIDES.iter().chain(&SHAPES).chain(&REST) {
            let plan: Result<Plan, _> = example.parse();
            assert!(plan.is_ok(), "{example}: {plan:?}");
        }
    }
}
