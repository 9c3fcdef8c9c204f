//! List processing: after the answer, in order, without holding up the account's other requests.

use std::sync::{Arc, Mutex};

use super::{
    CleverTapState,
    file::{Kind, Rows},
    lists::Job,
    segment::Bits,
    settings::{Mail, Processing},
    stored::Stored,
    world::{Account, lock},
};
use crate::sandbox::NotThere;

/// Lists that may wait to be processed; beyond, the oldest is processed.
const MAX_PENDING: usize = 64;
const MAX_MAILS: usize = 500;
/// Rows that are looked up while the account is locked.
const BATCH: usize = 4096;

impl CleverTapState {
    /// Processes what waits; says how many lists that were.
    pub fn process_pending(&self, account: &str) -> Result<usize, NotThere> {
        let account = self.account(account)?;
        let jobs = std::iter::from_fn(|| begin(&account, |_| true));
        Ok(jobs.map(|job| self.process(&account, job)).count())
    }

    /// Waits until no accepted list of the account is left to process.
    pub async fn settled(&self, account: &str) {
        let mut processed = self.processed.subscribe();
        let settled = |account: &mut Account| account.pending.is_empty() && !account.busy;
        // An account that is gone has none; and `self` has the sender, so that there is no error.
        let _ = processed
            .wait_for(|()| self.with(account, settled).unwrap_or(true))
            .await;
    }

    /// Processes what is due: small lists now, a large one on a thread of its own. Must be called
    /// within a runtime.
    pub(super) fn tend(&self, account: &str) {
        if let Ok(account) = self.account(account) {
            self.work_off(account);
        }
    }

    fn work_off(&self, account: Arc<Mutex<Account>>) {
        let due = |account: &Account| {
            account.settings.processing == Processing::Immediate
                || account.pending.len() > MAX_PENDING
        };
        while let Some(job) = begin(&account, due) {
            if job.file.as_ref().is_some_and(Stored::is_large) {
                let state = self.clone();
                tokio::task::spawn_blocking(move || {
                    state.process(&account, job);
                    state.work_off(account);
                });
                return;
            }
            self.process(&account, job);
        }
    }

    /// A list that fails leaves the one before in force.
    fn process(&self, account: &Mutex<Account>, job: Job) {
        let Job {
            name,
            mail_to,
            file,
        } = job;
        let file = file.ok_or_else(|| "no file was uploaded".to_owned());
        let judged = file.and_then(|file| Ok((judge(account, &file)?, file)));
        let mut account = lock(account);
        let segment = account.segments.entry(name.clone()).or_default();
        let (ok, text) = match judged {
            Ok((known, file)) => {
                let text = format!("{} of {} users were found", known.ones, known.length);
                segment.enforce(file, known);
                (true, text)
            }
            Err(why) => {
                segment.failed += 1;
                (false, format!("The list could not be processed: {why}"))
            }
        };
        account.processings += 1;
        account.mails.push_back(Mail {
            to: mail_to,
            segment: name,
            ok,
            text,
        });
        if account.mails.len() > MAX_MAILS {
            account.mails.pop_front();
        }
        account.busy = false;
        drop(account);
        self.processed.send_replace(());
    }
}

/// Takes the next list, if one is due and none is being processed.
fn begin(account: &Mutex<Account>, due: impl Fn(&Account) -> bool) -> Option<Job> {
    let mut account = lock(account);
    if account.busy || !due(&account) {
        return None;
    }
    let job = account.pending.pop_front()?;
    account.busy = true;
    Some(job)
}

/// Which rows of the file are known, unless it has a flaw.
fn judge(account: &Mutex<Account>, file: &Stored) -> Result<Bits, String> {
    let (mut rows, mut known) = (Rows::new(file.reader()), Bits::default());
    loop {
        let batch = rows.by_ref().take(BATCH).collect::<Result<Vec<_>, _>>()?;
        if batch.is_empty() {
            return Ok(known);
        }
        let account = lock(account);
        for (kind, id) in &batch {
            known.push(account.sees(*kind, id));
        }
    }
}

impl Account {
    /// Whether list processing knows the id; CleverTap's own ids aren't played.
    fn sees(&self, kind: Kind, id: &str) -> bool {
        let seen_from = self.profiles.seen_from(id);
        let seen = seen_from.is_some_and(|seen_from| self.processings >= seen_from);
        kind == Kind::Identity && (seen || self.settings.knows_everyone)
    }
}
