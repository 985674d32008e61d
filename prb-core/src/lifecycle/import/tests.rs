use prb_walkie::identity::Identity;
use prb_walkie::proto::db;

use super::*;
use crate::lifecycle::Field;

const PHRASE: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
const ADDRESS: &str = "42DnB4uneK6bURXJeXgMdWYyUah9tSaviM2ijedZXxsPTQWY";
const WORKERS: &str = "\u{feff}name, pid, endpoint, stake, gatekeeper, Sync_Only\n\
                       w1, 2, http://10.0.0.1:8000, 4000PHA,,\n\
                       \"w, 2\", 7, http://10.0.0.2:8000/, 7, yes, 0\n";

fn pool_lines() -> String {
    format!("name,pid,owner,proxied,enabled\ntest2,2,{PHRASE},{ADDRESS},\nb,7,{PHRASE},,no\n")
}

/// What an inventory tells that has taken in those lines.
fn present() -> (Vec<db::Pool>, Vec<db::Worker>) {
    let mut pools = pools(&pools_from_csv(&pool_lines(), None).unwrap(), &[]).unwrap().create;
    for pool in &mut pools {
        let owner = pool.owner.as_mut().unwrap();
        (owner.mnemonic, owner.ss58_phala) = (String::new(), ADDRESS.to_owned());
        pool.uuid = format!("uuid of {}", pool.pid);
    }
    let wanted = workers_from_csv(WORKERS).unwrap();
    let mut workers = workers(&wanted, &[], &pools).unwrap().create;
    for worker in &mut workers {
        worker.uuid = format!("uuid of {}", worker.name);
    }
    (pools, workers)
}

#[test]
fn an_inventory_that_has_it_all_lacks_nothing() {
    let (present_pools, present_workers) = present();
    assert_eq!(present_pools[0].real_phala_ss58, ADDRESS);
    assert!(present_pools[0].enabled && !present_pools[1].enabled);
    let again = pools(&pools_from_csv(&pool_lines(), None).unwrap(), &present_pools).unwrap();
    assert!(again.is_empty() && again.unchanged == 2, "{again:?}");
    assert_eq!(present_workers[0].stake, "4000000000000000");
    assert_eq!(present_workers[1].name, "w, 2");
    assert!(present_workers[1].gatekeeper && !present_workers[1].sync_only);
    let wanted = workers_from_csv(WORKERS).unwrap();
    let again = workers(&wanted, &present_workers, &present_pools).unwrap();
    assert!(again.is_empty() && again.unchanged == 2, "{again:?}");
}

#[test]
fn what_differs_is_named_from_and_to() {
    let (present_pools, present_workers) = present();
    let lines = "pid,name,owner,enabled\n2,main,//Alice,true\n9,new,//Bob,\n";
    let difference = pools(&pools_from_csv(lines, None).unwrap(), &present_pools).unwrap();
    assert_eq!(difference.create.len(), 1);
    let update = &difference.update[0];
    assert_eq!((update.uuid.as_str(), update.name.as_str()), ("uuid of 2", "test2"));
    let fields: Vec<_> = update.changes.iter().map(|it| (it.field, it.from.as_str())).collect();
    let expected =
        [(Field::Name, "test2"), (Field::Owner, ADDRESS), (Field::RealPhalaSs58, ADDRESS)];
    assert_eq!(fields, expected);
    assert!(!format!("{:?}", update.changes).contains("Alice"));

    // One whose name is new is the one that is at that address already.
    let lines = "name,pid,endpoint,stake\nrenamed,2,http://10.0.0.1:8000,4000PHA\n";
    let wanted = workers_from_csv(lines).unwrap();
    let difference = workers(&wanted, &present_workers, &present_pools).unwrap();
    assert_eq!(difference.update[0].uuid, "uuid of w1");
    let [change] = difference.update[0].changes.as_slice() else { panic!("{difference:?}") };
    assert_eq!((change.from.as_str(), change.to.as_str()), ("w1", "renamed"));
}

#[test]
fn the_requests_of_version_2_are_taken_as_they_are() {
    let body = format!(
        r#"{{ "pools": [{{ "pid": 2, "name": "test2", "owner": {{ "mnemonic": "{PHRASE}" }},
             "enabled": true, "realPhalaSs58": "{ADDRESS}", "uuid": "ignored", "other": [1] }}] }}"#
    );
    let wanted = pools_from_json(&body, None).unwrap();
    assert!(wanted[0].enabled && !wanted[0].sync_only);
    assert!(pools(&wanted, &present().0).unwrap().is_empty());
    let body = r#"{ "workers": [{ "pid": "2", "name": "w1", "endpoint": "http://10.0.0.1:8000",
                    "enabled": true, "stake": "4000000000000000" }] }"#;
    let wanted = workers_from_json(body).unwrap();
    let (present_pools, present_workers) = present();
    assert!(workers(&wanted, &present_workers, &present_pools).unwrap().is_empty());
    // What the body does not enable is not enabled.
    let wanted = workers_from_json(&body.replace("true", "null")).unwrap();
    assert!(!wanted[0].enabled);
}

#[test]
fn owners_that_version_2_sealed_open_with_its_identity() {
    let identity = include_bytes!("../../../../tests/fixtures/vectors/identity.bin");
    let identity = Identity::from_file_bytes(identity).unwrap();
    let sealed = include_str!("../../../../tests/fixtures/vectors/enc_pool_operator.hex");
    let body = format!(
        r#"[{{ "pid": 2, "name": "test2", "owner": {{ "polkadotJson": "{}" }} }}]"#,
        sealed.trim()
    );
    let wanted = pools_from_json(&body, Some(&identity)).unwrap();
    let account = wanted[0].owner.as_ref().unwrap().account();
    assert_eq!(account, ADDRESS.parse().unwrap());
    let error = pools_from_json(&body, None).unwrap_err();
    assert!(error.to_string().contains("item 1: owner: it is sealed"), "{error}");
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_shows_no_secret() {
    let cases = [
        ("pid,name,owner\n2,a,bottom drive\n", "line 2: owner: neither a mnemonic"),
        ("pid,name,owner\nx,a,//Alice\n", "line 2: pid: \"x\""),
        ("pid,name,owner\n,a,//Alice\n", "line 2: pid: missing"),
        ("pid,name,owner\n2,a,//Alice\n2,b,//Alice\n", "line 3: pid: \"2\" is in line 2 already"),
        ("pid,name\n2,a\n", "line 2: owner: missing"),
        ("pid,name,owner,enabled\n2,a,//Alice,maybe\n", "line 2: enabled: \"maybe\""),
        ("pid,name,owner,proxied\n2,a,//Alice,5G\n", "line 2: realPhalaSs58: \"5G\""),
        ("pid,name,onwer\n2,a,//Alice\n", "there is no column \"onwer\""),
        ("pid,name,owner\n2,a,//Alice,bottom\n", "line 2 is no CSV line like the first"),
    ];
    for (lines, expected) in cases {
        let read = pools_from_csv(lines, None).and_then(|wanted| pools(&wanted, &[]));
        let error = read.unwrap_err().to_string();
        assert!(error.contains(expected), "{lines}: {error}");
        assert!(!error.contains("bottom") && !error.contains("Alice"), "{error}");
    }
    let cases = [
        (r#"{"pools": [{"pid": 1, "owner": {"mnemonic": "bottom"#, "no JSON from line 1 on"),
        (r#"{"pools": "bottom"}"#, "there is no list \"pools\""),
        (r#"["bottom"]"#, "item 1 is no JSON object"),
        (r#"[{"pid":1,"name":"a","owner":{"mnemonic":["bottom"]}}]"#, "item 1: owner: mnemonic"),
        (r#"[{"pid":1,"name":"a","owner":{"mnemonic":"bottom"}}]"#, "item 1: owner: neither"),
    ];
    for (text, expected) in cases {
        let error = pools_from_json(text, None).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!error.contains("bottom"), "{error}");
    }
    let (present_pools, _) = present();
    for (line, expected) in [
        ("w,3,http://a:1,1", "line 2: pid: no pool 3 is configured"),
        ("w,2,ftp://a,1", "line 2: endpoint:"),
        ("w,2,http://a:1,", "line 2: stake: missing"),
        ("w,2,http://a:1,4KSM", "line 2: stake: \"4KSM\""),
        ("w,2,http://a:1,1\nv,2,http://a:1/,1", "line 3: endpoint: \"http://a:1"),
    ] {
        let read = workers_from_csv(&format!("name,pid,endpoint,stake\n{line}\n"));
        let error = read.and_then(|wanted| workers(&wanted, &[], &present_pools)).unwrap_err();
        assert!(error.to_string().contains(expected), "{line}: {error}");
    }
}
