//! What a chain needs beside a worker's quote to verify it: lists of revoked certificates, and what
//! Intel says of the processor and of the quoting enclave.
//!
//! Workers do not reach the service that has it, and give a quote alone. The same collateral serves
//! all machines of a kind, so it is asked for once for all workers that register together.

use std::collections::BTreeMap;
use std::time::Duration;

use parity_scale_codec::{Decode, Encode};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::scale::registration::{AttestationReport, Collateral, SgxV30Collateral};

mod quote;
mod service;
#[cfg(test)]
mod tests;

use quote::{Platform, QuoteError, platform};
use service::{Service, ServiceError};

/// How long collateral is given to further workers.
const FRESH: Duration = Duration::from_mins(10);

/// How long nobody asks again after a failure.
const FAILED: Duration = Duration::from_secs(5);

/// Kinds of machines that collateral is remembered for.
const MOST_KINDS: usize = 64;

/// The service that has collateral, which speaks the interface of Intel's caching service
/// (PCCS), version 4.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CollateralService {
    /// Its address up to and with `/sgx/certification/v4/`.
    pub url: Url,
    /// Longest time for one of the four requests.
    pub timeout: Duration,
}

impl CollateralService {
    /// The service at `url`.
    pub fn new(url: Url) -> Self {
        Self { url, timeout: Duration::from_secs(10) }
    }
}

/// Completes reports, for all workers of a manager.
pub(crate) struct Collaterals {
    service: Option<Service>,
    known: Mutex<BTreeMap<Platform, Known>>,
}

/// What the service last gave for a kind of machine.
struct Known {
    at: Instant,
    given: Result<SgxV30Collateral, ServiceError>,
}

/// Why a report cannot be completed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CollateralError {
    /// It is no report.
    #[error("the worker's report does not decode")]
    Report,
    /// It does not say what it needs.
    #[error("the worker's quote is not understood: {0}")]
    Quote(#[from] QuoteError),
    /// Nobody is there to be asked.
    #[error("the worker's quote needs collateral, and no service that has it is configured")]
    NoService,
    /// Nobody gives it.
    #[error("no collateral for the worker's quote: {0}")]
    Service(#[from] ServiceError),
}

impl Collaterals {
    /// Asks nobody yet. Fails if the system gives no resources for a client.
    pub(crate) fn new(settings: Option<&CollateralService>) -> Result<Self, reqwest::Error> {
        let service = settings.map(Service::new).transpose()?;
        Ok(Self { service, known: Mutex::default() })
    }

    /// The report, an `Option<AttestationReport>` in SCALE, with collateral if it lacks it.
    pub(crate) async fn complete(&self, report: &[u8]) -> Result<Vec<u8>, CollateralError> {
        let decoded = Option::<AttestationReport>::decode(&mut &*report);
        match decoded.map_err(|_| CollateralError::Report)? {
            Some(AttestationReport::SgxDcap { quote, collateral: None }) => {
                let collateral = self.of(platform(&quote)?).await?;
                let collateral = Some(Collateral::SgxV30(collateral));
                Ok(Some(AttestationReport::SgxDcap { quote, collateral }).encode())
            }
            _ => Ok(report.to_vec()),
        }
    }

    /// Others wait while one asks, and take what it got.
    async fn of(&self, platform: Platform) -> Result<SgxV30Collateral, CollateralError> {
        let service = self.service.as_ref().ok_or(CollateralError::NoService)?;
        let mut known = self.known.lock().await;
        known.retain(|_, it| it.at.elapsed() < if it.given.is_ok() { FRESH } else { FAILED });
        if let Some(known) = known.get(&platform) {
            return Ok(known.given.clone()?);
        }
        let given = service.collateral(&platform).await;
        if known.len() < MOST_KINDS {
            known.insert(platform, Known { at: Instant::now(), given: given.clone() });
        }
        Ok(given?)
    }
}
