//! The pRuntime double over HTTP: recorded answers of real verification code, corruptions of good
//! material, the API's manners, and the worker's life.

#![allow(clippy::expect_used, clippy::panic, reason = "what fails here fails a test")]

mod pruntime {
    mod background;
    mod client;
    mod corruptions;
    mod embedded;
    mod follow;
    mod manners;
    mod material;
    mod network;
    mod registration;
    mod restarts;
    mod small_chain;
    mod vectors;
    mod worker_life;
}
