use super::*;

const HASH: RuntimeInfoHash = [5; 32];
const NOW: u64 = 1_700_000_000;

fn allow_list() -> Vec<Measurement> {
    vec![Enclave::DEVELOPMENT.measurement()]
}

fn check(report: &AttestationReport) -> Result<Verified, VerifyError> {
    verify(report, &HASH, NOW, Some(&allow_list()))
}

fn epid(change: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>, &mut Vec<u8>)) -> AttestationReport {
    let AttestationReport::SgxIas { mut ra_report, mut signature, mut raw_signing_cert } =
        epid::report(&Enclave::DEVELOPMENT, &HASH, NOW)
    else {
        panic!("an EPID report")
    };
    change(&mut ra_report, &mut signature, &mut raw_signing_cert);
    AttestationReport::SgxIas { ra_report, signature, raw_signing_cert }
}

fn resigned(text: &str) -> AttestationReport {
    epid(|report, signature, _| {
        *report = text.as_bytes().to_vec();
        *signature = signing_pair().sign(report).0.to_vec();
    })
}

#[test]
fn good_reports_pass_with_their_provider() {
    let verified = check(&epid::report(&Enclave::DEVELOPMENT, &HASH, NOW)).unwrap();
    assert_eq!(verified, Verified { provider: AttestationProvider::Ias, confidence_level: 1 });
    let verified = check(&dcap::report(&Enclave::DEVELOPMENT, &HASH)).unwrap();
    assert_eq!(verified, Verified { provider: AttestationProvider::Dcap, confidence_level: 1 });
}

#[test]
fn a_foreign_key_or_signature_is_refused() {
    let cases = [
        epid(|_, _, cert| cert[0] ^= 1),
        epid(|_, signature, _| signature[0] ^= 1),
        epid(|_, signature, _| signature.truncate(63)),
        epid(|report, _, _| report.push(b' ')),
    ];
    for report in cases {
        assert_eq!(check(&report), Err(VerifyError::InvalidSigningCertificate));
    }
}

#[test]
fn a_signed_text_that_is_no_report_is_refused() {
    assert_eq!(check(&resigned("not JSON")), Err(VerifyError::InvalidReport));
    assert_eq!(check(&resigned("{}")), Err(VerifyError::InvalidReport));
    let text = |time: &str, body: &str| {
        format!(
            r#"{{"timestamp":"{time}","isvEnclaveQuoteStatus":"OK","isvEnclaveQuoteBody":"{body}"}}"#
        )
    };
    assert_eq!(check(&resigned(&text("yesterday", ""))), Err(VerifyError::BadReport));
    let time = "2023-11-14T22:13:20.000000";
    assert_eq!(check(&resigned(&text(time, "??"))), Err(VerifyError::BadReport));
    assert_eq!(check(&resigned(&text(time, "AAAA"))), Err(VerifyError::UnknownQuoteBodyFormat));
}

#[test]
fn quote_statuses_map_to_confidence() {
    let level = |status| {
        let report = epid::report_with_status(&Enclave::DEVELOPMENT, &HASH, NOW, status);
        check(&report).map(|verified| verified.confidence_level)
    };
    assert_eq!(level("OK"), Ok(1));
    assert_eq!(level("SW_HARDENING_NEEDED"), Ok(2));
    assert_eq!(level("CONFIGURATION_NEEDED"), Ok(3));
    assert_eq!(level("GROUP_OUT_OF_DATE"), Ok(5));
    assert_eq!(level("GROUP_REVOKED"), Err(VerifyError::InvalidQuoteStatus));
}

#[test]
fn a_report_is_too_old_at_two_hours_and_not_before() {
    let at = |made| check(&epid::report(&Enclave::DEVELOPMENT, &HASH, made)).err();
    assert_eq!(at(NOW - epid::MAX_AGE_SECONDS + 1), None);
    assert_eq!(at(NOW - epid::MAX_AGE_SECONDS), Some(VerifyError::Outdated));
    assert_eq!(at(NOW + 1_000_000), None);
}

#[test]
fn the_measurement_must_be_listed_unless_there_is_no_list() {
    let other = Enclave { isv_svn: 2, ..Enclave::DEVELOPMENT };
    for report in [epid::report(&other, &HASH, NOW), dcap::report(&other, &HASH)] {
        assert_eq!(check(&report), Err(VerifyError::MeasurementRejected));
        assert!(verify(&report, &HASH, NOW, None).is_ok());
    }
}

#[test]
fn a_report_for_another_runtime_info_is_refused() {
    let reports = [
        epid::report(&Enclave::DEVELOPMENT, &[6; 32], NOW),
        dcap::report(&Enclave::DEVELOPMENT, &[6; 32]),
    ];
    for report in reports {
        assert_eq!(check(&report), Err(VerifyError::RuntimeInfoHashMismatch));
    }
}

#[test]
fn any_changed_or_missing_byte_breaks_a_dcap_quote() {
    let AttestationReport::SgxDcap { quote, .. } = dcap::report(&Enclave::DEVELOPMENT, &HASH)
    else {
        panic!("a DCAP report")
    };
    let check = |quote: Vec<u8>| check(&AttestationReport::SgxDcap { quote, collateral: None });
    for index in 0..quote.len() {
        let mut changed = quote.clone();
        changed[index] ^= 1;
        assert_eq!(check(changed), Err(VerifyError::InvalidDcapQuote), "byte {index}");
    }
    for length in [0, 431, 432, 435, 436, quote.len() - 1] {
        assert_eq!(check(quote[..length].to_vec()), Err(VerifyError::InvalidDcapQuote));
    }
}

#[test]
fn a_measurement_is_code_product_version_signer() {
    let enclave =
        Enclave { mr_enclave: [1; 32], mr_signer: [2; 32], isv_prod_id: 0x0304, isv_svn: 0x0506 };
    let measurement = enclave.measurement();
    assert_eq!(measurement.len(), 68);
    assert_eq!(measurement[31..37], [1, 4, 3, 6, 5, 2]);
}
