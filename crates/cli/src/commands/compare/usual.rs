//! Methods that are compared unless others are named.

use anyhow::Result;

use crate::{
    arguments::Generation,
    commands::{method::Method, sample::network_for},
};

/// Those of the paper's Table 1 and their neighbours.
const ALL: [&str; 12] = [
    "none",
    "cfg:W",
    "cfg:W@0.2..5",
    "auto:W",
    "auto:W@0.2..5",
    "auto:W+cfg:1.25",
    "classifier:W",
    "icg:W",
    "dropout(p=0.1):W",
    "attention-identity:W",
    "cfg:W,apg(norm=0,momentum=0)",
    "cfg:W,zero-star",
];

/// As many of them as the networks allow.
pub fn usual(generation: &Generation) -> Result<Vec<Method>> {
    Method::allowed(&ALL, |role| Ok(network_for(generation, role)?.is_some()))
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::commands::method::Method;

    #[test]
    fn usual_methods_mean_something() {
        for method in ALL {
            assert!(Method::new(method).is_ok(), "{method}");
        }
    }
}
