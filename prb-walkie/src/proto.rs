//! The messages of `proto/prb`, generated. Their documentation is in those files.

#![allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]

include!(concat!(env!("OUT_DIR"), "/prb.rs"));

mod hidden;

/// Errors as peers see them.
pub mod error {
    include!(concat!(env!("OUT_DIR"), "/prb.error.rs"));
}

/// Records: pools, workers, genesis.
pub mod db {
    include!(concat!(env!("OUT_DIR"), "/prb.db.rs"));
}

/// Answers of a data provider.
pub mod data_provider {
    include!(concat!(env!("OUT_DIR"), "/prb.data_provider.rs"));
}

/// Requests to a lifecycle manager.
pub mod lifecycle {
    include!(concat!(env!("OUT_DIR"), "/prb.lifecycle.rs"));
}

/// What a trader tells of itself.
pub mod trader {
    include!(concat!(env!("OUT_DIR"), "/prb.trader.rs"));
}
