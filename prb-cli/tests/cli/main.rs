//! The real binary, from outside: what it prints, how it ends, and what it leaves behind.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]
#![expect(clippy::print_stderr, reason = "a test's figures")]

mod admission;
mod arguments;
mod browser;
mod compose;
mod config_mode;
mod db;
mod embedded_network;
mod fixture;
mod http;
mod generated;
mod inventory;
mod killed;
mod machines;
mod monitor;
mod migrate;
mod peers;
mod queue_page;
#[path = "../../../tests/e2e/tests/e2e/s3.rs"]
mod s3;
mod rest;
mod secrets;
mod services;
mod shared_bucket;
mod trader;
mod two_managers;
mod units;
mod watched;
