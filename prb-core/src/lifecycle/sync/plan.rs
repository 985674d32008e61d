//! What to send to a worker next, given how far it has come and what is at hand.
//!
//! A worker follows the relay chain by headers, each run closed by a justification. The relay
//! chain's state proves parachain headers, and those prove the parachain's storage changes. Each
//! step may lag behind the one before it, so the worker has three counters, each naming the
//! *next* number it wants.

/// The next numbers that a worker wants.
///
/// None is a bound of another: a fresh worker wants block 1 before it has parachain header 0, and
/// after a restart all of them may have gone back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Counters {
    /// Relay chain header.
    pub(crate) relay: u32,
    /// Parachain header.
    pub(crate) para: u32,
    /// Parachain block, that is its storage changes.
    pub(crate) block: u32,
    /// A relay state root waits to prove parachain headers. Workers of 0.2.x do not tell, and are
    /// taken at their best: a root that proved headers up to a head would have moved `para` past it.
    pub(crate) root_waiting: bool,
    /// It takes the full state of a later block in place of the genesis'. Not any more once it was
    /// sent a relay header.
    pub(crate) takes_state: bool,
}

/// What is known of a stored run of relay headers whose last one is justified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// First relay block.
    pub(crate) from: u32,
    /// Last relay block.
    pub(crate) to: u32,
    /// The authority set changes at `to`: nothing may follow in the same request.
    pub(crate) changes_set: bool,
    /// Parachain block that the relay state at `to` commits to. Its proof and the headers up to
    /// it are at hand as soon as the segment is.
    pub(crate) para_head: Option<u32>,
    /// Size of its headers, without inner justifications.
    pub(crate) bytes: usize,
}

/// What is at hand for a worker.
#[derive(Clone, Debug, Default)]
pub(crate) struct Available {
    /// Parachain blocks whose full states the worker may be given.
    pub(crate) states: Vec<u32>,
    /// The first parachain block whose state knows the worker; none if none does.
    pub(crate) known_at: Option<u32>,
    /// The segment that ends just before the relay header wanted, if there is one that does.
    pub(crate) standing: Option<Segment>,
    /// Segments, the first of which holds the relay header wanted. A provider merges segments of
    /// a closed period, so a later one may reach back over those before it.
    pub(crate) segments: Vec<Segment>,
    /// Sizes of the parachain blocks from the one wanted on.
    pub(crate) block_bytes: Vec<usize>,
}

/// Bounds of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// A request that can be made smaller stays below this many bytes. Workers refuse 100 MiB.
    pub(crate) bytes: usize,
    /// Most parachain blocks in one request; a heavy one takes a worker many seconds.
    pub(crate) blocks: u32,
    /// Most relay segments joined in one request.
    pub(crate) segments: usize,
    /// Relay segments at the tip that prove no parachain header are held back for the next one
    /// that does, up to this many.
    pub(crate) held: usize,
    /// Most parachain headers that may be due at once; a run of headers cannot be cut.
    pub(crate) para_headers: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 32 << 20, blocks: 16, segments: 128, held: 8, para_headers: 200_000 }
    }
}

/// One request. Equal requests have equal bytes, whoever they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Request {
    /// Whole relay segments.
    Relay {
        /// First header; the worker drops those it has.
        from: u32,
        /// Last header, justified.
        to: u32,
    },
    /// Whole relay segments and the parachain headers proven at their end.
    Combined {
        /// The relay headers.
        relay: Run,
        /// The parachain headers.
        para: Run,
    },
    /// Parachain headers proven by the relay state that the worker holds.
    Para {
        /// The relay block whose state proves them.
        at: u32,
        /// The parachain headers.
        run: Run,
    },
    /// Storage changes.
    Blocks(Run),
}

/// Consecutive numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Run {
    /// First.
    pub(crate) from: u32,
    /// Last.
    pub(crate) to: u32,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Give it the full state of this parachain block to begin with.
    Load(u32),
    /// Send this.
    Send(Request),
    /// Nothing can be sent before more is at hand.
    Need(Need),
    /// No request can take the worker on.
    Stuck(Stuck),
}

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The relay segment with this block. A worker for which it does not exist yet is at the tip,
    /// but for headers that are held back.
    Segment(u32),
    /// This parachain block's storage changes.
    Block(u32),
}

/// Why a worker cannot be taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stuck {
    /// A run of parachain headers cannot be cut, as only its last one is proven.
    #[error(
        "{due} parachain headers are due at once from {from}, more than the {limit} a request may \
         have: start the worker anew"
    )]
    TooManyParaHeaders {
        /// First one due.
        from: u32,
        /// How many.
        due: u32,
        /// Most allowed.
        limit: u32,
    },
}

/// Decides what to send next.
///
/// A fresh worker begins with a later state than the genesis' where it can: then it executes only
/// the blocks after that. Otherwise blocks first, as a worker that stopped half-way has headers of blocks it has not executed;
/// then parachain headers that the waiting relay state proves; then relay headers. Relay and
/// parachain headers go together in one call where both are due: at the tip that saves a round
/// trip per block. Its relay part stays if its parachain part fails, and then the separate call
/// follows.
pub(crate) fn plan(counters: Counters, available: &Available, limits: &Limits) -> Plan {
    if let Some(number) = start_state(counters, available) {
        return Plan::Load(number);
    }
    if counters.block < counters.para {
        return blocks(counters, available, limits);
    }
    if let Some(request) = standing_headers(counters, available, limits) {
        return request;
    }
    relay_headers(counters, available, limits)
}

/// The newest state that does not know the worker yet: no other is taken.
fn start_state(counters: Counters, available: &Available) -> Option<u32> {
    if !counters.takes_state || counters.para > 1 || counters.block > 1 {
        return None;
    }
    let known_at = available.known_at.unwrap_or(u32::MAX);
    available.states.iter().copied().filter(|number| (1..known_at).contains(number)).max()
}

fn blocks(counters: Counters, available: &Available, limits: &Limits) -> Plan {
    // Runs end at multiples of the limit, so that workers at different heights soon share them.
    let aligned = (counters.block / limits.blocks + 1).saturating_mul(limits.blocks);
    let wanted = aligned.min(counters.para) - counters.block;
    let mut bytes = 0;
    let mut count = 0;
    for size in available.block_bytes.iter().take(wanted as usize) {
        bytes += size;
        if count > 0 && bytes > limits.bytes {
            break;
        }
        count += 1;
    }
    match count {
        0 => Plan::Need(Need::Block(counters.block)),
        _ => Plan::Send(Request::Blocks(Run {
            from: counters.block,
            to: counters.block + (count - 1),
        })),
    }
}

fn standing_headers(counters: Counters, available: &Available, limits: &Limits) -> Option<Plan> {
    let standing = available.standing.filter(|_| counters.root_waiting)?;
    let run = due_headers(counters, &standing, limits)?;
    Some(match run {
        Ok(run) => Plan::Send(Request::Para { at: standing.to, run }),
        Err(stuck) => Plan::Stuck(stuck),
    })
}

fn relay_headers(counters: Counters, available: &Available, limits: &Limits) -> Plan {
    let joined = join(&available.segments, counters, limits);
    let Some((first, last)) = joined.first().zip(joined.last()) else {
        return Plan::Need(Need::Segment(counters.relay));
    };
    let relay = Run { from: first.from, to: last.to };
    match due_headers(counters, last, limits) {
        Some(Ok(para)) => Plan::Send(Request::Combined { relay, para }),
        Some(Err(stuck)) => Plan::Stuck(stuck),
        None if is_held(&available.segments, joined, limits) => {
            Plan::Need(Need::Segment(last.to.saturating_add(1)))
        }
        None => Plan::Send(Request::Relay { from: relay.from, to: relay.to }),
    }
}

/// Whether relay headers that prove nothing new can wait for those that will.
///
/// They take no worker on, and joined with later ones they need no justification of their own,
/// which is nearly all of their bytes on a chain with many authorities.
fn is_held(segments: &[Segment], joined: &[Segment], limits: &Limits) -> bool {
    let bytes: usize = joined.iter().map(|segment| segment.bytes).sum();
    joined.len() == segments.len()
        && joined.len() < limits.held
        && bytes <= limits.bytes
        && joined.last().is_some_and(|last| !last.changes_set)
}

/// As many segments as fit, up to a change of the set. Only the last justification is ever looked
/// at, so a worker that joins late in a period takes hundreds of segments in one call.
fn join<'a>(segments: &'a [Segment], counters: Counters, limits: &Limits) -> &'a [Segment] {
    let (mut bytes, mut fitting) = (0, 0);
    let mut end: Option<u32> = None;
    for segment in segments.iter().take(limits.segments) {
        bytes += segment.bytes;
        let too_much = bytes > limits.bytes
            || segment
                .para_head
                .is_some_and(|head| head.saturating_sub(counters.para) >= limits.para_headers);
        if end.is_some_and(|end| too_much || segment.from != end.saturating_add(1)) {
            break;
        }
        end = Some(segment.to);
        fitting += 1;
        if segment.changes_set {
            break;
        }
    }
    &segments[..fitting]
}

/// The parachain headers that the relay state at the end of `segment` proves and the worker lacks.
fn due_headers(
    counters: Counters,
    segment: &Segment,
    limits: &Limits,
) -> Option<Result<Run, Stuck>> {
    let head = segment.para_head.filter(|head| *head >= counters.para)?;
    let due = (head - counters.para).saturating_add(1);
    if due > limits.para_headers {
        let (from, limit) = (counters.para, limits.para_headers);
        return Some(Err(Stuck::TooManyParaHeaders { from, due, limit }));
    }
    Some(Ok(Run { from: counters.para, to: head }))
}
