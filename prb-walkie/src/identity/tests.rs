use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Barrier;

use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use serde_json::Value;

use super::*;

fn vector(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/vectors").join(name)
}

fn described(name: &str) -> Value {
    serde_json::from_slice(&fs::read(vector(name)).unwrap()).unwrap()
}

fn sample() -> Identity {
    Identity::from_file_bytes(&fs::read(vector("identity.bin")).unwrap()).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn reads_a_file_of_version_2() {
    let identity = sample();
    assert_eq!(identity.peer_id().to_string(), described("identity.json")["peerIdB58"]);
    let public_key =
        described("identity.json")["layout"]["field2 pubKey (bytes) = libp2p PublicKey proto"]
            .as_str()
            .map(str::to_owned);
    assert_eq!(Some(hex::encode(identity.public_key())), public_key);
}

#[test]
fn writes_the_same_file_as_version_2() {
    let file = fs::read(vector("identity.bin")).unwrap();
    assert_eq!(*format::encode(&sample()).unwrap(), file);
}

#[test]
fn is_made_once_and_then_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("keys/id");
    let made = Identity::load_or_create(&folder, Name::DataProvider).unwrap();
    let loaded = Identity::load_or_create(&folder, Name::DataProvider).unwrap();
    assert_eq!(made.peer_id(), loaded.peer_id());
    assert!(made.peer_id().to_string().starts_with("Qm"));
    assert_eq!(mode(&folder.join("DATA_PROVIDER")), 0o600);
    assert_eq!(names(&folder), ["DATA_PROVIDER"]);
}

#[test]
fn concurrent_starts_end_with_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let barrier = Barrier::new(4);
    let peers: Vec<PeerId> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    Identity::load_or_create(folder.path(), Name::Lifecycle).unwrap()
                })
            })
            .collect();
        starts.into_iter().map(|start| start.join().unwrap().peer_id().clone()).collect()
    });
    let kept = Identity::load(folder.path(), Name::Lifecycle).unwrap();
    assert!(peers.iter().all(|peer| peer == kept.peer_id()), "{peers:?}");
    assert_eq!(names(folder.path()), ["LIFECYCLE"]);
}

#[test]
fn a_loser_loads_the_winners_key() {
    let folder = tempfile::tempdir().unwrap();
    let winner = file::create(folder.path(), Name::Lifecycle).unwrap();
    let loser = file::create(folder.path(), Name::Lifecycle).unwrap();
    assert_eq!(winner.peer_id(), loser.peer_id());
}

#[test]
fn a_file_others_can_read_is_made_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("TRADE");
    fs::copy(vector("identity.bin"), &path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    Identity::load_or_create(folder.path(), Name::Trade).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_backup_restores_the_same_identity_and_never_over_another() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let made = Identity::load_or_create(folder.path(), Name::Lifecycle).unwrap();
    let sealed = made.seal("pool:2", b"//Alice");
    let backup = made.to_file_bytes().unwrap();
    assert_eq!(fs::read(folder.path().join("LIFECYCLE")).unwrap(), *backup);

    for _ in 0..2 {
        let restored = Identity::restore(elsewhere.path(), Name::Lifecycle, &backup).unwrap();
        assert_eq!(restored.peer_id(), made.peer_id());
        assert_eq!(*restored.open("pool:2", &sealed).unwrap(), b"//Alice");
    }
    let path = elsewhere.path().join("LIFECYCLE");
    assert_eq!((mode(&path), names(elsewhere.path())), (0o600, vec!["LIFECYCLE".to_owned()]));

    let other = sample().to_file_bytes().unwrap();
    let error = Identity::restore(elsewhere.path(), Name::Lifecycle, &other).unwrap_err();
    assert!(matches!(error, IdentityError::Another { .. }), "{error}");
    assert!(error.to_string().contains(&made.peer_id().to_string()), "{error}");
    assert_eq!(fs::read(&path).unwrap(), *backup);

    let damaged = Identity::restore(elsewhere.path(), Name::Trade, &backup[..700]).unwrap_err();
    assert!(matches!(damaged, IdentityError::Malformed { .. }), "{damaged}");
    assert!(!elsewhere.path().join("TRADE").exists());
}

#[test]
fn loading_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let error = Identity::load(folder.path(), Name::Lifecycle).unwrap_err();
    assert!(matches!(error, IdentityError::Missing { .. }), "{error}");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn damaged_files_are_errors_and_stay() {
    let good = fs::read(vector("identity.bin")).unwrap();
    let private_key = good.windows(4).position(|four| four == [0x1a, 0xac, 0x09, 0x08]).unwrap();
    let ed25519 = {
        let mut file = good.clone();
        file[private_key + 4] = 1;
        file
    };
    let other_id = {
        let mut file = good.clone();
        file[10] ^= 1;
        file
    };
    let other_public_key = {
        let mut file = good.clone();
        file[200] ^= 1;
        file
    };
    let cases = [
        (Vec::new(), "it is empty"),
        (good[..700].to_vec(), "is damaged: failed to decode"),
        (good[..private_key].to_vec(), "no private key"),
        (ed25519, "type Ed25519, only RSA"),
        (other_id, "peer id"),
        (other_public_key, "public key"),
        (vec![0x55; 70_000], "too long"),
        (b"not an identity".to_vec(), "damaged"),
    ];
    for (bytes, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LIFECYCLE");
        fs::write(&path, &bytes).unwrap();
        let error = Identity::load_or_create(folder.path(), Name::Lifecycle).unwrap_err();
        assert!(matches!(error, IdentityError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_folder_in_the_files_place_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("LIFECYCLE")).unwrap();
    let error = Identity::load_or_create(folder.path(), Name::Lifecycle).unwrap_err();
    assert!(error.to_string().contains("not a file"), "{error}");
}

#[test]
fn signatures_verify_under_the_public_key() {
    let identity = sample();
    let spki = &identity.public_key()[5..];
    let verifier = VerifyingKey::<Sha256>::new(RsaPublicKey::from_public_key_der(spki).unwrap());
    let signature = Signature::try_from(identity.sign(b"hello").as_slice()).unwrap();
    verifier.verify(b"hello", &signature).unwrap();
    assert!(verifier.verify(b"hallo", &signature).is_err());
}

#[test]
fn sealed_secrets_open_for_their_purpose_alone() {
    let identity = sample();
    let sealed = identity.seal("pool:2", b"//Alice");
    assert_ne!(sealed, identity.seal("pool:2", b"//Alice"), "a nonce is used once");
    assert_eq!(*identity.open("pool:2", &sealed).unwrap(), b"//Alice");
    let refused = [
        identity.open("pool:20", &sealed),
        identity.open("", &sealed),
        Identity::generate().unwrap().open("pool:2", &sealed),
    ];
    for result in refused {
        assert!(matches!(result, Err(OpenError::Refused { .. })), "{result:?}");
    }
}

#[test]
fn an_altered_secret_does_not_open() {
    let identity = sample();
    let sealed = identity.seal("pool:2", b"//Alice");
    for index in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[index] ^= 1;
        assert!(identity.open("pool:2", &altered).is_err(), "byte {index}");
        assert!(identity.open("pool:2", &sealed[..index]).is_err(), "cut at {index}");
    }
}

#[test]
fn opens_operators_of_version_2() {
    let expected = described("enc_pool_operator.json");
    let sealed = fs::read(vector("enc_pool_operator.bin")).unwrap();
    let pair = sample().open_v2_operator(&sealed).unwrap();
    assert_eq!(pair.address(), expected["ss58Format30"]);
    assert_eq!(format!("0x{}", hex::encode(pair.public_key())), expected["publicKey"]);
    let encoded = expected["keyringEncoded"]["hex"].as_str().unwrap();
    assert_eq!(hex::encode(pair.secret()), encoded[32..160]);
    assert_eq!(legacy::encoded_again(&sealed), sealed);
}

#[test]
fn altered_operators_of_version_2_are_errors() {
    let identity = sample();
    let sealed = fs::read(vector("enc_pool_operator.bin")).unwrap();
    // Within the wrapped key; the last block, which holds the padding.
    for index in [100, sealed.len() - 1] {
        let mut altered = sealed.clone();
        altered[index] ^= 1;
        assert!(identity.open_v2_operator(&altered).is_err(), "byte {index}");
    }
    assert!(Identity::generate().unwrap().open_v2_operator(&sealed).is_err());
    assert!(identity.open_v2_operator(b"").is_err());
}

#[test]
fn keys_differ_by_purpose_and_identity() {
    let identity = sample();
    assert_eq!(identity.mac_key("job"), sample().mac_key("job"));
    assert_ne!(identity.mac_key("job"), identity.mac_key("grant"));
    assert_ne!(identity.mac_key("job"), Identity::generate().unwrap().mac_key("job"));
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", sample());
    assert_eq!(shown, "Identity { peer_id: QmdL5Lf8LGKVkRagNpCJ8pFs3j8GZDR5RBE2zdJkvQq281, .. }");
}
