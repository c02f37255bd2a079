//! Tile registers and what instructions do to them (Intel SDM volume 2, "Operation" of each).

#![allow(
    unsafe_code,
    reason = "reads and writes what the instruction's operand points to"
)]

const TILES: usize = 8;
const ROWS: usize = 16;
const BYTES: usize = 64;

/// What the processor would answer with an exception.
pub type Fault = &'static str;

#[derive(Clone, Copy)]
struct Tile {
    rows: usize,
    bytes: usize,
    data: [[u8; BYTES]; ROWS],
}

const EMPTY: Tile = Tile {
    rows: 0,
    bytes: 0,
    data: [[0; BYTES]; ROWS],
};

/// One thread's.
pub struct Tiles {
    configured: bool,
    tiles: [Tile; TILES],
}

impl Tiles {
    pub const fn new() -> Self {
        Self {
            configured: false,
            tiles: [EMPTY; TILES],
        }
    }

    /// LDTILECFG.
    pub fn configure(&mut self, from: &[u8; 64]) -> Result<(), Fault> {
        self.release();
        if from[0] == 0 {
            return Ok(());
        }
        if from[0] != 1 || from[1..16] != [0; 15] || from[32..48] != [0; 16] || from[56..] != [0; 8]
        {
            return Err("a reserved byte of the configuration, or its palette or first row");
        }
        for (index, tile) in self.tiles.iter_mut().enumerate() {
            tile.bytes = usize::from(u16::from_le_bytes([
                from[16 + 2 * index],
                from[17 + 2 * index],
            ]));
            tile.rows = usize::from(from[48 + index]);
            if tile.bytes > BYTES || tile.rows > ROWS || (tile.bytes == 0) != (tile.rows == 0) {
                return Err("the size of a tile");
            }
        }
        self.configured = true;
        Ok(())
    }

    /// TILERELEASE.
    pub fn release(&mut self) {
        *self = Self::new();
    }

    /// TILEZERO.
    pub fn zero(&mut self, tile: usize) -> Result<(), Fault> {
        self.valid(tile)?.data = EMPTY.data;
        Ok(())
    }

    /// TILELOADD.
    ///
    /// # Safety
    /// As many rows and bytes as configured can be read.
    pub unsafe fn load(&mut self, tile: usize, address: u64, stride: u64) -> Result<(), Fault> {
        let tile = self.valid(tile)?;
        tile.data = EMPTY.data;
        for row in 0..tile.rows {
            let from = address.wrapping_add(stride.wrapping_mul(row as u64));
            let from = std::ptr::with_exposed_provenance::<u8>(from as usize);
            let line = tile.data[row].as_mut_ptr();
            // SAFETY: the caller's.
            unsafe { line.copy_from_nonoverlapping(from, tile.bytes) };
        }
        Ok(())
    }

    /// TILESTORED.
    ///
    /// # Safety
    /// As many rows and bytes as configured can be written.
    pub unsafe fn store(&mut self, tile: usize, address: u64, stride: u64) -> Result<(), Fault> {
        let tile = self.valid(tile)?;
        for row in 0..tile.rows {
            let to = address.wrapping_add(stride.wrapping_mul(row as u64));
            let to = std::ptr::with_exposed_provenance_mut::<u8>(to as usize);
            // SAFETY: the caller's.
            unsafe { to.copy_from_nonoverlapping(tile.data[row].as_ptr(), tile.bytes) };
        }
        Ok(())
    }

    /// TDPBF16PS: first and second elements of pairs are summed apart, and together added to what the tile holds.
    pub fn multiply(&mut self, sums: usize, rows: usize, columns: usize) -> Result<(), Fault> {
        if sums == rows || sums == columns || rows == columns {
            return Err("a tile named twice");
        }
        let (a, b) = (*self.valid(rows)?, *self.valid(columns)?);
        let c = self.valid(sums)?;
        let fits = a.rows == c.rows && b.bytes == c.bytes && a.bytes == 4 * b.rows;
        if !fits || !a.bytes.is_multiple_of(4) || !b.bytes.is_multiple_of(4) {
            return Err("tiles of sizes that do not belong together");
        }
        for (row, line) in a.data[..a.rows].iter().enumerate() {
            let mut parts = [[0.0_f32; ROWS]; 2];
            for pair in 0..a.bytes / 4 {
                for (half, part) in parts.iter_mut().enumerate() {
                    let factor = bf16_at(line, 2 * pair + half);
                    for (column, sum) in part[..c.bytes / 4].iter_mut().enumerate() {
                        let other = bf16_at(&b.data[pair], 2 * column + half);
                        *sum = flushed(factor.mul_add(other, *sum));
                    }
                }
            }
            let [even, odd] = parts;
            let (to, _) = c.data[row].as_chunks_mut::<4>();
            for ((to, even), odd) in to[..c.bytes / 4].iter_mut().zip(even).zip(odd) {
                let sum = flushed(f32::from_le_bytes(*to)) + flushed(even + odd);
                *to = flushed(sum).to_le_bytes();
            }
        }
        for line in &mut c.data {
            line[c.bytes..].fill(0);
        }
        Ok(())
    }

    fn valid(&mut self, tile: usize) -> Result<&mut Tile, Fault> {
        if !self.configured {
            return Err("tiles that are not configured");
        }
        let tile = self.tiles.get_mut(tile).ok_or("the number of a tile")?;
        if tile.rows == 0 {
            Err("a tile without rows")
        } else {
            Ok(tile)
        }
    }
}

fn bf16_at(line: &[u8; BYTES], index: usize) -> f32 {
    flushed(f32::from_bits(u32::from_le_bytes([
        0,
        0,
        line[2 * index],
        line[2 * index + 1],
    ])))
}

/// Denormals are zero when read and when written, whatever the thread's control register says.
fn flushed(value: f32) -> f32 {
    if value.is_subnormal() {
        0.0_f32.copysign(value)
    } else {
        value
    }
}
