//! A day of a project in fake time: exports as the controller handles them, and a server that
//! counts each query from its start.

use std::collections::{BTreeMap, VecDeque};

use super::*;

const DAY: u64 = 24 * 3600;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One export in the eyes of its controller.
struct Export {
    interval: u64,
    phase: u64,
    /// Queries that each run takes, and whether it ends well.
    queries: u32,
    fails: bool,
    /// Asks for its interval; otherwise only now and then.
    demands: bool,
    /// When its runs started.
    starts: Vec<Instant>,
    /// When it is looked at next.
    look: Option<Instant>,
    /// Since when its next run is due, once it is.
    due: Instant,
    /// When its run ends; a run whose query was sent counts it until then.
    running: Option<(Instant, u64)>,
    present: bool,
}

struct World {
    hour: Hour,
    start: Instant,
    now: Instant,
    exports: BTreeMap<String, Export>,
    /// Starts of all queries, as the server counts them.
    server: VecDeque<Instant>,
    server_limit: Option<u32>,
    share: u32,
    runs: u64,
    run_seconds: u64,
    /// Who was granted a turn at this moment, with the time that it waited from.
    granted: Vec<(String, Instant)>,
}

impl World {
    /// Exports of these intervals in minutes, all created at once.
    fn new(minutes: &[u64], share: u32, run_seconds: u64) -> Self {
        let start = Instant::now() + secs(2 * DAY);
        let export = |(n, minutes): (usize, &u64)| {
            let interval = minutes * 60;
            let export = Export {
                interval,
                phase: (n as u64).wrapping_mul(2_654_435_761) % interval,
                queries: 1,
                fails: false,
                demands: true,
                starts: Vec::new(),
                look: Some(start),
                due: start,
                running: None,
                present: true,
            };
            (format!("export-{n:03}"), export)
        };
        let mut world = Self {
            hour: Hour::default(),
            start,
            now: start,
            exports: minutes.iter().enumerate().map(export).collect(),
            server: VecDeque::new(),
            server_limit: None,
            share,
            runs: 0,
            run_seconds,
            granted: Vec::new(),
        };
        world.begin();
        world
    }

    /// A controller begins: connectors and exports are as their statuses say.
    fn begin(&mut self) {
        self.hour.join("connector", self.share);
        for (key, export) in self.exports.iter_mut().filter(|(_, e)| e.present) {
            let demand = (key.as_str(), secs(export.interval));
            self.hour.demand(key, export.demands.then_some(demand));
            if export.running.take().is_some() {
                // Its claim is there: it is resumed.
                export.due = *export.starts.last().unwrap();
                export.look = Some(self.now);
            }
            export.look = export.look.map(|_| self.now.max(export.due));
        }
    }

    /// The controller is killed; another one has what was kept.
    fn restart(&mut self) {
        let record = self.hour.ledger.record(self.now);
        self.hour = Hour::default();
        self.hour.ledger.restore(record, self.now);
        self.begin();
    }

    fn remove(&mut self, key: &str) {
        self.hour.retire(key);
        let export = self.exports.get_mut(key).unwrap();
        (export.present, export.look) = (false, None);
    }

    /// Runs until this second.
    fn until(&mut self, second: u64) {
        let end = self.start + secs(second);
        loop {
            self.moment();
            let (_, wake) = self.hour.call(self.now);
            let looks = self.exports.values().filter_map(|e| e.look);
            let ends = self.exports.values().filter_map(|e| Some(e.running?.0));
            let next = looks
                .chain(ends)
                .chain(wake)
                .filter(|t| *t > self.now)
                .min();
            match next {
                Some(next) if next < end => self.now = next,
                _ => break,
            }
        }
        self.now = end;
    }

    /// All that happens at this moment.
    fn moment(&mut self) {
        self.granted.clear();
        let ended = |e: &Export| e.running.is_some_and(|(end, _)| end <= self.now);
        let keys = |of: Vec<(&String, &Export)>| -> Vec<String> {
            of.into_iter().map(|(key, _)| key.clone()).collect()
        };
        for key in keys(self.exports.iter().filter(|(_, e)| ended(e)).collect()) {
            self.end(&key);
        }
        let due = |e: &Export| e.look.is_some_and(|look| look <= self.now);
        for key in keys(self.exports.iter().filter(|(_, e)| due(e)).collect()) {
            self.look(&key);
        }
        loop {
            let (called, _) = self.hour.call(self.now);
            if called.is_empty() {
                break;
            }
            called.iter().for_each(|key| self.look(key));
        }
        self.fair();
    }

    fn look(&mut self, key: &str) {
        let Some(export) = self.exports.get_mut(key).filter(|e| e.running.is_none()) else {
            return;
        };
        self.runs += 1;
        let last = export.starts.last().copied();
        let ask = Ask {
            key,
            since: export.due,
            last,
            failing: export.fails && last.is_some(),
        };
        let from = match (last, self.hour.stretched(secs(export.interval))) {
            (Some(last), Some(cycle)) => export.due.max(last + cycle),
            _ => export.due,
        };
        match self.hour.ask(&ask, self.runs, self.now) {
            Err(wait) => export.look = Some(self.now + wait),
            Ok(()) => {
                if !ask.failing {
                    self.granted.push((key.to_owned(), from));
                }
                let (queries, run) = (export.queries, self.runs);
                export.starts.push(self.now);
                export.look = None;
                export.running = Some((self.now + secs(self.run_seconds), run));
                for query in 0..queries {
                    let booked = self.hour.book(run, false, self.now);
                    assert!(query > 0 || booked.is_ok(), "the first one is reserved");
                    if booked.is_ok() {
                        self.serve();
                    }
                }
            }
        }
    }

    /// The server counts a query, and may tell its limit.
    fn serve(&mut self) {
        let gone = |t: &Instant| self.now.duration_since(*t) >= WINDOW;
        while self.server.front().is_some_and(gone) {
            self.server.pop_front();
        }
        self.server.push_back(self.now);
        let limit = self.hour.limit();
        assert!(
            self.server.len() as u32 <= limit,
            "{} of {limit}",
            self.server.len()
        );
        if let Some(limit) = self.server_limit {
            self.hour.learn(limit);
        }
    }

    fn end(&mut self, key: &str) {
        let export = self.exports.get_mut(key).unwrap();
        let (_, run) = export.running.take().unwrap();
        for _ in 0..export.queries {
            self.hour.ledger.settle(true, self.now);
        }
        self.hour.end_turn(run, self.now);
        if !export.present {
            return;
        }
        let started = *export.starts.last().unwrap();
        export.due = match export.fails {
            true => self.now + secs(export.interval.min(900)),
            false => {
                let after = (started + secs(export.interval) / 2).max(self.now);
                let second = (after - self.start).as_secs() + 1;
                let interval = export.interval;
                let wait = (export.phase + interval - second % interval) % interval;
                self.start + secs(second + wait)
            }
        };
        export.look = Some(export.due);
    }

    /// Nobody who was due before one that began now waits still, but for a failing one.
    fn fair(&self) {
        let Some(latest) = self.granted.iter().map(|(_, from)| *from).max() else {
            return;
        };
        for (key, export) in &self.exports {
            let waits = export.running.is_none() && export.present && export.due <= self.now;
            let last = export.starts.last();
            let from = match (last, self.hour.stretched(secs(export.interval))) {
                (Some(last), Some(cycle)) => export.due.max(*last + cycle),
                _ => export.due,
            };
            let passed = waits && !export.fails && from < latest;
            assert!(!passed, "{key} was passed over for {:?}", self.granted);
        }
    }

    /// The longest time between two starts of any healthy export, in seconds, from this second on.
    fn longest(&self, key: &str, from: u64) -> u64 {
        let from = self.start + secs(from);
        let starts = &self.exports[key].starts;
        let mut all = starts.clone();
        all.push(self.now);
        let gaps = all.windows(2).filter(|pair| pair[0] >= from);
        gaps.map(|pair| (pair[1] - pair[0]).as_secs())
            .max()
            .unwrap_or(u64::MAX)
    }
}

#[test]
fn forty_exports_share_a_day_evenly_from_the_first_minute() {
    let mut world = World::new(&[15; 40], 48, 20);
    world.until(DAY);
    let fair = 50 * 60;
    for (key, export) in &world.exports {
        let first = (export.starts[0] - world.start).as_secs();
        assert!(first <= fair, "{key} waits {first} s for its first run");
        let longest = world.longest(key, 0);
        assert!(longest <= fair * 11 / 10, "{key} waits {longest} s");
        assert!(export.starts.len() >= 28, "{}", export.starts.len());
    }
    let starts: usize = world.exports.values().map(|e| e.starts.len()).sum();
    assert!(starts >= 48 * 24 * 97 / 100, "used to the last: {starts}");
}

#[test]
fn a_hundred_exports_of_all_kinds_through_restarts_and_a_lower_limit() {
    let minutes: Vec<u64> = (0..100).map(|n| [15, 15, 30, 60, 240][n % 5]).collect();
    let mut world = World::new(&minutes, 48, 45);
    for (n, export) in world.exports.values_mut().enumerate() {
        export.fails = n % 10 == 7;
    }
    world.until(5 * 3600);
    world.restart();
    world.until(8 * 3600);
    // Suspended or deleted in the middle.
    let gone: Vec<_> = world.exports.keys().step_by(9).cloned().collect();
    gone.iter().for_each(|key| world.remove(key));
    world.until(11 * 3600 + 1234);
    world.restart();
    world.until(13 * 3600);
    world.server_limit = Some(40);
    world.until(DAY);
    assert_eq!(world.hour.limit(), 32);
    let fair = world.hour.stretched(secs(60)).unwrap().as_secs();
    for (key, export) in world.exports.iter().filter(|(_, e)| e.present) {
        // A slot soon after a late start is skipped.
        let fair = fair.max(export.interval * 3 / 2);
        let longest = world.longest(key, 17 * 3600);
        assert!(
            longest <= fair * 11 / 10,
            "{key}: {longest} s, fair {fair} s"
        );
        let longest = world.longest(key, 0);
        assert!(longest <= fair * 2, "{key}: {longest} s");
    }
}

#[test]
fn failing_runs_that_take_three_queries_slow_the_others_down_and_starve_none() {
    let mut world = World::new(&[15; 40], 48, 20);
    for export in world.exports.values_mut().take(4) {
        (export.fails, export.queries) = (true, 3);
    }
    world.until(DAY);
    for key in world.exports.keys() {
        // 36 queries and three times four: what the fair cycle can't know.
        let longest = world.longest(key, 3 * 3600);
        assert!(longest <= 60 * 60 * 11 / 10, "{key} waits {longest} s");
    }
}

#[test]
fn below_the_limit_everyone_runs_at_its_slots() {
    let mut world = World::new(&[15; 11], 48, 20);
    world.until(DAY);
    for (key, export) in &world.exports {
        let starts = export.starts.iter().skip(1);
        let late = |t: &Instant| ((*t - world.start).as_secs() + 900 - export.phase) % 900;
        assert!(starts.map(late).all(|late| late < 60), "{key}");
        assert!(export.starts.len() >= 95, "{}", export.starts.len());
    }
}

#[test]
fn claims_without_a_query_cost_the_others_nothing() {
    // Twelve ask as often as the budget has queries; thirty fail each minute without one, such as
    // those whose claim isn't written or whose Secret is absent.
    let minutes: Vec<u64> = (0..42).map(|n| if n < 12 { 15 } else { 1 }).collect();
    let mut world = World::new(&minutes, 48, 2);
    for (n, (key, export)) in world.exports.iter_mut().enumerate().skip(12) {
        (export.queries, export.fails) = (0, true);
        // Of some it is known how often they want to run, of the others it isn't.
        export.demands = n % 10 == 0;
        if !export.demands {
            world.hour.demand(key, None);
        }
    }
    world.until(6 * 3600);
    world.server_limit = Some(40);
    world.until(DAY);
    let fair = world.hour.stretched(secs(60)).unwrap().as_secs();
    for (key, _) in world.exports.iter().take(12) {
        // Until the hour before the lower limit is over, there are queries of that one too many.
        let longest = world.longest(key, 5 * 3600);
        assert!(longest <= fair * 3 / 2, "{key}: {longest} s, fair {fair} s");
        let longest = world.longest(key, 8 * 3600);
        assert!(
            longest <= fair * 11 / 10,
            "{key}: {longest} s, fair {fair} s"
        );
    }
}
