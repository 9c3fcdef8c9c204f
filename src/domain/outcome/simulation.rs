//! Random lives of an export in simulated time: looked at as the controller does, with users,
//! vendors and crashes against it.

use proptest::prelude::*;

use crate::api::SyncType;
use crate::domain::schedule::model::{End, Export, secs, shape};
use crate::domain::schedule::{Due, Why};
use crate::domain::{Failure, Reason, Shape};

#[derive(Clone, Debug)]
enum Step {
    /// Waits this long, and looks.
    Pass(i64),
    /// Waits until the next run is due, and runs it with this end after this long.
    Run(End, i64),
    /// The same, but meanwhile it is suspended.
    Stopped,
    /// The wall clock is set.
    Jump(i64),
    Token(u8),
    Release(bool),
    Shape(u32),
    Spec,
    OneTime(bool),
    Suspended(bool),
    Blocked(Option<Reason>),
    Queued,
    /// The project's budget lets it run once in so many seconds.
    Cycle(i64),
    /// The object is restored without its status, and the state knows it.
    Restored,
}

fn end() -> impl Strategy<Value = End> {
    use Reason::*;
    let reasons = [
        SourceUnavailable,
        DestinationUnavailable,
        RateLimited,
        IncompleteRead,
        RunInterrupted,
        ConnectorNotReady,
        CohortNotFound,
        DestinationRefused,
        StateTooNew,
    ];
    prop_oneof![
        4 => (0..3_i64).prop_map(End::Done),
        3 => (prop::sample::select(reasons.to_vec()), prop::option::of(0..8000_u64))
            .prop_map(|(reason, asked)| End::Failed(reason, asked)),
        2 => (any::<bool>(), 0..=100_i64).prop_map(|(empty, removed)| {
            End::Held(if empty { HeldEmpty } else { HeldShrink }, removed)
        }),
        1 => Just(End::Crash),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let blocked = [
        Reason::ConnectorNotReady,
        Reason::InvalidSpec,
        Reason::SegmentConflict,
    ];
    prop_oneof![
        12 => (end(), 0..4000_i64).prop_map(|(end, length)| Step::Run(end, length)),
        1 => Just(Step::Stopped),
        2 => (0..90_000_i64).prop_map(Step::Pass),
        1 => (-90_000..90_000_i64).prop_map(Step::Jump),
        1 => (0..3_u8).prop_map(Step::Token),
        1 => any::<bool>().prop_map(Step::Release),
        1 => (1..3_u32).prop_map(Step::Shape),
        1 => Just(Step::Spec),
        1 => any::<bool>().prop_map(Step::OneTime),
        2 => any::<bool>().prop_map(Step::Suspended),
        2 => prop::option::of(prop::sample::select(blocked.to_vec())).prop_map(Step::Blocked),
        1 => Just(Step::Queued),
        1 => (0..20_000_i64).prop_map(Step::Cycle),
        1 => Just(Step::Restored),
    ]
}

struct Life {
    export: Export,
    suspended: bool,
    blocked: Option<Reason>,
    /// The shape that a one-time export owes nothing more for, but what a token asks.
    completed: Option<Shape>,
}

impl Life {
    fn live(&mut self, step: &Step) {
        match step {
            Step::Pass(seconds) | Step::Jump(seconds) => self.export.pass(*seconds),
            Step::Token(token) => self.export.token = Some(format!("token {token}")),
            Step::Release(right) => {
                let held = self.export.status.held.as_ref();
                self.export.release = held.filter(|_| *right).map(|held| held.id.clone());
            }
            Step::Shape(number) => {
                self.export.shape = shape(*number);
                self.export.generation += 1;
            }
            Step::Spec => self.export.generation += 1,
            Step::OneTime(once) => {
                self.export.plan.sync_type = match once {
                    true => SyncType::OneTime,
                    false => SyncType::Dynamic,
                };
                self.export.generation += 1;
            }
            Step::Suspended(yes) => {
                self.export.generation += i64::from(self.suspended != *yes);
                self.suspended = *yes;
            }
            Step::Blocked(reason) => self.blocked = *reason,
            Step::Cycle(seconds) => self.export.cycle = Some(secs(*seconds)),
            Step::Run(end, length) => return self.run_next(end, *length),
            Step::Stopped => {
                self.run_next(&End::Stopped, 5);
                self.export.generation += i64::from(!self.suspended);
                self.suspended = true;
            }
            Step::Queued => {
                if matches!(self.why(), Some(Why::First | Why::NewShape)) {
                    let next = self.export.now;
                    self.export
                        .put(|w| w.queued("Waits for the query budget.", Some(next)));
                }
                return;
            }
            Step::Restored => {
                let done = self.completed.is_some();
                self.export.status = Export::new(SyncType::OneTime, 900, 0).status;
                if done && self.export.plan.sync_type == SyncType::OneTime {
                    let token = self.export.token.clone();
                    let run = self.export.shape.run_id("uid", "before");
                    self.export.put(|w| {
                        w.already_exported(Default::default(), Default::default(), run, token)
                    });
                }
                self.completed = None;
            }
        }
        self.look();
        let before = self.export.status.clone();
        self.look();
        assert_eq!(
            self.export.status, before,
            "a second look writes nothing new"
        );
    }

    /// Why a run is due now, if nothing stands in its way.
    fn why(&self) -> Option<Why> {
        let free = !self.suspended && self.blocked.is_none();
        free.then(|| self.export.why()).flatten()
    }

    fn look(&mut self) {
        if self.suspended {
            self.export.put(|w| w.suspended());
        } else if let Some(reason) = self.blocked {
            let failure = Failure::new(reason, "What to do.");
            self.export.put(|w| w.blocked(&failure));
        } else if self.export.why().is_none() {
            self.in_time();
            let frozen = self.export.due() == Due::Never;
            self.export.settle();
            let shape = self.export.shape;
            self.completed = self.completed.or(frozen.then_some(shape));
        }
    }

    /// What is not due now is due later, and not too late.
    fn in_time(&self) {
        if let Due::At(when) = self.export.due() {
            let interval = self.export.plan.interval.as_secs();
            let wait = when.duration_since(self.export.now).as_secs();
            assert!(wait >= 0 && when > self.export.now, "due in the past");
            assert!(wait <= 3601.max(2 * interval), "due in {wait} s");
        }
    }

    fn run_next(&mut self, end: &End, length: i64) {
        self.look();
        if self.suspended || self.blocked.is_some() {
            return;
        }
        let Some(wait) = self.export.wait() else {
            return;
        };
        self.export.pass(wait);
        self.owed();
        let run = self.export.claim();
        self.export.pass(length);
        self.export.end(&run, end);
        let confirming = run.reason == Why::Confirming.as_str();
        match end {
            End::Done(_) => {
                let once = self.export.plan.sync_type == SyncType::OneTime;
                self.completed = once.then_some(self.export.shape);
            }
            _ if confirming => {}
            _ => self.completed = None,
        }
        if !matches!(end, End::Crash | End::Stopped) {
            self.rests();
        }
    }

    /// A completed one-time export runs only for a token; its confirming upload is no run.
    fn owed(&self) {
        let Export {
            status,
            token,
            shape,
            plan,
            ..
        } = &self.export;
        let once = plan.sync_type == SyncType::OneTime && self.completed == Some(*shape);
        let asked = token.is_some() && *token != status.last_handled_request;
        let conflict = status
            .conditions
            .iter()
            .any(|c| c.reason == "SegmentConflict");
        let why = self.export.why();
        let confirming = why == Some(Why::Confirming)
            || status
                .current_run
                .as_ref()
                .is_some_and(|r| r.reason == "Confirming");
        assert!(
            !once || asked || conflict || confirming,
            "{why:?} of a completed export"
        );
    }

    /// No hot loop: a run that ended leaves nothing due, but what a user asked for meanwhile.
    fn rests(&self) {
        let Export {
            status,
            token,
            release,
            ..
        } = &self.export;
        let asked = token.is_some() && *token != status.last_handled_request;
        let held = status.held.as_ref().map(|held| &held.id);
        let released = held.is_some() && held == release.as_ref();
        let late = self.export.wait() == Some(0);
        assert!(
            !late || asked || released,
            "{:?} right after a run",
            self.export.why()
        );
    }
}

const CASES: u32 = 300;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn whatever_happens_the_status_is_clean_and_nothing_runs_unasked(
        once: bool,
        interval in prop::sample::select(vec![60_i64, 900, 7200, 86_400]),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let (sync_type, interval) = match once {
            true => (SyncType::OneTime, 900),
            false => (SyncType::Dynamic, interval),
        };
        let export = Export::new(sync_type, interval, 0);
        let mut life = Life { export, suspended: false, blocked: None, completed: None };
        for step in &steps {
            life.live(step);
        }
    }

    #[test]
    fn runs_that_always_fail_are_few(
        end in end().prop_filter("fails", |end| !matches!(end, End::Done(_))),
        interval in prop::sample::select(vec![60_i64, 900, 7200, 86_400]),
        second in 0..86_400_i64,
    ) {
        let mut export = Export::new(SyncType::Dynamic, interval, second);
        let stop = export.now + crate::domain::schedule::model::secs(86_400);
        let mut runs = 0;
        while export.now < stop {
            export.run(&end, 1);
            runs += 1;
            let wait = export.wait().expect("tried again");
            export.pass(wait);
        }
        let spaced = match &end {
            End::Failed(reason, _) if reason.kind() == crate::domain::Kind::Transient => 900,
            End::Crash => 900,
            _ => interval,
        };
        prop_assert!(runs <= 86_400 / spaced + 9, "{} runs a day", runs);
    }
}
