//! 64 bytes as masks: bit n says whether byte n is of a kind.

/// So many bytes.
pub const BLOCK: usize = 64;

/// Which bytes of a block are of which kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Masks {
    /// `"`.
    pub quote: u64,
    /// `\`.
    pub backslash: u64,
    /// `{` and `[`, which differ in the bit of 32.
    pub open: u64,
    /// `}` and `]`, likewise.
    pub close: u64,
}

/// The masks of a block. Comparing whole arrays and gathering the results by multiplication is what compilers turn
/// into vector instructions; those themselves are out of reach without unsafe code.
#[inline]
pub fn masks(block: &[u8; BLOCK]) -> Masks {
    let folded = block.map(|byte| byte | 0x20);
    Masks {
        quote: find(block, b'"'),
        backslash: find(block, b'\\'),
        open: find(&folded, b'{'),
        close: find(&folded, b'}'),
    }
}

#[inline]
fn find(block: &[u8; BLOCK], wanted: u8) -> u64 {
    let equal = block.map(|byte| u8::from(byte == wanted));
    let (words, _) = equal.as_chunks::<8>();
    words.iter().enumerate().fold(0, |mask, (n, word)| {
        // The last bit of each byte, side by side.
        let bits = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask | bits << (n * 8)
    })
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
                };
                assert_eq!(masks(&block), expected, "{byte} at {place}");
            }
        }
        let mixed: [u8; BLOCK] = std::array::from_fn(|n| b"\"\\{}[]:,"[n * 5 % 8]);
        let bits = |wanted: &[u8]| {
            let places = (0..BLOCK).filter(|place| wanted.contains(&mixed[*place]));
            places.fold(0_u64, |bits, place| bits | 1 << place)
        };
        let expected = Masks {
            quote: bits(b"\""),
            backslash: bits(b"\\"),
            open: bits(b"{["),
            close: bits(b"}]"),
        };
        assert_eq!(masks(&mixed), expected);
    }
}
