//! 64 bytes as masks: bit n says whether byte n is of a kind.

/// How many bytes a block has: one for each bit of a mask.
pub(crate) const BLOCK: usize = 64;

/// Which bytes of a block are of which kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// Where a quote (`"`) stands.
    pub quote: u64,
    /// Where a backslash (`\`) stands.
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

/// The block as vectors of 16 bytes, which every x86-64 has.
#[cfg(target_arch = "x86_64")]
mod lanes {
    use safe_arch::{
        bitor_m128i, cmp_eq_mask_i8_m128i, load_unaligned_m128i, m128i, move_mask_i8_m128i,
        set_splat_i8_m128i,
    };

    use super::BLOCK;

    pub(crate) struct Lanes([m128i; 4]);

    impl Lanes {
        #[inline]
        pub(crate) fn of(block: &[u8; BLOCK]) -> Self {
            let (lanes, _) = block.as_chunks::<16>();
            let zero = set_splat_i8_m128i(0);
            Self([0, 1, 2, 3].map(|n| lanes.get(n).map_or(zero, load_unaligned_m128i)))
        }

        #[inline]
        pub(crate) fn with_bit(&self, bit: u8) -> Self {
            let bit = set_splat_i8_m128i(bit.cast_signed());
            Self(self.0.map(|lane| bitor_m128i(lane, bit)))
        }

        #[inline]
        pub(crate) fn equal_to(&self, wanted: u8) -> u64 {
            let wanted = set_splat_i8_m128i(wanted.cast_signed());
            let [first, second, third, fourth] = self.0.map(|lane| {
                let mask = move_mask_i8_m128i(cmp_eq_mask_i8_m128i(lane, wanted));
                u64::from(mask.cast_unsigned())
            });
            first | second << 16 | third << 32 | fourth << 48
        }
    }
}

/// The block as words of 8 bytes, for every other processor.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[cfg_attr(
    target_arch = "x86_64",
    allow(dead_code, reason = "only its test uses it here")
)]
mod words {
    use super::BLOCK;

    /// 1 in each byte.
    const ONES: u64 = u64::MAX / 255;

    pub(crate) struct Lanes([u64; 8]);

    impl Lanes {
        #[inline]
        pub(crate) fn of(block: &[u8; BLOCK]) -> Self {
            let (words, _) = block.as_chunks::<8>();
            let word = |n: usize| words.get(n).map_or(0, |word| u64::from_le_bytes(*word));
            Self([0, 1, 2, 3, 4, 5, 6, 7].map(word))
        }

        #[inline]
        pub(crate) fn with_bit(&self, bit: u8) -> Self {
            Self(self.0.map(|word| word | (ONES * u64::from(bit))))
        }

        #[inline]
        pub(crate) fn equal_to(&self, wanted: u8) -> u64 {
            let low = ONES * 0x7f;
            let mut mask = 0;
            for word in self.0.iter().rev() {
                let differs = word ^ (ONES * u64::from(wanted));
                // The high bit of each byte that is 0 now; the product moves them together.
                let equal = !(((differs & low) + low) | differs | low);
                let bits = (equal >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
                mask = mask << 8 | bits;
            }
            mask
        }
    }
}

#[cfg(target_arch = "x86_64")]
use lanes::Lanes;
#[cfg(not(target_arch = "x86_64"))]
use words::Lanes;

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

    #[test]
    fn words_say_what_the_processors_vectors_say() {
        for byte in 0..=u8::MAX {
            let block: [u8; BLOCK] =
                std::array::from_fn(|n| [byte, b' ', byte ^ 0x20, byte ^ 0x80, 0][n * 7 % 5]);
            let (vectors, words) = (Lanes::of(&block), words::Lanes::of(&block));
            assert_eq!(vectors.equal_to(byte), words.equal_to(byte), "{byte}");
            let (vectors, words) = (vectors.with_bit(0x20), words.with_bit(0x20));
            assert_eq!(vectors.equal_to(byte), words.equal_to(byte), "{byte}");
        }
    }
}
