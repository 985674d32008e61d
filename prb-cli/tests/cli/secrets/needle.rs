//! Looking for bytes in whatever form somebody may have written them.

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// Something to look for.
pub(super) struct Needle {
    name: String,
    forms: Vec<Vec<u8>>,
}

impl Needle {
    pub(super) fn text(name: &str, text: &str) -> Self {
        Self::bytes(name, text.as_bytes())
    }

    /// As it is, as hex of both kinds, as base64 of both kinds at any offset, as a list of numbers,
    /// and with escapes.
    pub(super) fn bytes(name: &str, bytes: &[u8]) -> Self {
        let numbers = format!("{bytes:?}");
        let mut forms = vec![
            bytes.to_vec(),
            hex::encode(bytes).into_bytes(),
            hex::encode_upper(bytes).into_bytes(),
            numbers.trim_matches(['[', ']']).into(),
            bytes.escape_ascii().to_string().into_bytes(),
        ];
        for before in 0..3 {
            let shifted = [&vec![0; before], bytes].concat();
            // The first and the last digit may also hold bits of what stands beside it.
            let first = (before * 8_usize).div_ceil(6);
            let last = usize::from(!(shifted.len() * 8).is_multiple_of(6));
            for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
                let digits = engine.encode(&shifted);
                forms.push(digits.as_bytes()[first..digits.len() - last].to_vec());
            }
        }
        Self { name: name.to_owned(), forms }
    }
}

/// Everything to look for at once.
pub(super) struct Search {
    needles: Vec<Needle>,
    automaton: AhoCorasick,
}

impl Search {
    pub(super) fn new(needles: Vec<Needle>) -> Self {
        let forms = needles.iter().flat_map(|needle| &needle.forms);
        let automaton = AhoCorasick::new(forms).unwrap();
        Self { needles, automaton }
    }

    /// The name of something that is in `said`.
    pub(super) fn find(&self, said: &[u8]) -> Option<&str> {
        let found = self.automaton.find(said)?.pattern().as_usize();
        let mut forms = 0;
        let mut needles = self.needles.iter();
        needles
            .find(|needle| {
                forms += needle.forms.len();
                found < forms
            })
            .map(|needle| needle.name.as_str())
    }
}

/// A scalar, little-endian, as ed25519 writes it.
pub(super) fn multiply_by_cofactor(scalar: &mut [u8]) {
    let mut carry = 0;
    for byte in scalar {
        let shifted = (u16::from(*byte) << 3) | carry;
        *byte = shifted as u8;
        carry = shifted >> 8;
    }
}

#[test]
fn what_is_written_in_any_of_the_forms_is_found() {
    let secret: Vec<u8> = (200..232).collect();
    let search = Search::new(vec![Needle::text("other", "nothing"), Needle::bytes("it", &secret)]);
    let beside = |before: usize| [&vec![b'x'; before], &secret[..], b"yz"].concat();
    for said in [
        beside(1),
        hex::encode(beside(2)).into_bytes(),
        hex::encode_upper(&secret).into_bytes(),
        format!("{:?}", beside(0)).into_bytes(),
        format!("{:?}", bytes::Bytes::from(secret.clone())).into_bytes(),
        BASE64_STANDARD_NO_PAD.encode(beside(0)).into_bytes(),
        BASE64_STANDARD_NO_PAD.encode(beside(1)).into_bytes(),
        BASE64_URL_SAFE_NO_PAD.encode(beside(2)).into_bytes(),
    ] {
        assert_eq!(search.find(&said), Some("it"), "{}", said.escape_ascii());
    }
    assert_eq!(search.find(&secret[..31]), None);
    let mut scalar = [0x81, 0x0f];
    multiply_by_cofactor(&mut scalar);
    assert_eq!(scalar, [0x08, 0x7c]);
}
