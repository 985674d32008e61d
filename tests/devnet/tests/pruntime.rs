//! The pRuntime double over HTTP: recorded answers of real verification code, corruptions of good
//! material, the API's manners, and the worker's life.

mod pruntime {
    mod client;
    mod corruptions;
    mod material;
    mod vectors;
}
