use parity_scale_codec::Encode;

use super::*;
use crate::trader::tests::khala;

/// Writes `System.Events` as a runtime does.
struct Record {
    phase: Vec<u8>,
    event: Vec<u8>,
}

fn event(runtime: &Runtime, index: u32, pallet: &str, name: &str, fields: &[u8]) -> Record {
    let pallet = runtime.metadata.pallet_by_name(pallet).unwrap();
    let variants = pallet.event_variants().unwrap();
    let variant = variants.iter().find(|variant| variant.name == name).unwrap();
    Record {
        phase: [&[0][..], &index.to_le_bytes()].concat(),
        event: [&[pallet.event_index(), variant.index], fields].concat(),
    }
}

fn storage(records: &[Record]) -> Vec<u8> {
    let mut bytes = Compact(records.len() as u32).encode();
    for record in records {
        bytes.extend_from_slice(&record.phase);
        bytes.extend_from_slice(&record.event);
        bytes.push(0);
    }
    bytes
}

/// Module error of `PhalaStakePoolv2` (93).
const INSUFFICIENT_FREE_STAKE: [u8; 6] = [3, 93, 16, 0, 0, 0];

/// weight { ref_time, proof_size } · class · pays
const DISPATCH_INFO: [u8; 4] = [4, 4, 0, 0];

#[test]
fn only_the_events_of_the_extrinsic_are_read_and_errors_are_named() {
    let Some(khala) = khala() else { return };
    let proxied_error = [&[1][..], &INSUFFICIENT_FREE_STAKE].concat();
    let failed = [&INSUFFICIENT_FREE_STAKE[..], &DISPATCH_INFO].concat();
    let records = [
        Record { phase: vec![2], event: vec![0, 0, 4, 4, 2, 0] },
        event(&khala, 0, "System", "ExtrinsicSuccess", &DISPATCH_INFO),
        event(&khala, 1, "Balances", "Deposit", &[[1_u8; 32].to_vec(), vec![7; 16]].concat()),
        event(&khala, 1, "Utility", "ItemCompleted", &[]),
        event(&khala, 1, "Utility", "ItemFailed", &INSUFFICIENT_FREE_STAKE),
        event(&khala, 1, "Utility", "BatchCompletedWithErrors", &[]),
        event(&khala, 1, "Proxy", "ProxyExecuted", &[0]),
        event(&khala, 1, "Proxy", "ProxyExecuted", &proxied_error),
        event(&khala, 1, "System", "ExtrinsicFailed", &failed),
        event(&khala, 2, "Utility", "ItemCompleted", &[]),
    ];
    let bytes = storage(&records);
    let first = result_events(&bytes, 0, &khala).unwrap();
    assert_eq!(first, [ResultEvent::ExtrinsicSuccess]);
    let second = result_events(&bytes, 1, &khala).unwrap();
    let ResultEvent::Item(CallOutcome::Error { error, docs }) = &second[1] else {
        panic!("{second:?}")
    };
    assert_eq!(error, "PhalaStakePoolv2.InsufficientFreeStake");
    assert!(!docs.is_empty(), "the metadata documents it");
    let named = CallOutcome::Error { error: error.clone(), docs: docs.clone() };
    assert_eq!(
        second,
        [
            ResultEvent::Item(CallOutcome::Ok),
            ResultEvent::Item(named.clone()),
            ResultEvent::BatchCompleted,
            ResultEvent::ProxyExecuted(CallOutcome::Ok),
            ResultEvent::ProxyExecuted(named.clone()),
            ResultEvent::ExtrinsicFailed(named),
        ]
    );
    assert_eq!(result_events(&bytes, 3, &khala).unwrap(), []);
}

#[test]
fn other_dispatch_errors_have_their_names() {
    let Some(khala) = khala() else { return };
    let name = |bytes: &[u8]| match dispatch_error(bytes, &khala).unwrap() {
        CallOutcome::Error { error, .. } => error,
        CallOutcome::Ok => panic!("no error"),
    };
    assert_eq!(name(&[2]), "BadOrigin");
    assert_eq!(name(&[8, 1]), "Arithmetic.Overflow");
    assert_eq!(name(&[3, 85, 1, 0, 0, 0]), "PhalaMq.BadSequence");
    assert_eq!(name(&[3, 0, 5, 0, 0, 0]), "System.CallFiltered");
    assert_eq!(name(&[3, 93, 200, 0, 0, 0]), "unknown error 200 of PhalaStakePoolv2");
    assert_eq!(name(&[3, 250, 1, 0, 0, 0]), "error 1 of the unknown pallet 250");
}

#[test]
fn cut_or_foreign_bytes_are_an_error() {
    let Some(khala) = khala() else { return };
    let bytes = storage(&[event(&khala, 0, "Utility", "ItemFailed", &INSUFFICIENT_FREE_STAKE)]);
    for end in 0..bytes.len() {
        assert!(result_events(&bytes[..end], 0, &khala).is_err(), "{end}");
    }
    assert!(result_events(&[4, 0, 0, 0, 0, 0, 250, 0, 0], 0, &khala).is_err());
}
