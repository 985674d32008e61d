//! What a quote says of the machine that made it.
//!
//! Nothing is verified here: the chain does that, and takes no collateral that does not fit.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Quotes of enclaves; virtual machines make others.
const VERSION: u16 = 3;

/// Bytes of a quote before the length of its signature data.
const BODY: usize = 48 + 384;

/// Bytes of signature data before the quoting enclave's own data: a signature, the key, the
/// quoting enclave's report and its signature.
const SIGNATURES: usize = 64 + 64 + 384 + 64;

/// Certification data that is a chain of certificates as PEM, the machine's first.
const PCK_CHAIN: u16 = 5;

/// DER of the object identifier 1.2.840.113741.1.13.1.4, FMSPC, and of the head of an octet string
/// of six bytes.
const FMSPC: [u8; 14] =
    [0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, 0x04, 0x04, 0x06];

/// Who signs for machines of several processors.
const PLATFORM_CA: &[u8] = b"Intel SGX PCK Platform CA";

/// What collateral is the same for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Platform {
    /// Family, model, stepping, platform type and custom SKU.
    pub(super) fmspc: [u8; 6],
    /// Who signed the machine's certificate.
    pub(super) authority: Authority,
}

/// Who signs machines' certificates, and lists those that do not count any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Authority {
    Processor,
    Platform,
}

/// Why it is not known what collateral a quote needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QuoteError {
    #[error("it is shorter than it says")]
    Short,
    #[error("its version is {0}, not {VERSION}")]
    Version(u16),
    #[error("its certification data is of type {0}, not a chain of certificates")]
    NoChain(u16),
    #[error("its certificates cannot be read: {0}")]
    Certificates(String),
    #[error("the machine's certificate does not tell its FMSPC")]
    NoFmspc,
}

impl Authority {
    /// As a caching service knows it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Platform => "platform",
        }
    }
}

/// Reads what collateral a quote needs.
pub(super) fn platform(quote: &[u8]) -> Result<Platform, QuoteError> {
    let mut rest = quote;
    let version = rest.first_chunk().map(|it| u16::from_le_bytes(*it)).ok_or(QuoteError::Short)?;
    if version != VERSION {
        return Err(QuoteError::Version(version));
    }
    take(&mut rest, BODY)?;
    let length = long(&mut rest)?;
    let mut rest = take(&mut rest, length)?;
    take(&mut rest, SIGNATURES)?;
    let length = short(&mut rest)?;
    take(&mut rest, length.into())?;
    let kind = short(&mut rest)?;
    let length = long(&mut rest)?;
    let chain = take(&mut rest, length)?;
    if kind != PCK_CHAIN {
        return Err(QuoteError::NoChain(kind));
    }
    let unreadable = |reason: String| QuoteError::Certificates(reason);
    let machine = CertificateDer::pem_slice_iter(chain)
        .next()
        .ok_or_else(|| unreadable("there is none".to_owned()))?
        .map_err(|error| unreadable(error.to_string()))?;
    let contains = |part: &[u8]| machine.windows(part.len()).position(|window| window == part);
    let fmspc = contains(&FMSPC).and_then(|at| machine[at + FMSPC.len()..].first_chunk());
    let authority = match contains(PLATFORM_CA) {
        Some(_) => Authority::Platform,
        None => Authority::Processor,
    };
    Ok(Platform { fmspc: *fmspc.ok_or(QuoteError::NoFmspc)?, authority })
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], QuoteError> {
    let (taken, after) = rest.split_at_checked(length).ok_or(QuoteError::Short)?;
    *rest = after;
    Ok(taken)
}

fn short(rest: &mut &[u8]) -> Result<u16, QuoteError> {
    let (bytes, after) = rest.split_first_chunk().ok_or(QuoteError::Short)?;
    *rest = after;
    Ok(u16::from_le_bytes(*bytes))
}

fn long(rest: &mut &[u8]) -> Result<usize, QuoteError> {
    let (bytes, after) = rest.split_first_chunk().ok_or(QuoteError::Short)?;
    *rest = after;
    usize::try_from(u32::from_le_bytes(*bytes)).map_err(|_| QuoteError::Short)
}
