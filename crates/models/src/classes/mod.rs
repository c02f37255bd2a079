//! Names of ImageNet's classes, in the order of their numbers: sorted by WordNet identifier, as networks count them. The names
//! are those that torchvision gives them (BSD 3-Clause).

use crate::{Error, Result};

static IMAGENET: &str = include_str!("imagenet.txt");

/// The name of a class of ImageNet.
pub fn imagenet_name(class: u32) -> Option<&'static str> {
    IMAGENET.lines().nth(class as usize)
}

/// The number of a class of ImageNet by its name, whatever the case; an underscore is a space.
pub fn imagenet_number(name: &str) -> Result<u32> {
    let wanted = name.replace('_', " ").to_lowercase();
    let known = || (0_u32..).zip(IMAGENET.lines());
    if let Some((class, _)) = known().find(|(_, known)| known.to_lowercase() == wanted) {
        return Ok(class);
    }
    let similar =
        known().filter(|(_, known)| !wanted.is_empty() && known.to_lowercase().contains(&wanted));
    let similar: Vec<String> = similar
        .take(5)
        .map(|(class, name)| format!("{class} ({name})"))
        .collect();
    let suggestion = match similar.as_slice() {
        [] => String::new(),
        _ => format!("; did you mean {}?", similar.join(", ")),
    };
    Err(Error::Condition(format!(
        "class '{name}' is no number and no name of ImageNet{suggestion}"
    )))
}

#[cfg(test)]
mod tests {
    use super::{imagenet_name, imagenet_number};

    #[test]
    fn names_and_numbers_belong_together() {
        for (class, name) in [
            (0, "tench"),
            (207, "golden retriever"),
            (999, "toilet tissue"),
        ] {
            assert_eq!(imagenet_name(class), Some(name));
            assert_eq!(imagenet_number(name).ok(), Some(class));
        }
        assert_eq!(imagenet_name(1000), None);
        assert_eq!(imagenet_number("Golden_Retriever").ok(), Some(207));
        let message = |name| imagenet_number(name).expect_err("no class").to_string();
        assert!(message("cran").contains("134 (crane bird), 517 (crane)"));
        assert!(message("retriever").contains("207 (golden retriever)"));
        assert!(message("").contains("no name"));
    }
}
