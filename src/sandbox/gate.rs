//! The one way through which every request to a stand-in goes: counted, admitted, faulted,
//! worked on, answered.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, http::Response};

use super::{
    answer::{Answer, Delivery},
    calls::Seen,
    faults::{Action, Faults, Live, Moment},
    record::Recorder,
    wire::Line,
};

/// What an admitted request gives back when it ends; is told the status, 0 for none.
pub(super) type Leave = Box<dyn FnOnce(u16) + Send>;

/// The faults that the work itself has to play.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tweaks {
    pub lose_session: bool,
    pub shift: i64,
    pub hide: bool,
    pub duplicate: bool,
    /// Number, from 1, and code of an uploaded record.
    pub fail_record: Option<(usize, u16)>,
}

/// Shared by all stand-ins.
#[derive(Clone, Default)]
pub(super) struct Gate {
    pub faults: Faults,
    pub requests: Recorder,
}

impl Gate {
    /// `admit` refuses, or takes a place that the closure it returns gives back; `work` does what
    /// the request asks for, `latency` later. The work runs as a task of its own: what has begun is
    /// finished, even if the client is gone, as on a real server.
    pub async fn pass(
        &self,
        seen: Seen,
        latency: Duration,
        line: Line,
        admit: impl FnOnce() -> Result<Leave, Answer>,
        work: impl FnOnce(Tweaks) -> Answer + Send + 'static,
    ) -> Response<Body> {
        let visit = self.requests.arrive(&seen);
        let admitted = admit().map(|leave| (leave, self.faults.strike(&seen)));
        let played = tokio::spawn(async move {
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            let (leave, struck) = match admitted {
                Ok(admitted) => admitted,
                Err(refusal) => {
                    visit.leave(refusal.status);
                    return Some((refusal, Delivery::Whole));
                }
            };
            let played = play(&struck, work).await;
            let status = played.as_ref().map_or(0, |(answer, _)| answer.status);
            leave(status);
            visit.leave(status);
            played
        });
        match played.await {
            Ok(Some((answer, delivery))) => answer.send(delivery, line),
            Ok(None) | Err(_) => {
                line.cut();
                Response::default()
            }
        }
    }
}

/// Plays the faults around the work; `None` is a reset connection.
async fn play(
    struck: &[Arc<Live>],
    work: impl FnOnce(Tweaks) -> Answer,
) -> Option<(Answer, Delivery)> {
    if let Some(answer) = stand_before(struck, Moment::BeforeWork).await? {
        return Some((answer, delivery(struck)));
    }
    let mut answer = work(tweaks(struck));
    if let Some(instead) = stand_before(struck, Moment::AfterWork).await? {
        answer = instead;
    }
    Some((answer, delivery(struck)))
}

/// Waits, resets (`None`) or answers in place of the work, as the faults of this moment say.
async fn stand_before(struck: &[Arc<Live>], moment: Moment) -> Option<Option<Answer>> {
    let mut instead = None;
    for live in struck {
        match &live.fault.action {
            Action::Delay { ms } if moment == Moment::BeforeWork => {
                live.hit();
                tokio::time::sleep(Duration::from_millis(*ms)).await;
            }
            Action::Hold { at } if *at == moment => {
                live.hit();
                if !live.released().await {
                    return None;
                }
            }
            Action::Reset { at } if *at == moment => {
                live.hit();
                return None;
            }
            Action::Answer {
                at,
                status,
                headers,
                body,
            } if *at == moment => {
                live.hit();
                let (headers, body) = (headers.clone(), body.clone().into());
                instead = Some(Answer {
                    status: *status,
                    headers,
                    body,
                });
            }
            _ => {}
        }
    }
    Some(instead)
}

fn tweaks(struck: &[Arc<Live>]) -> Tweaks {
    let mut tweaks = Tweaks::default();
    for live in struck {
        match live.fault.action {
            Action::LoseSession => tweaks.lose_session = true,
            Action::ShiftRows { by } => tweaks.shift = by,
            Action::HidePage => tweaks.hide = true,
            Action::DuplicatePage => tweaks.duplicate = true,
            Action::FailRecord { record, code } => tweaks.fail_record = Some((record, code)),
            _ => continue,
        }
        live.hit();
    }
    tweaks
}

fn delivery(struck: &[Arc<Live>]) -> Delivery {
    let mut delivery = Delivery::Whole;
    for live in struck {
        delivery = match live.fault.action {
            Action::CutBody { after } => Delivery::Cut(after),
            Action::StallBody { after } => Delivery::Stall(after, live.clone()),
            Action::Dribble { chunk, pause_ms } => {
                Delivery::Dribble(chunk, Duration::from_millis(pause_ms))
            }
            _ => continue,
        };
        live.hit();
    }
    delivery
}
