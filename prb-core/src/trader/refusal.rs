//! What a node's refusal of a new extrinsic means.

/// What to do with an extrinsic that a node refused when it was submitted for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The node has it already.
    AlreadyThere,
    /// Its nonce is taken, or not the next one: the account's nonce is not what we think.
    NonceTaken,
    /// It must be signed anew: for another runtime, or from a later block on.
    Outdated,
    /// It does not fit into a block.
    TooHeavy,
    /// The account cannot pay the fee.
    CannotPay,
    /// The pool does not take it now.
    Busy,
    /// The node will never take it.
    Never,
}

/// Reads the node's JSON-RPC error. The codes are those of Substrate's `author` methods; which
/// kind of invalid transaction it is stands in the words only.
pub(super) fn refusal(code: i32, message: &str) -> Refusal {
    const INVALID: i32 = 1010;
    const UNKNOWN_VALIDITY: i32 = 1011;
    const TEMPORARILY_BANNED: i32 = 1012;
    const ALREADY_IMPORTED: i32 = 1013;
    const TOO_LOW_PRIORITY: i32 = 1014;
    const IMMEDIATELY_DROPPED: i32 = 1016;
    let says = |words: &str| message.contains(words);
    match code {
        ALREADY_IMPORTED => Refusal::AlreadyThere,
        TOO_LOW_PRIORITY => Refusal::NonceTaken,
        TEMPORARILY_BANNED | IMMEDIATELY_DROPPED | UNKNOWN_VALIDITY => Refusal::Busy,
        INVALID if says("outdated") || says("in the future") => Refusal::NonceTaken,
        INVALID if says("bad signature") || says("ancient birth block") => Refusal::Outdated,
        INVALID if says("exhaust the block limits") => Refusal::TooHeavy,
        INVALID if says("Inability to pay") => Refusal::CannotPay,
        _ => Refusal::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_nodes_are_understood() {
        for (code, message, meaning) in [
            (1010, "Invalid Transaction: \"Transaction is outdated\"", Refusal::NonceTaken),
            (1010, "Transaction will be valid in the future", Refusal::NonceTaken),
            (1010, "Transaction has a bad signature", Refusal::Outdated),
            (1010, "Transaction has an ancient birth block", Refusal::Outdated),
            (1010, "Transaction would exhaust the block limits", Refusal::TooHeavy),
            (1010, "Inability to pay some fees (e.g. account balance too low)", Refusal::CannotPay),
            (1010, "Custom error: 3", Refusal::Never),
            (1012, "Transaction is temporarily banned", Refusal::Busy),
            (1013, "Transaction Already Imported", Refusal::AlreadyThere),
            (1014, "Priority is too low: (1 vs 1)", Refusal::NonceTaken),
            (1016, "Immediately Dropped", Refusal::Busy),
            (-32602, "Invalid params", Refusal::Never),
        ] {
            assert_eq!(refusal(code, message), meaning, "{code} {message}");
        }
    }
}
