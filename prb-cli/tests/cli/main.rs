//! The real binary, from outside: what it prints, how it ends, and what it leaves behind.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]
#![expect(clippy::print_stderr, reason = "a test's figures")]

mod admission;
mod arguments;
mod book;
mod browser;
mod compose;
mod config;
mod config_mode;
mod db;
mod embedded_network;
mod fixture;
mod generated;
mod http;
mod inventory;
mod killed;
mod machines;
mod migrate;
mod monitor;
mod peers;
mod queue_page;
mod rest;
#[path = "../../../tests/e2e/tests/e2e/s3.rs"]
mod s3;
mod secrets;
mod services;
mod shapes;
mod shared_bucket;
mod terminal;
mod trader;
mod two_managers;
mod units;
mod watched;
