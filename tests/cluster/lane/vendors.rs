//! A lane as the vendors see it: its faults, its requests, its list.

use mixtap::sandbox::calls::{Call, Vendor};
use mixtap::sandbox::clevertap::Which;
use mixtap::sandbox::faults::{Fault, FaultId};

use super::{Lane, SEGMENT};
use crate::rows::sorted;

impl Lane {
    /// Adds a fault to this lane alone.
    pub fn fault(&self, fault: Fault) -> FaultId {
        let vendor = fault
            .on
            .vendor
            .or(fault.on.call.map(Call::vendor))
            .expect("a fault of one vendor");
        self.sandbox().faults().add(match vendor {
            Vendor::Mixpanel => fault.scope(self.project),
            Vendor::Clevertap => fault.scope(&self.account),
        })
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.sandbox()
            .faults()
            .clear(Some(&self.project.to_string()));
        self.sandbox().faults().clear(Some(&self.account));
    }

    /// Counts requests anew.
    pub fn forget_requests(&self) {
        self.sandbox().requests().reset(self.project);
        self.sandbox().requests().reset(&self.account);
    }

    pub fn calls(&self, call: Call) -> u64 {
        match call.vendor() {
            Vendor::Mixpanel => self.sandbox().requests().count(self.project, call),
            Vendor::Clevertap => self.sandbox().requests().count(&self.account, call),
        }
    }

    /// Requests to both vendors.
    pub fn requests(&self) -> u64 {
        let scopes = [self.project.to_string(), self.account.clone()];
        scopes
            .map(|scope| {
                self.sandbox()
                    .requests()
                    .summary(scope)
                    .arrived
                    .values()
                    .sum::<u64>()
            })
            .iter()
            .sum()
    }

    /// The calls to both vendors and their answers, in order of arrival.
    pub fn log(&self) -> Vec<(Call, Option<u16>)> {
        let of = |scope: &str| self.sandbox().requests().log(scope);
        let mut log = [of(&self.project.to_string()), of(&self.account)].concat();
        log.sort_by_key(|request| request.seq);
        log.iter()
            .map(|request| (request.call, request.status))
            .collect()
    }

    /// The list in force, byte for byte but sorted; `None` where CleverTap has none.
    pub fn list(&self) -> Option<String> {
        let csv = self
            .sandbox()
            .clevertap()
            .csv(&self.account, SEGMENT, Which::Processed)
            .ok()?;
        Some(sorted(&csv))
    }

    /// Member counts of all lists that ever were in force.
    pub fn history(&self) -> Vec<usize> {
        self.sandbox()
            .clevertap()
            .segment(&self.account, SEGMENT)
            .map(|view| view.history)
            .unwrap_or_default()
    }
}
