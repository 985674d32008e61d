//! How errors are classified: the class decides retry, back-off and alert.

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Will likely go away: retry with back-off.
    Transient,
    /// The same request can never succeed: do not retry it.
    Permanent,
    /// A person has to change something; retried slowly, so that it heals once they did.
    Operator,
}

/// Implemented by every error of this crate.
pub trait Classify {
    /// The class of this error.
    fn class(&self) -> ErrorClass;
}

/// An error with its causes: transports hide the useful part in the last one.
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
