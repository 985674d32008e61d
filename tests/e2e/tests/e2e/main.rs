//! The whole bridge on the embedded network, and the rules of the house that a compiler cannot
//! check. One binary: linking it is most of its cost.

mod architecture;
mod beheaded;
mod bucket;
mod chaos;
mod examples;
mod feeder;
mod gate;
mod killed;
mod lifecycle;
mod provider;
mod s3;
mod trader;
mod two_providers;
