//! A development stand-in for Intel's attestation.
