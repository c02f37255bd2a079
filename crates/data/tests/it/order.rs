//! The order of images against what numpy makes of the same seeds.

use std::num::NonZeroU32;

use foil_data::Order;
use serde_json::Value;

pub fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/order.json")).unwrap()
}

fn order(length: u32, seed: u64) -> Order {
    Order::new(NonZeroU32::new(length).unwrap(), seed)
}

#[test]
fn epochs_are_numpys_permutations() {
    let golden = golden();
    let mut seven = order(7, 5);
    let seen: Vec<Vec<usize>> = (0..3)
        .map(|epoch| (0..7).map(|place| seven.index(7 * epoch + place)).collect())
        .collect();
    assert_eq!(serde_json::json!(seen), golden["seven"]);
    // A run that starts in the middle sees the same, and so does one that goes back.
    assert_eq!(order(7, 5).index(16), seen[2][2]);
    assert_eq!(seven.index(3), seen[0][3]);

    let mut seven = order(7, (1 << 33) + 5);
    let seen: Vec<usize> = (14..21).map(|images| seven.index(images)).collect();
    assert_eq!(serde_json::json!(seen), golden["seven_large_seed"]);

    let mut large = order(70_001, 0);
    let seen = [0, 1, 35_000, 69_999, 70_000].map(|place| large.index(70_001 + place));
    assert_eq!(serde_json::json!(seen), golden["large"]);
    assert_eq!(order(1, 3).index(9), 0);
}
