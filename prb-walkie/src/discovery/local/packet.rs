//! The packets of the older dialect.

use std::net::IpAddr;

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use simple_dns::rdata::{A, AAAA, PTR, RData, SRV, TXT};
use simple_dns::{
    CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, ResourceRecord, SimpleDnsError, TYPE,
};

/// Seconds a record holds.
const TTL: u32 = 120;
/// More addresses than this in one answer are passed over.
const MOST_ADDRESSES: usize = 16;

/// The two names under which older peers look for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// Asked and answered by multicast.
    Ipfs,
    /// Asked from any port, answered to the asker alone.
    Discovery,
}

impl Tag {
    fn name(self) -> &'static str {
        match self {
            Self::Ipfs => "ipfs.local",
            Self::Discovery => "_ipfs-discovery._udp.local",
        }
    }
}

/// What a packet means.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// Somebody asks who is there.
    Query(Tag),
    /// A peer is there, at these addresses.
    Answer {
        /// Who.
        peer: PeerId,
        /// Where.
        addresses: Vec<Multiaddr>,
    },
}

/// Asks who is there.
pub fn query() -> Result<Vec<u8>, SimpleDnsError> {
    let mut packet = Packet::new_query(0);
    let name = Name::new(Tag::Ipfs.name())?;
    let question = Question::new(name, QTYPE::TYPE(TYPE::PTR), QCLASS::CLASS(CLASS::IN), false);
    packet.questions.push(question);
    packet.build_bytes_vec()
}

/// Says that `peer` is at `port` of the host called `host`, which has these addresses.
///
/// Every record is in the answer section and nothing is compressed: that is what readers of this
/// dialect expect.
pub fn answer(
    tag: Tag,
    peer: &PeerId,
    host: &str,
    port: u16,
    addresses: &[IpAddr],
) -> Result<Vec<u8>, SimpleDnsError> {
    let peer = peer.to_base58();
    let instance = format!("{peer}.{}", tag.name());
    let (service, instance, host) =
        (Name::new(tag.name())?, Name::new(&instance)?, Name::new(host)?);
    let record = |name: &Name<'_>, data| {
        ResourceRecord::new(name.clone().into_owned(), CLASS::IN, TTL, data)
    };
    let mut packet = Packet::new_reply(0);
    packet.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    packet.answers.push(record(&service, RData::PTR(PTR(instance.clone()))));
    let place = SRV { priority: 10, weight: 1, port, target: host.clone() };
    packet.answers.push(record(&instance, RData::SRV(place)));
    packet.answers.push(record(&instance, RData::TXT(TXT::new().with_string(&peer)?)));
    for address in addresses {
        let data = match address {
            IpAddr::V4(address) => RData::A(A { address: address.to_bits() }),
            IpAddr::V6(address) => RData::AAAA(AAAA { address: address.to_bits() }),
        };
        packet.answers.push(record(&host, data));
    }
    packet.build_bytes_vec()
}

/// What a packet means, if it is one of this dialect.
pub fn read(bytes: &[u8]) -> Option<Message> {
    let packet = Packet::parse(bytes).ok()?;
    if packet.has_flags(PacketFlag::RESPONSE) {
        return read_answer(&packet);
    }
    packet.questions.iter().find_map(|question| {
        let asked = question.qname.to_string();
        [Tag::Ipfs, Tag::Discovery]
            .into_iter()
            .find(|tag| asked.eq_ignore_ascii_case(tag.name()))
            .map(Message::Query)
    })
}

fn read_answer(packet: &Packet<'_>) -> Option<Message> {
    let (mut peer, mut port, mut hosts) = (None, None, Vec::new());
    for record in &packet.answers {
        match &record.rdata {
            RData::TXT(text) if peer.is_none() => {
                let (first, _) = text.iter_raw().next()?;
                peer = std::str::from_utf8(first).ok()?.parse::<PeerId>().ok();
            }
            RData::SRV(place) => port = Some(place.port),
            RData::A(a) => hosts.push(Protocol::Ip4(a.address.into())),
            RData::AAAA(aaaa) => hosts.push(Protocol::Ip6(aaaa.address.into())),
            _ => {}
        }
    }
    let (peer, port) = (peer?, port?);
    let addresses = hosts
        .into_iter()
        .take(MOST_ADDRESSES)
        .map(|host| Multiaddr::empty().with(host).with(Protocol::Tcp(port)))
        .collect();
    Some(Message::Answer { peer, addresses })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn vector(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/vectors/");
        hex::decode(std::fs::read_to_string(format!("{folder}{name}.hex")).unwrap().trim()).unwrap()
    }

    const PEER: &str = "Qme7dd1B19xZ6i81WZN3EKU7oHSAENDSANVABZnktD8pCY";

    #[test]
    fn packets_are_byte_for_byte_those_of_older_peers() {
        let peer: PeerId = PEER.parse().unwrap();
        let hosts = [IpAddr::V4(Ipv4Addr::LOCALHOST)];
        let made = |tag| answer(tag, &peer, "vm", 29_888, &hosts).unwrap();
        assert_eq!(query().unwrap(), vector("mdns_legacy_query"));
        assert_eq!(made(Tag::Ipfs), vector("mdns_legacy_response"));
        assert_eq!(made(Tag::Discovery), vector("mdns_compat_response"));
    }

    #[test]
    fn their_packets_encode_back_byte_for_byte() {
        for name in [
            "mdns_legacy_query",
            "mdns_legacy_response",
            "mdns_compat_query",
            "mdns_compat_response",
        ] {
            let bytes = vector(name);
            assert_eq!(Packet::parse(&bytes).unwrap().build_bytes_vec().unwrap(), bytes, "{name}");
        }
    }

    #[test]
    fn their_packets_are_understood() {
        assert_eq!(read(&vector("mdns_legacy_query")), Some(Message::Query(Tag::Ipfs)));
        assert_eq!(read(&vector("mdns_compat_query")), Some(Message::Query(Tag::Discovery)));
        for name in ["mdns_legacy_response", "mdns_compat_response"] {
            let Some(Message::Answer { peer, addresses }) = read(&vector(name)) else {
                panic!("{name} is an answer")
            };
            assert_eq!(peer.to_base58(), PEER);
            assert_eq!(addresses, ["/ip4/127.0.0.1/tcp/29888".parse().unwrap()]);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(
            bytes in prop::collection::vec(any::<u8>(), 0..600),
            at in 0..300usize,
        ) {
            let _meaning = read(&bytes);
            let mut damaged = vector("mdns_legacy_response");
            let length = damaged.len();
            for (offset, byte) in bytes.iter().take(8).enumerate() {
                damaged[(at + offset) % length] ^= byte;
            }
            if let Some(Message::Answer { addresses, .. }) = read(&damaged) {
                prop_assert!(addresses.len() <= MOST_ADDRESSES);
            }
        }
    }
}
