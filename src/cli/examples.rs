//! What `--help` and the man pages show below the flags.

pub const ALL: &str = "Examples:
  mixtap demo                            see it at work, without an account or a cluster
  mixtap init -o growth                  write the manifests for cohorts of a project
  mixtap check -f growth                 say what is wrong with manifests
  mixtap plan -f growth                  what would a sync of these files do?
  mixtap sync -f growth                  export from files, without a cluster
  mixtap crds | kubectl apply -f -       install the CRDs
  mixtap run --state-url s3://BUCKET     run the controller";

pub const RUN: &str = "Examples:
  mixtap run --leader-elect=false --state-url file://$PWD/state
                                         by the kubeconfig, alone, on this machine
  mixtap run --state-url s3://BUCKET/mixtap --watch-namespaces growth,crm
                                         in two namespaces, with its state in a bucket";

pub const CRDS: &str = "Examples:
  mixtap crds | kubectl apply -f -       install the CRDs, or upgrade them
  mixtap crds | kubectl diff -f -        what an upgrade would change";

pub const PLAN: &str = "Examples:
  mixtap plan -f exports/                what would a sync of this folder do?
  mixtap plan -f exports/ -o markdown    the same as a comment on a pull request
  kustomize build . | mixtap plan -f -   of standard input
  mixtap plan --context prod -A --state-url s3://BUCKET/mixtap
                                         of what is applied in a cluster

Exit code 0: nothing would change, 1: something is wrong, 2: a sync would change segments.";

pub const SYNC: &str = "Examples:
  mixtap sync -f exports/                one pass over this folder
  mixtap sync -f exports/ -o json        the same, for machines
  mixtap sync -f exports/ --watch        go on, each export at its interval
  mixtap sync -f exports/ --state-url s3://BUCKET
                                         with the state in a bucket

Exit code 0: everything is as it should be, 1: something isn't.";
