//! MD5 of many texts at a time.

use md5::block_api::compress;
use wide::u32x8;

use crate::kpl::DIGEST_LEN;

/// The MD5 of a text.
pub(super) type Md5Digest = [u8; DIGEST_LEN];

/// How many digests are worked out side by side.
const LANES: usize = 8;

/// Fewer texts than these take less time one by one.
const FEW: usize = 3;

/// How long a block is, in bytes.
const BLOCK: usize = 64;

/// The state of a digest before its first block.
///
/// Source: [RFC 1321](https://www.rfc-editor.org/rfc/rfc1321), as all figures here.
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// How far each step rotates, in each of the four rounds.
const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// What each step adds.
#[rustfmt::skip]
const SINES: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a,
    0xa830_4613, 0xfd46_9501, 0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be,
    0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821, 0xf61e_2562, 0xc040_b340,
    0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8,
    0x676f_02d9, 0x8d2a_4c8a, 0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c,
    0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70, 0x289b_7ec6, 0xeaa1_27fa,
    0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92,
    0xffef_f47d, 0x8584_5dd1, 0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1,
    0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// Returns the MD5 of each text.
///
/// Every step of MD5 waits for the one before it, which leaves most of a processor idle. Digests of several texts do not
/// wait for one another: eight side by side take about twice as long as one.
pub(super) fn md5_of_each(texts: &[&[u8]]) -> Vec<Md5Digest> {
    let mut digests = vec![Md5Digest::default(); texts.len()];
    // Texts of like lengths end together.
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_unstable_by_key(|&nth| texts[nth].len());
    for group in order.chunks(LANES) {
        let blocks: Vec<_> = group.iter().map(|&nth| texts[nth].as_chunks::<BLOCK>().0).collect();
        let mut states = START.map(u32x8::splat);
        let mut at = 0;
        for (lane, &nth) in group.iter().enumerate() {
            if blocks.len() - lane >= FEW {
                // Lanes without a text, and those whose text ended, repeat another's.
                let going = |nth: usize| blocks[nth.clamp(lane, blocks.len() - 1)];
                let lanes: [_; LANES] = std::array::from_fn(going);
                for block in at..blocks[lane].len() {
                    mix(&mut states, &words(lanes.map(|blocks| &blocks[block])));
                }
                at = blocks[lane].len();
            }
            let state = states.map(|words| words.to_array()[lane]);
            digests[nth] = finish(state, &texts[nth][at * BLOCK..], texts[nth].len());
        }
    }
    digests
}

/// Ends the digest of a text of that length, of which `rest` was not looked at yet.
fn finish(mut state: [u32; 4], rest: &[u8], len: usize) -> Md5Digest {
    let (blocks, tail) = rest.as_chunks::<BLOCK>();
    compress(&mut state, blocks);
    let mut last = [[0; BLOCK]; 2];
    let padded = last.as_flattened_mut();
    padded[..tail.len()].copy_from_slice(tail);
    padded[tail.len()] = 0x80;
    // The length in bits ends the block.
    let count = (tail.len() + size_of::<u64>()) / BLOCK + 1;
    padded[count * BLOCK - size_of::<u64>()..count * BLOCK].copy_from_slice(&(len as u64 * 8).to_le_bytes());
    compress(&mut state, &last[..count]);
    let mut digest = Md5Digest::default();
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_le_bytes();
    }
    digest
}

/// Turns a block of each lane into words of all lanes.
fn words(blocks: [&[u8; BLOCK]; LANES]) -> [u32x8; 16] {
    let mut words = [[0; LANES]; 16];
    for (lane, block) in blocks.into_iter().enumerate() {
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            word[lane] = u32::from_le_bytes(*bytes);
        }
    }
    words.map(u32x8::new)
}

/// Takes a block into each digest.
fn mix(states: &mut [u32x8; 4], words: &[u32x8; 16]) {
    // Each step by itself, with figures that are known before: a loop would take twice as long.
    macro_rules! steps {
        ($($nth:literal)*) => {{
            let mut next = *states;
            $(step::<$nth>(&mut next, words);)*
            next
        }};
    }
    let next = steps!(
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
    );
    for (state, next) in states.iter_mut().zip(next) {
        *state += next;
    }
}

#[inline]
fn step<const NTH: usize>(states: &mut [u32x8; 4], words: &[u32x8; 16]) {
    // The four words of the state take turns.
    let [changed, x, y, z] = const { [64 - NTH, 65 - NTH, 66 - NTH, 67 - NTH] }.map(|place| place % 4);
    let (x, y, z) = (states[x], states[y], states[z]);
    let (mixed, word) = match NTH / 16 {
        0 => (z ^ (x & (y ^ z)), NTH),
        1 => (y ^ (z & (x ^ y)), 5 * NTH + 1),
        2 => (x ^ y ^ z, 3 * NTH + 5),
        _ => (y ^ (x | !z), 7 * NTH),
    };
    let sum = states[changed] + mixed + words[word % 16] + u32x8::splat(SINES[NTH]);
    let shift = SHIFTS[NTH / 16][NTH % 4];
    states[changed] = x + ((sum << shift) | (sum >> (32 - shift)));
}

#[cfg(test)]
mod tests {
    use md5::{Digest, Md5};
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};

    use super::*;

    proptest! {
        #[test]
        fn each_digest_is_that_of_its_text_alone(texts in vec(vec(any::<u8>(), 0..300), 0..30)) {
            check(&texts);
        }
    }

    #[test]
    fn the_end_of_a_text_may_lie_anywhere_in_a_block() {
        let texts: Vec<_> = (0..3 * BLOCK).map(|len| vec![len as u8; len]).collect();
        check(&texts);
        texts.chunks(LANES + 1).for_each(check);
        for text in &texts {
            check(&vec![text.clone(); LANES]);
        }
    }

    fn check(texts: &[Vec<u8>]) {
        let alone: Vec<Md5Digest> = texts.iter().map(|text| Md5::digest(text).into()).collect();
        let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        assert_eq!(md5_of_each(&texts), alone);
    }
}
