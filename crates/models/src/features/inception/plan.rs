//! The network's blocks, in the names of torchvision.

use foil_tensor::Window;

/// Where one branch of a block begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// With what the block gets.
    AsItIs,
    /// With the mean of windows of it.
    Mean,
    /// With the largest of windows of it.
    Max,
    /// The same at half the size, and that is all.
    HalvedMax,
}

/// One branch: its convolutions one after another, and perhaps two side by side at last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Branch {
    /// What its layers' names begin with in NVIDIA's layout.
    pub(super) tower: &'static str,
    pub(super) begins: Begins,
    pub(super) convolutions: &'static [&'static str],
    pub(super) split: Option<[&'static str; 2]>,
    /// Whether the last convolution halves the sides.
    pub(super) halves: bool,
}

/// A block: what its branches make lies side by side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) name: &'static str,
    /// Of what it gets.
    pub(super) side: usize,
    pub(super) branches: &'static [Branch],
}

/// A convolution before the blocks.
pub(super) struct Stem {
    pub(super) name: &'static str,
    pub(super) stride: usize,
    pub(super) padding: usize,
    /// Of what it gets.
    pub(super) side: usize,
    /// Whether the largest of windows follow.
    pub(super) pooled: bool,
}

const fn stem(
    name: &'static str,
    side: usize,
    stride: usize,
    padding: usize,
    pooled: bool,
) -> Stem {
    Stem {
        name,
        stride,
        padding,
        side,
        pooled,
    }
}

pub(super) const STEM: [Stem; 5] = [
    stem("Conv2d_1a_3x3", 299, 2, 0, false),
    stem("Conv2d_2a_3x3", 149, 1, 0, false),
    stem("Conv2d_2b_3x3", 147, 1, 1, true),
    stem("Conv2d_3b_1x1", 73, 1, 0, false),
    stem("Conv2d_4a_3x3", 73, 1, 0, true),
];

const PLAIN: Branch = Branch {
    tower: "",
    begins: Begins::AsItIs,
    convolutions: &[],
    split: None,
    halves: false,
};

const fn plain(tower: &'static str, convolutions: &'static [&'static str]) -> Branch {
    Branch {
        tower,
        convolutions,
        ..PLAIN
    }
}

const fn halving(tower: &'static str, convolutions: &'static [&'static str]) -> Branch {
    Branch {
        tower,
        convolutions,
        halves: true,
        ..PLAIN
    }
}

const fn pooled(tower: &'static str, begins: Begins) -> Branch {
    Branch {
        tower,
        begins,
        convolutions: &["branch_pool"],
        ..PLAIN
    }
}

const fn split(
    tower: &'static str,
    convolutions: &'static [&'static str],
    split: [&'static str; 2],
) -> Branch {
    Branch {
        tower,
        convolutions,
        split: Some(split),
        ..PLAIN
    }
}

const HALVED: Branch = Branch {
    begins: Begins::HalvedMax,
    ..PLAIN
};

const A: &[Branch] = &[
    plain("", &["branch1x1"]),
    plain("tower.", &["branch5x5_1", "branch5x5_2"]),
    plain(
        "tower_1.",
        &["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"],
    ),
    pooled("tower_2.", Begins::Mean),
];

const B: &[Branch] = &[
    halving("", &["branch3x3"]),
    halving(
        "tower.",
        &["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"],
    ),
    HALVED,
];

const C: &[Branch] = &[
    plain("", &["branch1x1"]),
    plain("tower.", &["branch7x7_1", "branch7x7_2", "branch7x7_3"]),
    plain(
        "tower_1.",
        &[
            "branch7x7dbl_1",
            "branch7x7dbl_2",
            "branch7x7dbl_3",
            "branch7x7dbl_4",
            "branch7x7dbl_5",
        ],
    ),
    pooled("tower_2.", Begins::Mean),
];

const D: &[Branch] = &[
    halving("tower.", &["branch3x3_1", "branch3x3_2"]),
    halving(
        "tower_1.",
        &[
            "branch7x7x3_1",
            "branch7x7x3_2",
            "branch7x7x3_3",
            "branch7x7x3_4",
        ],
    ),
    HALVED,
];

const E: &[Branch] = &[
    plain("", &["branch1x1"]),
    split("tower_", &["branch3x3_1"], ["branch3x3_2a", "branch3x3_2b"]),
    split(
        "tower_1_",
        &["branch3x3dbl_1", "branch3x3dbl_2"],
        ["branch3x3dbl_3a", "branch3x3dbl_3b"],
    ),
    pooled("tower_2_", Begins::Mean),
];

/// As E, but for its pool: so it was trained.
const LAST: &[Branch] = &[E[0], E[1], E[2], pooled("tower_2_", Begins::Max)];

const fn block(name: &'static str, side: usize, branches: &'static [Branch]) -> Block {
    Block {
        name,
        side,
        branches,
    }
}

pub(super) const BLOCKS: [Block; 11] = [
    block("Mixed_5b", 35, A),
    block("Mixed_5c", 35, A),
    block("Mixed_5d", 35, A),
    block("Mixed_6a", 35, B),
    block("Mixed_6b", 17, C),
    block("Mixed_6c", 17, C),
    block("Mixed_6d", 17, C),
    block("Mixed_6e", 17, C),
    block("Mixed_7a", 17, D),
    block("Mixed_7b", 8, E),
    block("Mixed_7c", 8, LAST),
];

/// The block whose first branch says where in the image is what.
pub(super) const SPATIAL: &str = "Mixed_6d";

/// Windows that keep an image's sides.
pub(super) const SAME: Window = Window {
    size: 3,
    stride: 1,
    padding: 1,
};

/// Windows that halve them.
pub(super) const HALF: Window = Window {
    size: 3,
    stride: 2,
    padding: 0,
};
