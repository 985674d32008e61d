//! The five bytes gRPC puts before a message: a flag for compression and the length.

use bytes::{BufMut, Bytes, BytesMut};

const PREFIX: usize = 5;

/// Puts the prefix before a message.
pub(crate) fn wrap(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(0);
    framed.put_u32(message.len() as u32);
    framed.put_slice(message);
    framed.freeze()
}

/// The one message in `framed`, without a copy; none if it is not exactly one, uncompressed.
pub(crate) fn unwrap(framed: &Bytes) -> Option<Bytes> {
    let (prefix, message) = framed.split_at_checked(PREFIX)?;
    let (flag, length) = prefix.split_first()?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    (*flag == 0 && length as usize == message.len()).then(|| framed.slice(PREFIX..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_out_as_it_went_in() {
        for length in [0, 1, 70_000] {
            let message = vec![7; length];
            assert_eq!(unwrap(&wrap(&message)).unwrap(), message);
        }
    }

    #[test]
    fn anything_but_one_whole_plain_message_is_none() {
        for bad in [&b""[..], b"\0\0\0\0", b"\0\0\0\0\x01", b"\0\0\0\0\0x", b"\x01\0\0\0\x01x"] {
            assert_eq!(unwrap(&Bytes::from_static(bad)), None);
        }
    }
}
