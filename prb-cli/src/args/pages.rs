//! Where pages are, and who may see them.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{OsStr, Str};
use clap::{Arg, Args};

/// Where pages are, and who may see them.
///
/// Each set of pages has its own variables and port: `#[command(mut_args(...))]` with
/// [`PageNames::put`] gives them.
#[derive(Clone, Debug, Args)]
pub struct PagesArgs {
    /// Where it listens; without this on loopback, or where a password is asked for on all
    /// interfaces.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,

    /// On which port, without --listen.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,

    /// File of the password that it asks for.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,

    /// Names it may be reached by, by comma, besides addresses and this host's own name. With a
    /// password it may be reached by any.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub host: Vec<String>,
}

/// What is its own of one set of pages.
pub(super) struct PageNames {
    pub(super) listen: &'static str,
    pub(super) port: (&'static str, &'static str),
    pub(super) password_file: &'static str,
    pub(super) host: &'static str,
}

impl PageNames {
    /// Gives an argument its variable, if it is one of [`PagesArgs`].
    pub(super) fn put(&self, arg: Arg) -> Arg {
        let env = |arg: Arg, name: &'static str| arg.env(OsStr::from(Str::from(name)));
        match arg.get_id().as_str() {
            "listen" => env(arg, self.listen),
            "port" => env(arg, self.port.0).default_value(self.port.1),
            "password_file" => env(arg, self.password_file),
            "host" => env(arg, self.host),
            _ => arg,
        }
    }
}
