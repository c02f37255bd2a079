//! Names of instruction sets.

use foil_kernels::{InstructionSet, Instructions};

#[test]
fn an_unknown_name_is_refused_in_one_line_that_says_which_are_allowed() {
    for name in ["sse9", "", "AVX2", "avx2 ", "avx512-bf16,avx2"] {
        let message = name.parse::<Instructions>().expect_err(name).to_string();
        let allowed = Instructions::available();
        let allowed: Vec<String> = allowed.iter().map(|one| one.set().to_string()).collect();
        let wanted = format!(
            "FOIL_INSTRUCTIONS='{name}': allowed on this processor are {}",
            allowed.join(", ")
        );
        assert_eq!(message, wanted);
        assert_eq!(message.lines().count(), 1);
    }
}

#[test]
fn a_set_that_the_processor_lacks_is_refused_and_every_other_is_found_by_name() {
    for (name, set) in InstructionSet::NAMED {
        assert_eq!(name.parse().ok(), Instructions::of(set), "{name}");
    }
}

#[test]
fn available_sets_rise_from_the_portable_one() {
    let available = Instructions::available();
    assert_eq!(available[0].set(), InstructionSet::Portable);
    assert!(available.is_sorted_by_key(|one| one.set()));
}
