//! The whole bridge on the embedded network, and the rules of the house that a compiler cannot
//! check. One binary: linking it is most of its cost.

mod architecture;
mod feeder;
mod provider;
mod trader;
mod lifecycle;
