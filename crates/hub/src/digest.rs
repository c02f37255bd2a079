//! SHA-256 of files, by the library that encrypts connections anyway.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Read},
    path::Path,
};

use ring::digest::{Context, SHA256};

/// In hexadecimal digits.
pub(crate) fn of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(context.finish().as_ref())),
            count => context.update(&buffer[..count]),
        }
    }
}

/// In hexadecimal digits.
pub(crate) fn of_text(text: &str) -> String {
    hexadecimal(ring::digest::digest(&SHA256, text.as_bytes()).as_ref())
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(digits, "{byte:02x}").expect("a string can be written to");
    }
    digits
}
