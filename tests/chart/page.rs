//! What the chart renders for the page.

use serde_json::{Value, json};

use crate::{
    cases::case,
    commands::helm,
    documents::{container, objects, of_kind, only, strings},
    rendered::{deployed, template},
};

#[tokio::test]
async fn a_page_without_a_service_is_reached_by_a_port_forward_alone() {
    let Some(program) = helm().await else { return };
    let flag = |objects: &[Value]| {
        let args = strings(&container(objects)["args"]);
        let found = args.iter().find(|arg| arg.starts_with("--page-address="));
        found.map(|arg| arg.to_string())
    };
    let none = objects(&template(program, "{}"));
    assert_eq!(flag(&none), None);
    let paged = objects(&template(program, case("page")));
    assert_eq!(
        flag(&paged).as_deref(),
        Some("--page-address=127.0.0.1:8081")
    );
    let port = json!({ "name": "page", "containerPort": 8081, "protocol": "TCP" });
    assert_eq!(container(&paged)["ports"][1], port);
    let ingress = only(&paged, "NetworkPolicy")["spec"]["ingress"].as_array();
    assert_eq!(ingress.map(Vec::len), Some(1), "the metrics");
    let services = of_kind(&paged, "Service");
    assert!(
        services
            .iter()
            .all(|service| service["metadata"]["name"] != "mixtap-page")
    );
    // By nobody, until it is bound.
    let bindings = of_kind(&paged, "RoleBinding");
    assert!(
        bindings
            .iter()
            .all(|binding| binding["roleRef"]["name"] != "mixtap-page")
    );
    let served = objects(&template(program, case("everything")));
    assert_eq!(
        flag(&served).as_deref(),
        Some("--page-address=0.0.0.0:9091")
    );
}

#[tokio::test]
async fn only_a_page_with_a_service_is_one_that_the_controller_leads_somewhere() {
    let Some(program) = helm().await else { return };
    let slices = |objects: &[Value]| {
        let roles = of_kind(objects, "Role").into_iter();
        let rules = roles.flat_map(|role| role["rules"].as_array().unwrap().clone());
        let slices = rules.filter(|rule| rule["resources"] == json!(["endpointslices"]));
        slices.collect::<Vec<_>>()
    };
    for (name, service) in [
        ("defaults", None),
        ("page", None),
        ("everything", Some("mixtap-page")),
    ] {
        let objects = objects(&template(program, case(name)));
        let args = deployed(&objects);
        assert_eq!(args.page.page_service.as_deref(), service, "{name}");
        assert_eq!(args.page.pod_ip.is_some(), service.is_some(), "{name}");
        let rule = |service| {
            json!({
                "apiGroups": ["discovery.k8s.io"],
                "resources": ["endpointslices"],
                "resourceNames": [service],
                "verbs": ["create", "patch"],
            })
        };
        let rules: Vec<_> = service.map(rule).into_iter().collect();
        assert_eq!(slices(&objects), rules, "{name}");
        for service in of_kind(&objects, "Service") {
            let page = service["metadata"]["name"] == "mixtap-page";
            assert_eq!(service["spec"]["selector"].is_null(), page, "{service}");
        }
    }
}
