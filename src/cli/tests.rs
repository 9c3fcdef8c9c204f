use super::*;

fn parsed(line: &str) -> Result<Command, clap::Error> {
    parse(line.split(' ').map(OsString::from))
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn commands_are_known() {
    assert!(matches!(parsed("mixtap crds"), Ok(Command::Crds)));
    let Ok(Command::Run(args)) = parsed("mixtap run --lease-name=x --concurrency 3") else {
        panic!("not a run");
    };
    assert_eq!((args.lease_name.as_str(), args.concurrency), ("x", 3));
}

#[test]
fn usage_errors_go_to_stderr_and_help_does_not() {
    for line in [
        "mixtap",
        "mixtap nonsense",
        "mixtap run --min-interval=soon",
        "mixtap run --retry-interval=20s",
        "mixtap crds extra",
    ] {
        assert!(parsed(line).expect_err(line).use_stderr(), "{line}");
    }
    for line in ["mixtap --help", "mixtap --version", "mixtap run --help"] {
        assert!(!parsed(line).expect_err(line).use_stderr(), "{line}");
    }
}

#[test]
fn help_shows_no_value_of_the_environment_that_may_be_secret() {
    let run = Cli::command();
    let run = run.find_subcommand("run").expect("a command");
    for id in ["state_url", "allowed_endpoints"] {
        let arg = run.get_arguments().find(|arg| arg.get_id() == id);
        let arg = arg.expect("a flag");
        assert!(arg.is_hide_env_values_set(), "{id}");
        let flag = format!("--{} ", arg.get_long().expect("its name"));
        assert!(PRIVATE.contains(&flag.as_str()), "{flag}");
    }
}

#[test]
fn a_url_that_cannot_be_read_is_not_repeated() {
    for (flag, value) in [
        ("--state-url", "s3://canary:ab/cdSECRET@bucket"),
        ("--state-url", "canary"),
        ("--state-url", "s3://u:canary@bucket"),
        ("--allowed-endpoints", "s3://canary:ab/cdSECRET@bucket"),
        ("--allowed-endpoints", "canary"),
        (
            "--allowed-endpoints",
            "https://a.example.com,https://u:canary@b.example.com",
        ),
    ] {
        for between in [' ', '='] {
            let line = format!("mixtap run {flag}{between}{value}");
            let error = parsed(&line).expect_err(&line);
            let told = format!("{error} {error:?}");
            assert!(!told.contains("canary"), "{told}");
            assert!(told.contains(flag) && error.use_stderr(), "{told}");
        }
    }
}

#[test]
#[cfg(feature = "sandbox")]
fn the_sandbox_and_the_guard_are_known() {
    let sandbox = parsed("mixtap sandbox --admin-address 127.0.0.1:9");
    assert!(matches!(sandbox, Ok(Command::Sandbox(_))));
    assert!(matches!(
        parsed("mixtap guard -- etcd --name x"),
        Ok(Command::Guard(_))
    ));
}
