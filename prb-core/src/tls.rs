//! TLS for the clients that may need it.

/// Says, once per process, which cryptography TLS uses; whoever builds an HTTP client calls it.
///
/// The client library looks for a process-wide choice and panics where there is none. An
/// embedding program's own choice is kept.
pub(crate) fn choose_cryptography() {
    // Fails only if there is a choice already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
