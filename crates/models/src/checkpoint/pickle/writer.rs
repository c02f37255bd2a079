//! Pickles of dictionaries, whole numbers and arrays, as Python's own program writes them at protocol 4 with numpy before version 2, to the byte.
//! Every version of numpy reads them.

use std::collections::HashMap;

use super::opcode;

/// Bytes of this length or more lie between frames.
const LARGE: usize = 64 << 10;

/// A pickle that is being written: a value for each call, in the order in which they are read.
#[derive(Debug)]
pub(crate) struct Writer {
    done: Vec<u8>,
    /// What is in no frame yet. It ends before large bytes only, which is enough for less than 64 KiB of others between them.
    frame: Vec<u8>,
    /// Values that come again, with their places among all that are remembered.
    known: HashMap<Known, u32>,
    remembered: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Known {
    Text(&'static str),
    Global(&'static str, &'static str),
    /// `b'b'`, with which numpy makes arrays that are filled later.
    Letter,
    /// `dtype('<f8')`
    Doubles,
}

impl Writer {
    /// One that has no value yet.
    pub(crate) fn new() -> Self {
        Self {
            done: vec![opcode::PROTO, 4],
            frame: Vec::new(),
            known: HashMap::new(),
            remembered: 0,
        }
    }

    /// Begins a dictionary: its keys and values follow in turn.
    pub(crate) fn begin_dictionary(&mut self) {
        self.frame.push(opcode::EMPTY_DICT);
        self.remember(None);
        self.frame.push(opcode::MARK);
    }

    /// Ends the dictionary that was begun last, which has two items or more.
    pub(crate) fn end_dictionary(&mut self) {
        self.frame.push(opcode::SETITEMS);
    }

    /// A text of less than 256 bytes.
    pub(crate) fn text(&mut self, text: &'static str) {
        if self.recall(&Known::Text(text)) {
            return;
        }
        self.frame
            .extend([opcode::SHORT_BINUNICODE, text.len() as u8]);
        self.frame.extend(text.as_bytes());
        self.remember(Some(Known::Text(text)));
    }

    /// A whole number that is not negative.
    pub(crate) fn number(&mut self, number: u64) {
        let length = match number {
            0..=0xFF => {
                self.frame.push(opcode::BININT1);
                1
            }
            0x100..=0xFFFF => {
                self.frame.push(opcode::BININT2);
                2
            }
            0x1_0000..=0x7FFF_FFFF => {
                self.frame.push(opcode::BININT);
                4
            }
            _ => {
                // There must be a bit for the sign.
                let length = (u64::BITS - number.leading_zeros()) / 8 + 1;
                self.frame.extend([opcode::LONG1, length as u8]);
                length as usize
            }
        };
        let bytes = u128::from(number).to_le_bytes();
        self.frame.extend(&bytes[..length]);
    }

    /// An array of doubles in C's order, of one to three dimensions; `data` are its bytes, little-endian.
    pub(crate) fn array(&mut self, shape: &[usize], data: &[u8]) {
        self.global("numpy.core.multiarray", "_reconstruct");
        self.global("numpy", "ndarray");
        self.number(0);
        self.tuple(1);
        if !self.recall(&Known::Letter) {
            self.bytes(b"b", Some(Known::Letter));
        }
        self.tuple(3);
        self.call(None);
        self.frame.push(opcode::MARK);
        self.number(1);
        for &size in shape {
            self.number(size as u64);
        }
        self.tuple(shape.len());
        self.doubles();
        self.frame.push(opcode::NEWFALSE);
        self.bytes(data, None);
        self.frame.push(opcode::TUPLE);
        self.remember(None);
        self.frame.push(opcode::BUILD);
    }

    /// The pickle of the one value.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.frame.push(opcode::STOP);
        self.end_frame();
        self.done
    }

    /// The type of an array: eight bytes a number, little-endian.
    fn doubles(&mut self) {
        if self.recall(&Known::Doubles) {
            return;
        }
        self.global("numpy", "dtype");
        self.text("f8");
        self.frame.extend([opcode::NEWFALSE, opcode::NEWTRUE]);
        self.tuple(3);
        self.call(Some(Known::Doubles));
        self.frame.push(opcode::MARK);
        self.number(3);
        self.text("<");
        self.frame.extend([opcode::NONE; 3]);
        for _ in 0..2 {
            self.frame.push(opcode::BININT);
            self.frame.extend((-1_i32).to_le_bytes());
        }
        self.number(0);
        self.frame.push(opcode::TUPLE);
        self.remember(None);
        self.frame.push(opcode::BUILD);
    }

    fn global(&mut self, module: &'static str, name: &'static str) {
        let known = Known::Global(module, name);
        if self.recall(&known) {
            return;
        }
        self.text(module);
        self.text(name);
        self.frame.push(opcode::STACK_GLOBAL);
        self.remember(Some(known));
    }

    /// A tuple of the last one to three values.
    fn tuple(&mut self, length: usize) {
        self.frame.push(opcode::TUPLE1 + length as u8 - 1);
        self.remember(None);
    }

    /// What the last value but one makes of the last.
    fn call(&mut self, known: Option<Known>) {
        self.frame.push(opcode::REDUCE);
        self.remember(known);
    }

    fn bytes(&mut self, bytes: &[u8], known: Option<Known>) {
        let out = if bytes.len() < LARGE {
            &mut self.frame
        } else {
            self.end_frame();
            &mut self.done
        };
        if let Ok(length) = u8::try_from(bytes.len()) {
            out.extend([opcode::SHORT_BINBYTES, length]);
        } else if let Ok(length) = u32::try_from(bytes.len()) {
            out.push(opcode::BINBYTES);
            out.extend(length.to_le_bytes());
        } else {
            out.push(opcode::BINBYTES8);
            out.extend((bytes.len() as u64).to_le_bytes());
        }
        out.extend(bytes);
        self.remember(known);
    }

    fn end_frame(&mut self) {
        self.done.push(opcode::FRAME);
        self.done.extend((self.frame.len() as u64).to_le_bytes());
        self.done.append(&mut self.frame);
    }

    /// Gives the last value a place, by which it may come again.
    fn remember(&mut self, known: Option<Known>) {
        self.frame.push(opcode::MEMOIZE);
        if let Some(known) = known {
            self.known.insert(known, self.remembered);
        }
        self.remembered += 1;
    }

    /// A value that has come before, if it has.
    fn recall(&mut self, known: &Known) -> bool {
        let Some(&place) = self.known.get(known) else {
            return false;
        };
        if let Ok(place) = u8::try_from(place) {
            self.frame.extend([opcode::BINGET, place]);
        } else {
            self.frame.push(opcode::LONG_BINGET);
            self.frame.extend(place.to_le_bytes());
        }
        true
    }
}
