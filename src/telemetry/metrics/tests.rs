use super::*;

fn metrics() -> Metrics {
    Metrics::new(|_| {})
}

#[test]
fn names_are_those_of_the_documentation() {
    let m = metrics();
    m.reconciled(Kind::CohortExport, ReconcileOutcome::Success, 0.1);
    m.exported(SyncType::OneTime, Reason::Completed, 3.0);
    m.members_read(5);
    m.members_skipped(SkipReason::NoIdentity, 2);
    m.profiles_uploaded(ProfileOutcome::Rejected, 1);
    m.list_uploaded(ListOutcome::Accepted);
    m.leader(true);
    let page = m.encode();
    for line in [
        "mixtap_reconciles_total{kind=\"CohortExport\",outcome=\"success\"} 1",
        "mixtap_reconcile_duration_seconds_count{kind=\"CohortExport\"} 1",
        "mixtap_exports_total{sync_type=\"OneTime\",outcome=\"Completed\"} 1",
        "mixtap_export_duration_seconds_sum{sync_type=\"OneTime\"} 3.0",
        "mixtap_members_read_total 5",
        "mixtap_members_skipped_total{why=\"no_identity\"} 2",
        "mixtap_profiles_uploaded_total{outcome=\"rejected\"} 1",
        "mixtap_lists_uploaded_total{outcome=\"accepted\"} 1",
        "mixtap_leader 1",
        concat!(
            "mixtap_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ),
    ] {
        assert!(page.lines().any(|l| l == line), "{line} not in\n{page}");
    }
    assert!(page.ends_with("# EOF\n"));
}

#[test]
fn other_rooms_add_their_own() {
    let m = Metrics::new(|r| r.register("vendor_requests", "Calls", Counter::<u64>::default()));
    assert!(m.encode().contains("mixtap_vendor_requests_total 0"));
}
