//! How commands on the same host find a service: its address and its token, in its folder.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use prb_walkie::access::token::Token;

/// The part of a service's folder that commands look at.
pub(crate) struct Door {
    folder: PathBuf,
    service: &'static str,
}

impl Door {
    /// That of a service in its folder. Several services may share one.
    pub(crate) fn of(service: &'static str, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), service }
    }

    /// The token, made if there is none.
    pub(super) fn make_token(&self) -> Result<Token> {
        Ok(Token::load_or_create(&self.file("token"))?)
    }

    /// The token, if the service ever made one.
    pub(crate) fn token(&self) -> Result<Token> {
        Ok(Token::load(&self.file("token"))?)
    }

    /// Where the service serves gRPC, as it last said; none if it never ran here.
    pub(crate) fn address(&self) -> Result<Option<SocketAddr>> {
        let path = self.file("grpc");
        match fs::read_to_string(&path) {
            Ok(text) => {
                let address = text.trim().parse();
                address.map(Some).with_context(|| format!("{} holds no address", path.display()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Says where the service serves gRPC.
    pub(super) fn open(&self, address: SocketAddr) -> Result<()> {
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            writeln!(file, "{address}")?;
            file.persist(self.file("grpc"))?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", self.file("grpc").display()))
    }

    /// Nobody is there any more.
    pub(super) fn close(&self) {
        // It says the same as before if it cannot be removed, and nobody answers.
        let _ = fs::remove_file(self.file("grpc"));
    }

    fn file(&self, what: &str) -> PathBuf {
        self.folder.join(format!("{}.{what}", self.service))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_found_while_it_says_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let door = Door::of("lifecycle", folder.path());
        assert_eq!(door.address().unwrap(), None);
        let address = "127.0.0.1:9472".parse().unwrap();
        door.open(address).unwrap();
        assert_eq!(door.address().unwrap(), Some(address));
        assert_eq!(Door::of("trader", folder.path()).address().unwrap(), None);
        door.close();
        assert_eq!(door.address().unwrap(), None);
    }
}
