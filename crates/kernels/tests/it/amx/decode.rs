//! Tile instructions from their bytes (Intel SDM volume 2: VEX prefix, ModRM and SIB bytes).

/// What a byte sequence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    LoadConfiguration(Memory),
    Release,
    Zero(usize),
    Load(usize, Memory),
    Store(Memory, usize),
    /// Sums, rows, columns.
    Multiply(usize, usize, usize),
}

/// base + index · scale + displacement; registers by their number in the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// `None` for none, or for the next instruction's address if `relative`.
    pub base: Option<usize>,
    pub index: Option<usize>,
    pub shift: u8,
    pub displacement: i32,
    pub relative: bool,
}

/// The operation and its length, or `None` if the bytes are none of the tile instructions.
pub fn decode(mut code: impl Iterator<Item = u8>) -> Option<(Operation, usize)> {
    let mut length = 0;
    let mut next = || {
        length += 1;
        code.next()
    };
    // Three bytes of prefix: C4, then inverted register bits and the map 0F38, then W0, a register, 128 bits, a prefix.
    if next()? != 0xc4 {
        return None;
    }
    let (first, second) = (next()?, next()?);
    if first & 0x1f != 2 || second & 0x84 != 0 {
        return None;
    }
    let high = |bit: u8| if first & bit == 0 { 8 } else { 0 };
    let extra = usize::from(!(second >> 3) & 15);
    let (opcode, modrm) = (next()?, next()?);
    let [mode, register, operand] = [modrm >> 6, modrm >> 3 & 7, modrm & 7].map(usize::from);
    let memory = |next: &mut dyn FnMut() -> Option<u8>| {
        memory(next, (mode, operand), [high(0x40), high(0x20)])
    };
    let plain = extra == 0;
    let operation = match (opcode, second & 3, mode) {
        (0x49, 0, 3) if plain && modrm == 0xc0 => Operation::Release,
        (0x49, 0, 0..3) if plain && register == 0 => {
            Operation::LoadConfiguration(memory(&mut next)?)
        }
        (0x49, 3, 3) if plain && operand == 0 => Operation::Zero(register),
        (0x4b, 3, 0..3) if plain && operand == 4 => Operation::Load(register, memory(&mut next)?),
        (0x4b, 2, 0..3) if plain && operand == 4 => Operation::Store(memory(&mut next)?, register),
        (0x5c, 2, 3) if extra < 8 => Operation::Multiply(register, operand, extra),
        _ => return None,
    };
    Some((operation, length))
}

fn memory(
    next: &mut dyn FnMut() -> Option<u8>,
    (mode, operand): (usize, usize),
    [index_high, base_high]: [usize; 2],
) -> Option<Memory> {
    let (mut base, mut index, mut shift) = (operand, None, 0);
    if operand == 4 {
        let sib = next()?;
        shift = sib >> 6;
        let number = usize::from(sib >> 3 & 7) + index_high;
        index = (number != 4).then_some(number);
        base = usize::from(sib & 7);
    }
    let absent = mode == 0 && base == 5;
    let bytes = match mode {
        _ if absent => 4,
        0 => 0,
        1 => 1,
        _ => 4,
    };
    let mut displacement = [0; 4];
    for byte in &mut displacement[..bytes] {
        *byte = next()?;
    }
    let displacement = match bytes {
        1 => i32::from(displacement[0].cast_signed()),
        _ => i32::from_le_bytes(displacement),
    };
    let relative = absent && operand == 5;
    let base = (!absent).then_some(base + base_high);
    Some(Memory {
        base,
        index,
        shift,
        displacement,
        relative,
    })
}

#[test]
fn encodings_are_those_of_an_assembler() {
    let memory = |base, index, displacement| Memory {
        base: Some(base),
        index,
        shift: 0,
        displacement,
        relative: false,
    };
    // As GNU as 2.40 writes them.
    let known: [(&[u8], Operation); 8] = [
        (
            &[0xc4, 0xe2, 0x78, 0x49, 0x00],
            Operation::LoadConfiguration(memory(0, None, 0)),
        ),
        (
            &[0xc4, 0xc2, 0x78, 0x49, 0x45, 0x00],
            Operation::LoadConfiguration(memory(13, None, 0)),
        ),
        (&[0xc4, 0xe2, 0x78, 0x49, 0xc0], Operation::Release),
        (&[0xc4, 0xe2, 0x7b, 0x49, 0xd8], Operation::Zero(3)),
        (
            &[0xc4, 0xa2, 0x7b, 0x4b, 0x34, 0x0e],
            Operation::Load(6, memory(6, Some(9), 0)),
        ),
        (
            &[0xc4, 0xe2, 0x7b, 0x4b, 0x6c, 0x24, 0xc0],
            Operation::Load(5, memory(4, None, -64)),
        ),
        (
            &[0xc4, 0xe2, 0x7a, 0x4b, 0x0c, 0x07],
            Operation::Store(memory(7, Some(0), 0), 1),
        ),
        (
            &[0xc4, 0xe2, 0x4a, 0x5c, 0xc4],
            Operation::Multiply(0, 4, 6),
        ),
    ];
    for (bytes, operation) in known {
        let decoded = decode(bytes.iter().copied().chain([0x90; 8]));
        assert_eq!(decoded, Some((operation, bytes.len())), "{bytes:02x?}");
    }
    assert_eq!(decode([0x0f, 0x0b].into_iter()), None);
}
