//! 64 bytes as masks: bit n says whether byte n is of a kind.

use wide::u8x16;

/// So many bytes.
pub(crate) const BLOCK: usize = 64;

/// Which bytes of a block are of which kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// `"`.
    pub quote: u64,
    /// `\`.
    pub backslash: u64,
    /// `{` and `[`, which differ in the bit of 32.
    pub open: u64,
    /// `}` and `]`, likewise.
    pub close: u64,
    /// `e`, with which the names of all members begin that are looked for.
    pub letter: u64,
}

/// The masks of a block.
#[inline]
pub(crate) fn masks(block: &[u8; BLOCK]) -> Masks {
    let lanes = Lanes::of(block);
    let folded = lanes.with_bit(0x20);
    Masks {
        quote: lanes.equal_to(b'"'),
        backslash: lanes.equal_to(b'\\'),
        open: folded.equal_to(b'{'),
        close: folded.equal_to(b'}'),
        letter: lanes.equal_to(b'e'),
    }
}

/// The block as vectors of 16 bytes: those every x86-64 and every aarch64 has.
struct Lanes([u8x16; 4]);

impl Lanes {
    #[inline]
    fn of(block: &[u8; BLOCK]) -> Self {
        let (lanes, _) = block.as_chunks::<16>();
        let lane = |n: usize| lanes.get(n).map_or(u8x16::ZERO, |lane| u8x16::new(*lane));
        Self([0, 1, 2, 3].map(lane))
    }

    #[inline]
    fn with_bit(&self, bit: u8) -> Self {
        Self(self.0.map(|lane| lane | u8x16::splat(bit)))
    }

    #[inline]
    fn equal_to(&self, wanted: u8) -> u64 {
        let masks = self.0.map(|lane| {
            let equal = lane.simd_eq(u8x16::splat(wanted));
            u64::from(equal.to_bitmask())
        });
        let [first, second, third, fourth] = masks;
        first | second << 16 | third << 32 | fourth << 48
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_found_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..BLOCK {
                let mut block = [b' '; BLOCK];
                block[place] = byte;
                let bit = |of: bool| u64::from(of) << place;
                let expected = Masks {
                    quote: bit(byte == b'"'),
                    backslash: bit(byte == b'\\'),
                    open: bit(matches!(byte, b'{' | b'[')),
                    close: bit(matches!(byte, b'}' | b']')),
                    letter: bit(byte == b'e'),
                };
                assert_eq!(masks(&block), expected, "{byte} at {place}");
            }
        }
        let mixed: [u8; BLOCK] = std::array::from_fn(|n| b"\"\\{}[]:e"[n * 5 % 8]);
        let bits = |wanted: &[u8]| {
            let places = (0..BLOCK).filter(|place| wanted.contains(&mixed[*place]));
            places.fold(0_u64, |bits, place| bits | 1 << place)
        };
        let expected = Masks {
            quote: bits(b"\""),
            backslash: bits(b"\\"),
            open: bits(b"{["),
            close: bits(b"}]"),
            letter: bits(b"e"),
        };
        assert_eq!(masks(&mixed), expected);
    }
}
