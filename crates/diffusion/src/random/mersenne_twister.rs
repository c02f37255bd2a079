//! MT19937 with its original seeding, the generator below torch's CPU streams and numpy's `RandomState`.
//! Matsumoto & Nishimura 1998.

const SIZE: usize = 624;
const SHIFT: usize = 397;

/// 624 words of state.
#[derive(Debug, Clone)]
pub(super) struct MersenneTwister {
    state: Box<[u32; SIZE]>,
    next: usize,
}

impl MersenneTwister {
    /// `init_genrand`.
    pub(super) fn new(seed: u32) -> Self {
        let mut state = Box::new([0_u32; SIZE]);
        state[0] = seed;
        for index in 1..SIZE {
            let before = state[index - 1];
            state[index] = 1_812_433_253_u32
                .wrapping_mul(before ^ (before >> 30))
                .wrapping_add(index as u32);
        }
        Self { state, next: SIZE }
    }

    /// The next tempered word.
    pub(super) fn word(&mut self) -> u32 {
        if self.next == SIZE {
            self.twist();
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9D2C_5680;
        word ^= (word << 15) & 0xEFC6_0000;
        word ^ (word >> 18)
    }

    /// Two words, the first one high.
    pub(super) fn long_word(&mut self) -> u64 {
        u64::from(self.word()) << 32 | u64::from(self.word())
    }

    fn twist(&mut self) {
        for index in 0..SIZE {
            let joined =
                (self.state[index] & 0x8000_0000) | (self.state[(index + 1) % SIZE] & 0x7FFF_FFFF);
            let odd = if joined & 1 == 1 { 0x9908_B0DF } else { 0 };
            self.state[index] = self.state[(index + SHIFT) % SIZE] ^ (joined >> 1) ^ odd;
        }
        self.next = 0;
    }
}
