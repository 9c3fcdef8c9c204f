use clap::Parser;

use super::*;
use crate::domain::endpoints::AllowedEndpoints;

#[derive(Parser)]
struct Run {
    #[command(flatten)]
    args: RunArgs,
}

fn parse(flags: &[&str]) -> Result<RunArgs, String> {
    Run::try_parse_from([&["run"], flags].concat())
        .map(|run| run.args)
        .map_err(|e| e.to_string())
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let args = parse(&[]).expect("defaults");
    let secs = Duration::from_secs;
    assert_eq!(args.rules.min_interval, secs(60));
    assert_eq!(args.rules.min_check_interval, secs(300));
    assert_eq!(args.run_deadline, secs(6 * 3600));
    assert_eq!(args.confirm_delay, secs(900));
    assert_eq!(
        (
            args.lease_duration,
            args.renew_interval,
            args.retry_interval
        ),
        (secs(30), secs(10), secs(2))
    );
    assert_eq!((args.retry_first, args.retry_total), (secs(1), secs(60)));
    assert_eq!(args.shutdown_grace, secs(20));
    assert_eq!(args.state_url.as_str(), "file:///var/lib/mixtap");
    assert_eq!(args.metrics_address.to_string(), "0.0.0.0:8080");
    assert_eq!((args.concurrency, args.lease_name.as_str()), (16, "mixtap"));
    assert!(args.leader_elect && args.watch_secrets && args.lease_namespace.is_none());
    assert_eq!(args.watch_namespaces, Namespaces::default());
    assert_eq!(args.rules.allowed_endpoints, AllowedEndpoints::default());
    assert_eq!(args.log_format, LogFormat::Json);
    assert_eq!(args.validate(), Ok(()));
}

#[test]
fn switches_can_be_turned_off_and_on() {
    assert!(!parse(&["--leader-elect=false"]).expect("off").leader_elect);
    assert!(parse(&["--leader-elect"]).expect("on").leader_elect);
    assert!(parse(&["--leader-elect=perhaps"]).is_err());
}

#[test]
fn flags_at_odds_are_refused() {
    for flags in [
        ["--lease-duration", "500ms"],
        ["--lease-duration", "11m"],
        ["--renew-interval", "16s"],
        ["--retry-interval", "11s"],
        ["--retry-first", "61s"],
        ["--confirm-delay", "61m"],
    ] {
        let refused = parse(&flags).expect("well-formed").validate();
        assert!(
            refused.expect_err("at odds").contains(flags[0]),
            "{flags:?}"
        );
    }
    let args = parse(&["--state-url", "s3://key:canary@bucket"]).expect("well-formed");
    assert!(!args.validate().expect_err("credentials").contains("canary"));
}

#[test]
fn out_of_range_is_a_usage_error() {
    for flags in [
        ["--concurrency", "0"],
        ["--min-interval", "0s"],
        ["--log-level", "a=b=c"],
        ["--scratch-limit", "0"],
        ["--scratch-limit", "65535Ki"],
    ] {
        assert!(parse(&flags).is_err(), "{flags:?}");
    }
}

#[test]
fn a_size_says_what_it_must_be() {
    for (size, says) in [("10", "at least 64Mi"), ("99999999Ti", "too large")] {
        let refused = parse(&["--scratch-limit", size]).expect_err("out of range");
        assert!(refused.contains(says), "{refused}");
    }
    let least = parse(&["--scratch-limit", "64Mi"]).expect("the least");
    assert_eq!(least.scratch_limit, 64 << 20);
}

#[test]
fn every_flag_has_its_variable() {
    use clap::CommandFactory;
    for arg in Run::command().get_arguments() {
        let flag = arg.get_long().expect("a long flag");
        let variable = format!("MIXTAP_{}", flag.replace('-', "_").to_uppercase());
        assert_eq!(
            arg.get_env().and_then(|v| v.to_str()),
            Some(variable.as_str())
        );
    }
}

#[test]
fn a_shard_needs_a_lease_of_its_own() {
    let shard = ["--watch-label-selector", "mixtap.dev/shard=one"];
    let refused = parse(&shard).expect("each is right").validate();
    assert!(refused.is_err_and(|why| why.contains("--lease-name")));
    let named = [&shard[..], &["--lease-name", "mixtap-one"]].concat();
    assert_eq!(parse(&named).expect("flags").validate(), Ok(()));
}
