//! What every reader of a store has to know: one small object beside the chunks.

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use serde::{Deserialize, Serialize};

use super::objects::failed;
use super::{StoreConfig, StoreError};

/// Its name.
pub(crate) const NAME: &str = "store.json";

/// Layout of names, chunks and records.
pub(crate) const SCHEMA: u32 = 1;

/// How a store is laid out. It is written once: all chunks are aligned to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Of this and of everything else in the store.
    pub(crate) schema: u32,
    /// Parachain headers in one served unit.
    pub(crate) headers_per_unit: u32,
    /// Parachain blocks in one served unit.
    pub(crate) blocks_per_unit: u32,
    /// The parachain's first header in the store; its blocks begin one later.
    pub(crate) para_start: u32,
}

impl Manifest {
    /// Of a new store.
    pub(crate) fn new(config: &StoreConfig) -> Self {
        Self {
            schema: SCHEMA,
            headers_per_unit: config.headers_per_unit.max(1),
            blocks_per_unit: config.blocks_per_unit.max(1),
            para_start: 0,
        }
    }

    /// Reads it, `None` in an empty store.
    pub(crate) async fn read(store: &dyn ObjectStore) -> Result<Option<Self>, StoreError> {
        let bytes = match store.get(&Path::from(NAME)).await {
            Ok(found) => found.bytes().await.map_err(|error| failed("read", NAME, &error))?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed("read", NAME, &error)),
        };
        Self::decode(&bytes).map(Some)
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        /// What every version of it has.
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let damaged = |error: serde_json::Error| StoreError::Damaged {
            object: NAME.to_owned(),
            reason: error.to_string(),
        };
        let Version { schema } = serde_json::from_slice(bytes).map_err(damaged)?;
        if schema != SCHEMA {
            let path = NAME.to_owned();
            return Err(StoreError::Schema { path, found: schema, known: SCHEMA });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(damaged)?;
        if manifest.headers_per_unit == 0 || manifest.blocks_per_unit == 0 {
            let reason = "its units are empty".to_owned();
            return Err(StoreError::Damaged { object: NAME.to_owned(), reason });
        }
        Ok(manifest)
    }

    /// Writes it over whatever is there.
    pub(crate) async fn write(&self, store: &dyn ObjectStore) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(self).map_err(|error| failed("write", NAME, &error))?;
        let written = store.put(&Path::from(NAME), bytes.into()).await;
        written.map(drop).map_err(|error| failed("write", NAME, &error))
    }

    /// Writes it where there is none, or gives the one that is there.
    pub(crate) async fn create(self, store: &dyn ObjectStore) -> Result<Self, StoreError> {
        if let Some(found) = Self::read(store).await? {
            return Ok(found);
        }
        let bytes = serde_json::to_vec(&self).map_err(|error| failed("write", NAME, &error))?;
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match store.put_opts(&Path::from(NAME), bytes.into(), options).await {
            Ok(_) => Ok(self),
            // Another one was faster.
            Err(object_store::Error::AlreadyExists { .. }) => {
                Ok(Self::read(store).await?.unwrap_or(self))
            }
            Err(error) => Err(failed("write", NAME, &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn the_first_one_stays() {
        let store = InMemory::new();
        assert_eq!(Manifest::read(&store).await.unwrap(), None);
        let first = Manifest::new(&StoreConfig::default());
        assert_eq!(first.create(&store).await.unwrap(), first);
        let other = Manifest { blocks_per_unit: 5, ..first };
        assert_eq!(other.create(&store).await.unwrap(), first);
        other.write(&store).await.unwrap();
        assert_eq!(Manifest::read(&store).await.unwrap(), Some(other));
    }

    #[test]
    fn an_unknown_schema_is_named_and_anything_else_is_damage() {
        for (bytes, word) in [
            (&br#"{"schema":2,"layout":"new"}"#[..], "schema 2"),
            (br#"{"schema":0}"#, "schema 0"),
            (br#"{"schema":1}"#, "damaged"),
            (b"{", "damaged"),
            (b"", "damaged"),
        ] {
            let error = Manifest::decode(bytes).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
