use proptest::prelude::*;

use super::*;

const NAME: ChunkName = ChunkName { kind: ChunkKind::Blocks, from: 1, to: 20 };

fn units(bodies: &[Vec<u8>]) -> Vec<Unit> {
    let unit = |(index, body): (usize, &Vec<u8>)| Unit {
        first: index as u32,
        last: index as u32,
        body: body.clone().into(),
    };
    bodies.iter().enumerate().map(unit).collect()
}

fn frame<'a>(object: &'a [u8], entry: &Entry) -> &'a [u8] {
    &object[entry.offset as usize..][..entry.stored as usize]
}

proptest! {
    #[test]
    fn units_come_back_as_they_were(bodies in prop::collection::vec(any::<Vec<u8>>(), 0..20)) {
        let (object, digest) = encode(NAME, &units(&bodies), 3).unwrap();
        prop_assert_eq!(digest, super::digest(&units(&bodies)));
        prop_assert_eq!(super::digest(&decode(NAME, &object).unwrap()), digest);
        let index = ChunkIndex::decode(&object).unwrap();
        prop_assert_eq!(index.name, NAME);
        prop_assert_eq!(index.units.len(), bodies.len());
        for (number, body) in bodies.iter().enumerate() {
            let entry = index.unit(number as u32).unwrap();
            prop_assert_eq!(&entry.open(frame(&object, entry)).unwrap()[..], &body[..]);
        }
        prop_assert!(index.unit(bodies.len() as u32).is_none());
    }

    #[test]
    fn no_flipped_bit_goes_unseen(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 1..5),
        at in any::<prop::sample::Index>(),
        bit in 0_u32..8,
    ) {
        let (mut object, _) = encode(NAME, &units(&bodies), 3).unwrap();
        let at = at.index(object.len());
        object[at] ^= 1_u8 << bit;
        let same = ChunkIndex::decode(&object).is_ok_and(|index| {
            index.units.iter().zip(&bodies).all(|(entry, body)| {
                object.get(entry.offset as usize..).is_some_and(|rest| {
                    rest.get(..entry.stored as usize)
                        .is_some_and(|frame| entry.open(frame).is_ok_and(|raw| raw == body[..]))
                })
            })
        });
        // A bit of zstd's own frame header may carry no meaning; then the bytes are the same.
        if same {
            let index = ChunkIndex::decode(&object).unwrap();
            prop_assert!(at >= index.units[0].offset as usize);
        }
    }

    #[test]
    fn a_frame_without_a_checksum_is_hashed(body in prop::collection::vec(any::<u8>(), 1..50)) {
        let entry = Entry {
            first: 1,
            last: 1,
            offset: 0,
            stored: 0,
            raw: body.len() as u32,
            hash: blake2_128(&body),
        };
        let frame = zstd::bulk::compress(&body, 3).unwrap();
        prop_assert!(!has_checksum(&frame));
        prop_assert_eq!(&entry.open(&frame).unwrap()[..], &body[..]);
        let other = body.iter().map(|byte| !byte).collect::<Vec<_>>();
        prop_assert!(entry.open(&zstd::bulk::compress(&other, 3).unwrap()).is_err());
    }

    #[test]
    fn a_cut_off_object_is_an_error(length in 0_usize..200) {
        let (object, _) = encode(NAME, &units(&vec![vec![7; 100]; 4]), 3).unwrap();
        prop_assume!(length < HEADER + 4 * ENTRY + CHECKSUM);
        let error = ChunkIndex::decode(&object[..length]).unwrap_err();
        prop_assert!(matches!(error, ChunkError::Short(needed) if needed > length));
    }
}
