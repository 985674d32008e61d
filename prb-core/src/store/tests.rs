use super::*;

#[tokio::test]
async fn genesis_and_states_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::default();
    let store = Store::open(folder.path(), &config).await.unwrap();
    assert_eq!(store.genesis().await.unwrap(), None);
    store.put_genesis(Bytes::from("genesis")).await.unwrap();
    store.put_state(9, vec![Bytes::from("a"), Bytes::from("b")]).await.unwrap();
    store.put_state(20, vec![Bytes::from("c")]).await.unwrap();
    drop(store);
    let store = Store::open(folder.path(), &config).await.unwrap();
    assert!(store.heights().borrow().genesis);
    assert_eq!(store.genesis().await.unwrap().unwrap(), "genesis");
    assert_eq!(store.states().await.unwrap(), [9, 20]);
    assert_eq!(store.state_part(9, 1).await.unwrap().unwrap(), "b");
    assert_eq!(store.state_part(9, 2).await.unwrap(), None);
    store.delete_state(9).await.unwrap();
    assert_eq!(store.states().await.unwrap(), [20]);
}

#[tokio::test]
async fn a_store_keeps_its_unit_sizes_and_refuses_another_schema() {
    let folder = tempfile::tempdir().unwrap();
    let small = StoreConfig { headers_per_unit: 8, ..StoreConfig::default() };
    drop(Store::open(folder.path(), &small).await.unwrap());
    let store = Store::open(folder.path(), &StoreConfig::default()).await.unwrap();
    assert_eq!(store.headers.per_unit(), 8);
    drop(store);
    let manifest = folder.path().join("chunks").join(manifest::NAME);
    let newer = format!("{{\"schema\":{}}}", manifest::SCHEMA + 1);
    std::fs::write(&manifest, newer).unwrap();
    let error = Store::open(folder.path(), &small).await.err().unwrap();
    assert!(matches!(error, StoreError::Schema { .. }), "{error}");
}

#[tokio::test]
async fn an_unusable_folder_is_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let error = Store::open(&file, &StoreConfig::default()).await.err().unwrap();
    assert!(error.to_string().contains("cannot use"), "{error}");
}
