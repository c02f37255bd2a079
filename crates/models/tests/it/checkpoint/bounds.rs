//! Files that ask for more than they are: memory, depth and time stay bounded.

use super::{assembler::Assembler, open, refusal};

#[test]
fn absurd_lengths_are_compared_with_what_is_left() {
    let huge = u64::MAX.to_le_bytes();
    for (instruction, length) in [
        (b"\x8e", &huge[..]),
        (b"\x8d", &huge),
        (b"\x96", &huge),
        (b"B", &huge[..4]),
        (b"X", &huge[..4]),
        (b"T", &huge[..4]),
        (b"\x8b", &huge[..4]),
        (b"\x8a", &huge[..1]),
    ] {
        let said = refusal(&Assembler::new().raw(instruction).raw(length).finish());
        assert!(said.contains("1 are left"), "{said}");
    }
}

#[test]
fn a_million_levels_are_no_trouble() {
    const DEPTH: usize = 1_000_000;
    let lists = Assembler::new()
        .raw(&b"]".repeat(DEPTH))
        .raw(&b"a".repeat(DEPTH - 1));
    refusal(&lists.finish());
    let tuples = Assembler::new().raw(b")").raw(&b"\x85".repeat(DEPTH));
    refusal(&tuples.finish());
    let marks = Assembler::new()
        .raw(&b"(".repeat(DEPTH))
        .raw(&b"t".repeat(DEPTH));
    refusal(&marks.finish());
    // The same inside of what is looked into.
    let inside = |pickle: Assembler| pickle.raw(&b"]".repeat(1000)).raw(&b"a".repeat(999));
    let said = refusal(&Assembler::new().dictionary("weight", inside).finish());
    assert!(said.contains("64 deep"), "{said}");
}

#[test]
fn values_that_hold_themselves_end() {
    // A dictionary whose only item is itself, and a list in itself.
    let dictionary = Assembler::new().raw(b"}\x94").text("self").raw(b"h\x00s");
    let said = refusal(&dictionary.finish());
    assert!(said.contains("hold themselves"), "{said}");
    let list = |pickle: Assembler| pickle.raw(b"]\x94h\x00a");
    let said = refusal(&Assembler::new().dictionary("weight", list).finish());
    assert!(said.contains("hold themselves"), "{said}");
    // A call that is its own argument, and a reference to itself.
    let call = Assembler::new()
        .raw(b"]\x94")
        .global("torch.nn", "Parameter")
        .raw(b"h\x00R\x94h\x01a0h\x01");
    refusal(&call.finish());
}

#[test]
fn doubling_forty_times_is_not_walked() {
    // Each tuple holds the one before twice: 2^40 ways to the bottom.
    let doubled = (0..40).fold(
        Assembler::new().raw(b"}").text("weight").raw(b")"),
        |pickle, _| pickle.raw(b"2\x86"),
    );
    let said = refusal(&doubled.raw(b"s").finish());
    assert!(said.contains("more parts than any network"), "{said}");
}

#[test]
fn a_large_part_is_not_read_for_every_reference_to_it() {
    const MANY: usize = 100_000;
    // A module whose many parts are one module with many parts.
    let module = |pickle: Assembler, state: &[u8]| {
        pickle
            .global("torch.nn.modules.container", "ModuleDict")
            .raw(b")\x81")
            .raw(state)
            .raw(b"b")
    };
    let state = Assembler::new().raw(b"}(").text("_parameters").raw(b"}(");
    let state = (0..MANY).fold(state, |pickle, name| {
        pickle.text(&name.to_string()).raw(b"N")
    });
    let state = state
        .raw(b"u")
        .text("_buffers")
        .raw(b"}")
        .text("_modules")
        .raw(b"}u\x94");
    let inner = module(state.raw(b"0"), b"h\x00").raw(b"\x940");
    let network = inner
        .global("torch_utils.persistence", "_reconstruct_persistent_obj")
        .raw(b"}(")
        .text("class_name")
        .text("ToyModel")
        .text("state")
        .raw(b"}(")
        .text("_parameters")
        .raw(b"}")
        .text("_buffers")
        .raw(b"}")
        .text("_modules")
        .raw(b"}(");
    let network = (0..MANY).fold(network, |pickle, name| {
        pickle.text(&name.to_string()).raw(b"h\x01")
    });
    let said = refusal(&network.raw(b"uuu\x85R").finish());
    assert!(said.contains("refer to each other"), "{said}");
}

#[test]
fn a_file_of_values_is_refused_before_memory_is() {
    for value in [
        &b"N"[..],
        b"]",
        b"(",
        b"K\x00",
        b"}N",
        b"Nq\x00",
        b"N0",
        b"]2a",
    ] {
        let pickle = Assembler::new().raw(&value.repeat((70 << 20) / value.len()));
        let said = refusal(&pickle.finish());
        assert!(
            said.contains("more values than any checkpoint has"),
            "{said}"
        );
    }
}

#[test]
fn views_beyond_their_storage_are_refused() {
    const HUGE: i32 = i32::MAX;
    let refused = |count, view| {
        let tensor = |pickle: Assembler| pickle.tensor(count, view);
        let pickle = Assembler::new().dictionary("weight", tensor);
        refusal(&pickle.stream(&[1.0, 2.0, 3.0, 4.0]))
    };
    let views: [(i32, &[i32], &[i32]); 7] = [
        (1, &[4], &[1]),
        (0, &[2, 2], &[3, 1]),
        (5, &[], &[]),
        (0, &[2], &[]),
        (0, &[2], &[-1]),
        (-1, &[2], &[1]),
        (0, &[HUGE, HUGE, HUGE], &[HUGE, HUGE, HUGE]),
    ];
    for view in views {
        assert!(refused(4, view).contains("weight"));
    }
    // One number seen two thousand million times.
    let said = refused(4, (0, &[HUGE], &[0]));
    assert!(
        said.contains("a storage of 4 numbers cannot be seen as"),
        "{said}"
    );
    // A storage that says it is longer than it is.
    assert!(refused(5, (0, &[2], &[1])).contains("two different lengths"));
}

#[test]
fn views_inside_of_their_storage_are_put_in_order() {
    let opened = |view| {
        let tensor = |pickle: Assembler| pickle.tensor(4, view);
        let pickle = Assembler::new().dictionary("weight", tensor);
        let contents = open(&pickle.stream(&[1.0, 2.0, 3.0, 4.0])).unwrap();
        let foil_models::checkpoint::Contents::Tensors(weights) = contents else {
            panic!("not a state dictionary");
        };
        weights.get("weight").unwrap().numbers().unwrap()
    };
    assert_eq!(opened((0, &[2, 2], &[1, 2])), [1.0, 3.0, 2.0, 4.0]);
    assert_eq!(opened((3, &[1, 1], &[9, 9])), [4.0]);
    assert_eq!(opened((1, &[2, 2], &[1, 1])), [2.0, 3.0, 3.0, 4.0]);
    assert_eq!(opened((2, &[0, 5], &[1, 1])), [0.0; 0]);
    assert_eq!(opened((1, &[3], &[0])), [2.0; 3]);
}
