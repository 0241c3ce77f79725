//! What other programs write.

use bytes::Bytes;

use super::{formats, raw, read};
use crate::codec::Lines;

/// The same twenty lines, by the command and the flags that are named.
const WRITTEN: [(&str, &str); 6] = [
    (
        "zstd -19 FILE",
        "28b52ffd64270155020002430b11b0eb798491c2ca60b76ddb9ae48219984bb9e8984286584d45c71432c482f866fc9eceadfa3d68ba\
         e3e5da6114a810e8ebff06e0e50110768467c4f71ef9b9fb672119ef20a51a5204ee",
    ),
    (
        "zstd --no-check < FILE, which does not know the length",
        "28b52ffd0058250300f4027b226f72646572223a312c227374617465223a2273656e74227d0a32333435363738393130313131313131\
         313131321400e0c9c686a7b121cbd8503036bc8b0d99c58652b1e1516cc8263614776323b019b005d8076c066c01f6019b012b766d8e\
         01",
    ),
    (
        "lz4 -9 < FILE",
        "04224d186440a783000000f50c7b226f72646572223a312c227374617465223a2273656e74227d0a1b001f321b00071f331b00071f34\
         1b00071f351b00071f361b00071f371b00071f381b00071f391b00072f31301c00080f1001081f311101081f311201081f311301081f\
         311401081f311501081f311601081f311701081f3118010819321801506e74227d0a0000000058ec3f01",
    ),
    (
        "lz4 -BD -BX -B4 < FILE, with linked blocks and their checksums",
        "04224d187440bd83000000f50c7b226f72646572223a312c227374617465223a2273656e74227d0a1b001f321b00071f331b00071f34\
         1b00071f351b00071f361b00071f371b00071f381b00071f391b00072f31301c00080f1001081f311101081f311201081f311301081f\
         311401081f311501081f311601081f311701081f3118010819321801506e74227d0a873282ea0000000058ec3f01",
    ),
    (
        "gzip -1 FILE, with its name and time",
        "1f8b08082c1b036b04036c696e6573007dd02b0e8030100450cf31562398f2ef6d48580b49bbaee1ee281499d1cfbd667739bd58466f\
         358e70cb56fd0a7bbaf651e234729a38cd9c164e2ba78dd3ce098330f10111023102510271029102b102d102f192fe2f2fbefd81e427\
         020000",
    ),
    (
        "Python's gzip.compress",
        "1f8b08000000000002037dd02b0e8030100450cf31562398f2ef6d48580b49bbaee1ee281499d1cfbd667739bd58466f358e70cb56fd\
         0a7bbaf651e234729a38cd9c164e2ba78dd3ce098330f10111023102510271029102b102d102f192fe2f2fbefd81e427020000",
    ),
];

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[test]
fn what_other_programs_write_is_read() {
    let lines: Vec<_> = (1..=20).map(|id| format!("{{\"order\":{id},\"state\":\"sent\"}}")).collect();
    for (program, hex) in WRITTEN {
        let Some((_, compression)) = formats().into_iter().find(|(format, _)| program.contains(format))
        else {
            continue;
        };
        let codec = raw(Lines).compressed(compression);
        assert_eq!(read(&codec, &Bytes::from(bytes(hex))).unwrap(), lines, "{program}");
    }
}
