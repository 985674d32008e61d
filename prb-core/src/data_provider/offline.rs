//! A provider's store, handled while no provider runs on it.

use std::path::Path;

use super::audit::{self, Unverified, Verified};
use crate::error::{Classify, ErrorClass};
use crate::store::{ChunkKind, KindStats, Store, StoreConfig, StoreError};

/// A store that no provider has open; as long as this lives none can open it.
pub struct OfflineStore {
    store: Store,
}

/// What can be checked and dropped by block numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Relay chain segments.
    Relay,
    /// Parachain headers.
    Headers,
    /// Parachain blocks.
    Blocks,
}

/// Something wrong in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong, by name or block numbers.
    pub object: String,
    /// Why.
    pub reason: String,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Chunks read.
    pub chunks: usize,
    /// How far everything verifies, if it was asked for and all chunks are sound.
    pub verified: Option<Verified>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Why a store could not be copied into another.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is something already.
    #[error("the store is not empty: import wants a new folder")]
    NotEmpty,
    /// The copy does not verify.
    #[error("the copy is refused: {0}")]
    Refused(#[from] Unverified),
    /// The copy verifies from a block that only the operator can vouch for.
    #[error(
        "the copy begins after relay block {number} ({hash}), which is not known here: say that it is right, or do not import"
    )]
    UnknownStart {
        /// Its number.
        number: u32,
        /// Its hash in hex.
        hash: String,
    },
}

impl Classify for ImportError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) => error.class(),
            Self::NotEmpty | Self::UnknownStart { .. } => ErrorClass::Operator,
            Self::Refused(_) => ErrorClass::Permanent,
        }
    }
}

impl OfflineStore {
    /// Opens the store of a provider in `folder`.
    pub async fn open(folder: &Path, config: &StoreConfig) -> Result<Self, StoreError> {
        let store = Store::open(folder, config).await?;
        Ok(Self { store })
    }

    /// Opens a copy in `folder`, in which nothing is changed; `scratch` is an empty folder that
    /// may go afterwards.
    pub async fn open_copy(
        folder: &Path,
        scratch: &Path,
        config: &StoreConfig,
    ) -> Result<Self, StoreError> {
        let config = StoreConfig { read_only: true, ..config.clone() };
        let store = Store::open_with(folder, scratch, &config).await?;
        Ok(Self { store })
    }

    /// How much is stored, by kind.
    pub async fn stats(&self) -> Result<Vec<KindStats>, StoreError> {
        self.store.stats().await
    }

    /// Reads every chunk, looks for missing blocks and, with `verify`, verifies everything again
    /// from the genesis on.
    pub async fn check(&self, verify: bool) -> Result<Report, StoreError> {
        let mut report = Report::default();
        for kind in ChunkKind::ALL {
            for name in self.store.chunks(kind).await? {
                report.chunks += 1;
                match self.store.check_chunk(name).await {
                    Ok(()) => {}
                    Err(StoreError::Damaged { object, reason }) => {
                        report.findings.push(Finding { object, reason });
                    }
                    Err(error) => return Err(error),
                }
            }
            if kind == ChunkKind::State {
                continue;
            }
            for (from, to) in self.store.missing(kind).await? {
                let object = format!("{} {from} to {to}", kind.name());
                report.findings.push(Finding { object, reason: "they are missing".to_owned() });
            }
        }
        if verify && report.findings.is_empty() {
            match audit::audit(&self.store).await {
                Ok(verified) => {
                    // No relay chain block is stored before the parachain headers it proves.
                    if verified.headers < verified.para_head {
                        let object =
                            format!("headers {} to {}", verified.headers + 1, verified.para_head);
                        let reason = "the relay chain proves them, and they are missing".to_owned();
                        report.findings.push(Finding { object, reason });
                    }
                    report.verified = Some(verified);
                }
                Err(Unverified { what, reason }) => {
                    report.findings.push(Finding { object: what, reason });
                }
            }
        }
        Ok(report)
    }

    /// Removes what was put aside, and seals every chunk anew with the configured level. Gives
    /// the bytes before and after.
    pub async fn compact(&self) -> Result<(u64, u64), StoreError> {
        let bytes = async || {
            let stats = self.store.stats().await?;
            Ok::<u64, StoreError>(stats.iter().map(|kind| kind.bytes).sum())
        };
        let aside = self.store.remove_quarantined().await?;
        let before = bytes().await? + aside;
        for kind in ChunkKind::ALL {
            for name in self.store.chunks(kind).await? {
                self.store.recompress(name).await?;
            }
        }
        self.store.flush().await?;
        Ok((before, bytes().await?))
    }

    /// Puts aside what holds these blocks: a provider fetches them anew. Gives the names of what
    /// was dropped.
    pub async fn drop_range(
        &self,
        part: Part,
        from: u32,
        to: u32,
    ) -> Result<Vec<String>, StoreError> {
        let kind = match part {
            Part::Relay => ChunkKind::Relay,
            Part::Headers => ChunkKind::Headers,
            Part::Blocks => ChunkKind::Blocks,
        };
        self.store.drop_range(kind, from, to).await
    }

    /// Puts aside every chunk that is damaged. Gives their names.
    pub async fn drop_damaged(&self) -> Result<Vec<String>, StoreError> {
        let mut dropped = Vec::new();
        for kind in ChunkKind::ALL {
            for name in self.store.chunks(kind).await? {
                if self.store.quarantine(name).await? {
                    dropped.push(name.to_string());
                }
            }
        }
        Ok(dropped)
    }

    /// Copies what is sealed into a new store in `folder`. Gives chunks and bytes.
    pub async fn export(
        &self,
        folder: &Path,
        config: &StoreConfig,
    ) -> Result<(usize, u64), ImportError> {
        let target = Self::open(folder, config).await?;
        self.copy_into(&target, u32::MAX, u32::MAX).await
    }

    /// Verifies everything in a copy and takes it into this new store, as far as it is proven.
    /// `start` is the hash of the relay chain block that the operator knows workers to start from;
    /// those of production networks are known.
    pub async fn import(
        &self,
        copy: &Self,
        start: Option<&str>,
    ) -> Result<(Verified, usize, u64), ImportError> {
        let verified = audit::audit(&copy.store).await?;
        let (number, hash) = (verified.start.0, format!("{:?}", verified.start.1));
        if !verified.known_start && start != Some(&hash[..]) {
            return Err(ImportError::UnknownStart { number, hash });
        }
        let (chunks, bytes) = copy.copy_into(self, verified.headers, verified.blocks).await?;
        Ok((verified, chunks, bytes))
    }

    /// Copies all chunks that end by the given header and block; states are made anew, but for the
    /// one that blocks are replayed from where the parachain begins later.
    async fn copy_into(
        &self,
        target: &Self,
        headers: u32,
        blocks: u32,
    ) -> Result<(usize, u64), ImportError> {
        if target.stats().await?.iter().any(|kind| kind.chunks + kind.unsealed > 0) {
            return Err(ImportError::NotEmpty);
        }
        target.store.take_layout(&self.store).await?;
        let (mut count, mut bytes) = (0, 0);
        let first_state = match self.store.para_start().await {
            0 => None,
            _ => self.store.states().await?.first().copied(),
        };
        // The genesis last: where it is there, the rest is too.
        let kinds = [
            ChunkKind::State,
            ChunkKind::Headers,
            ChunkKind::Blocks,
            ChunkKind::Relay,
            ChunkKind::Genesis,
        ];
        for kind in kinds {
            for name in self.store.chunks(kind).await? {
                let end = match kind {
                    ChunkKind::Headers => headers,
                    ChunkKind::Blocks => blocks,
                    _ => u32::MAX,
                };
                let wanted = kind != ChunkKind::State || Some(name.from) == first_state;
                if name.to > end || !wanted {
                    continue;
                }
                self.store.check_chunk(name).await?;
                bytes += self.store.copy_chunk(name, &target.store).await?;
                count += 1;
            }
        }
        Ok((count, bytes))
    }
}
