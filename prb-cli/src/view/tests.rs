use super::*;

fn worker(name: &str, state: State, blocks: u32, message: &str) -> Worker {
    let name = name.to_owned();
    let message = message.to_owned();
    let (relay, para, blocks) = (Some(blocks + 20), Some(blocks), Some(blocks));
    Worker { name, state, relay, para, blocks, message }
}

fn sample() -> View {
    View {
        elapsed: Duration::from_millis(12_340),
        notes: vec!["relay chain ws://127.0.0.1:9945, parachain ws://127.0.0.1:9944".into()],
        relay: Heights { best: 224, finalized: 222 },
        para: Heights { best: 201, finalized: 200 },
        provider: Some(Provider { relay: 222, para: 200, problem: String::new() }),
        workers: vec![
            worker("worker-1", State::Computing, 200, "started with 1000 PHA"),
            worker("worker-2", State::Syncing, 110, "block 110 of 200"),
            worker("worker-3", State::Failing, 0, "connection\nrefused\u{1b}[31m"),
        ],
    }
}

fn at(seconds: u64, workers: Vec<Worker>) -> View {
    View { elapsed: Duration::from_secs(seconds), workers, ..sample() }
}

#[test]
fn the_screen() {
    let expected = "\
relay chain ws://127.0.0.1:9945, parachain ws://127.0.0.1:9944
    12s · computing 1/3 · relay 224 (final 222) · para 201 (final 200) · stored relay 222 para 200

worker-1  computing  ████████████████     200/200     relay     220  started with 1000 PHA
worker-2  syncing    ████████░░░░░░░░     110/200     relay     130  block 110 of 200
worker-3  failing    ░░░░░░░░░░░░░░░░       0/200     relay      20  connection refused [31m";
    assert_eq!(screen::render(&sample(), 120, 40).join("\n"), expected);
}

#[test]
fn a_screen_is_never_larger_than_its_terminal() {
    let mut view = sample();
    view.workers = (0..50).map(|n| worker(&format!("w{n}"), State::Computing, n, "é")).collect();
    view.workers.push(worker("last", State::Failing, 0, "in trouble"));
    for rows in 1..60 {
        for width in [20, 40, 80] {
            let lines = screen::render(&view, width, rows);
            assert!(lines.len() <= rows, "{rows} rows");
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{width} columns");
        }
    }
    let lines = screen::render(&view, 80, 20).join("\n");
    assert!(lines.contains("last") && lines.contains("… and 36 more"), "{lines}");
}

#[test]
fn the_first_view_tells_everything() {
    let elapsed = sample().elapsed;
    let lines: Vec<_> =
        changes(&View::default(), &sample()).iter().map(|c| text::human(elapsed, c)).collect();
    let expected =
        "   12.3s prb        relay chain ws://127.0.0.1:9945, parachain ws://127.0.0.1:9944
   12.3s chain      relay 224 (final 222) · para 201 (final 200) · stored relay 222 para 200
   12.3s worker-1   computing  relay 220/222 para 200/200 blocks 200/200 · started with 1000 PHA
   12.3s worker-2   syncing    relay 130/222 para 110/200 blocks 110/200 · block 110 of 200
   12.3s worker-3   failing    relay 20/222 para 0/200 blocks 0/200 · connection refused [31m";
    assert_eq!(lines.join("\n"), expected);
}

#[test]
fn json_lines() {
    let elapsed = sample().elapsed;
    let lines: Vec<_> =
        changes(&View::default(), &sample()).iter().map(|c| text::json(elapsed, c)).collect();
    assert_eq!(
        lines[1],
        r#"{"t":12.34,"event":"chain","relay":{"best":224,"finalized":222},"para":{"best":201,"finalized":200},"provider":{"relay":222,"para":200}}"#
    );
    assert!(lines[2].contains(r#""event":"worker","name":"worker-1","state":"computing""#));
    assert!(lines.iter().all(|line| !line.contains('\n')));
}

#[test]
fn nothing_new_is_nothing_to_tell() {
    assert_eq!(changes(&sample(), &sample()), []);
    let mut grown = sample();
    grown.para.finalized += 1;
    grown.workers[0].blocks = Some(201);
    grown.workers[1].message = "block 111 of 201".into();
    assert_eq!(changes(&sample(), &grown), []);
}

#[test]
fn a_problem_of_the_data_provider_is_told_when_it_comes_and_goes() {
    let mut troubled = sample();
    troubled.provider.as_mut().unwrap().problem = "relay: refused".into();
    let came = changes(&sample(), &troubled);
    assert_eq!(came.len(), 1);
    let line = text::human(Duration::ZERO, &came[0]);
    assert!(line.ends_with("stored relay 222 para 200 · relay: refused"), "{line}");
    assert_eq!(changes(&troubled, &troubled), []);
    assert_eq!(changes(&troubled, &sample()).len(), 1);
}

#[test]
fn states_messages_and_tenths_of_the_way_are_told() {
    let tell =
        |before: Worker, after: Worker| changes(&at(1, vec![before]), &at(2, vec![after])).len();
    let syncing = |blocks| worker("w", State::Syncing, blocks, "");
    assert_eq!(tell(syncing(21), syncing(39)), 0);
    assert_eq!(tell(syncing(39), syncing(40)), 1);
    assert_eq!(tell(syncing(39), worker("w", State::Failing, 39, "")), 1);
    assert_eq!(tell(syncing(39), worker("w", State::Syncing, 39, "slow")), 1);
}

#[test]
fn computing_is_told_once_all_do() {
    let computing = |n| worker(&format!("w{n}"), State::Computing, 200, "");
    let some = at(1, vec![computing(1), worker("w2", State::Preparing, 200, "")]);
    let all = at(2, vec![computing(1), computing(2)]);
    assert!(changes(&some, &all).contains(&Change::Computing { workers: 2 }));
    assert!(!changes(&all, &all).iter().any(|c| matches!(c, Change::Computing { .. })));
    assert_eq!(some.why_not_computing().len(), 1);
    assert!(!View::default().all_computing());
    assert_eq!(View::default().why_not_computing(), ["no worker was started"]);
}
