//! The relay chain's finality: authority sets, justifications signed by them, and what a node
//! keeps and proves of it.

mod authorities;
mod changes;
mod finality;
mod justification;

pub use authorities::{AuthoritySet, AuthoritySets};
pub use changes::{AuthoritySetChanges, SetOfBlock};
pub use finality::{Finality, FinalityProof, FinalityProofError, JUSTIFICATION_PERIOD};
pub use justification::{Justification, justify, scheduled_change, threshold};
