//! Python's hash of tuples of whole numbers, with which EDM2 makes one seed of several: of a run's seed and an epoch, or of a
//! run's seed, a process and a number of images. CPython's `tupleobject.c`, after xxHash.

const PRIMES: [u64; 3] = [
    11_400_714_785_074_694_791,
    14_029_467_366_897_019_727,
    2_870_177_450_012_600_261,
];

/// `hash((a, b, …))` of CPython from 3.8 on with 64 bits, as the bits of the signed number that Python shows.
pub fn tuple_hash(items: &[u64]) -> u64 {
    let mut hash = PRIMES[2];
    for &item in items {
        hash = hash.wrapping_add(number_hash(item).wrapping_mul(PRIMES[1]));
        hash = hash.rotate_left(31).wrapping_mul(PRIMES[0]);
    }
    hash = hash.wrapping_add(items.len() as u64 ^ (PRIMES[2] ^ 0x0035_D373));
    // −1 means an error inside of CPython.
    if hash == u64::MAX {
        1_546_275_796
    } else {
        hash
    }
}

/// `hash((a, b, …)) % (1 << 31)`: a seed for `RandomState` and for torch.
pub fn tuple_seed(items: &[u64]) -> u32 {
    (tuple_hash(items) & 0x7FFF_FFFF) as u32
}

/// `hash(n)`: the remainder of a Mersenne prime.
fn number_hash(number: u64) -> u64 {
    number % ((1 << 61) - 1)
}
