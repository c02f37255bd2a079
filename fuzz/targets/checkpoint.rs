//! Opens any bytes as a checkpoint and reads every tensor in it: no panic, no overflow, no absurd memory or time.
#![no_main]

use std::{cell::RefCell, io::Write};

use foil_models::checkpoint::Contents;
use libfuzzer_sys::fuzz_target;
use tempfile::NamedTempFile;

thread_local! {
    /// One file for all runs.
    static FILE: RefCell<NamedTempFile> = RefCell::new(NamedTempFile::new().expect("a folder for temporary files"));
}

fn open(bytes: &[u8]) {
    FILE.with_borrow_mut(|file| {
        use std::io::Seek;
        file.rewind().expect("a file can be rewound");
        file.write_all(bytes).expect("the disk has room");
        file.as_file()
            .set_len(bytes.len() as u64)
            .expect("a file can be cut");
        match Contents::open(file.path()) {
            Err(error) => {
                let said = error.to_string();
                assert!(!said.chars().any(char::is_control), "{said:?}");
            }
            Ok(Contents::Edm2(network)) => read(&network.weights),
            Ok(Contents::Toy(weights) | Contents::Tensors(weights)) => read(&weights),
            Ok(Contents::Statistics(statistics)) => {
                for moments in statistics.metrics.values() {
                    let _ = moments.mean.double_numbers();
                    let _ = moments.covariance.double_numbers();
                }
            }
            Ok(_) => {}
        }
    });
}

fn read(weights: &foil_models::Weights) {
    for (_, tensor) in weights.iter() {
        let bytes = tensor
            .with_bytes(<[u8]>::len)
            .expect("a tensor of a file that was opened");
        assert_eq!(bytes, tensor.count() * tensor.dtype().size_in_bytes());
    }
}

fuzz_target!(|bytes: &[u8]| open(bytes));
