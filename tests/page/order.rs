//! With the script and without it the same exports are shown, in the same order.

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use mixtap::api::CohortExport;
use serde_json::{Value, json};

use crate::browser::driver;
use crate::served::Served;
use crate::world::World;

/// The ids of the rows that are seen, from top to bottom.
const IDS: &str = "[...document.querySelectorAll('#exports tbody tr')]
    .filter(row => row.checkVisibility()).map(row => row.id)";

/// Names and segments whose order or case is easily mistaken. A hyphen comes before a slash, so ids
/// aren't compared as wholes; the wide letter comes before an emoji, but not where 16 bits are compared.
const EXPORTS: [(&str, Option<&str>); 7] = [
    ("emoji", Some("😀 a")),
    ("flag", Some("🇬🇷 b")),
    ("wide", Some("Ａ wide")),
    ("x", Some("ΟΔΟΣ")),
    ("x-y", Some("Straße")),
    ("same", None),
    ("same-too", None),
];

/// A namespace, and one whose name goes on after a hyphen; in each the same exports, which look for a
/// connector that isn't there.
async fn world() -> Option<(World, String)> {
    driver().await?;
    let world = World::new("order").await?;
    let beside = format!("{}-b", world.namespace);
    let mut namespace = Namespace::default();
    namespace.metadata.name = Some(beside.clone());
    let namespaces = Api::<Namespace>::all(world.client.clone());
    let made = namespaces.create(&Default::default(), &namespace).await;
    made.expect("a namespace");
    for namespace in [&world.namespace, &beside] {
        for (name, segment) in EXPORTS {
            create(&world, namespace, name, segment).await;
        }
    }
    Some((world, beside))
}

async fn create(world: &World, namespace: &str, name: &str, segment: Option<&str>) {
    let export = json!({
        "apiVersion": "mixtap.dev/v1alpha1", "kind": "CohortExport", "metadata": { "name": name },
        "spec": {
            "connectorRef": { "name": "absent" }, "cohort": { "id": 9 }, "syncType": "Dynamic",
            "segmentName": segment,
        },
    });
    let export: CohortExport = serde_json::from_value(export).expect("an export");
    let exports = Api::namespaced(world.client.clone(), namespace);
    let created = exports.create(&Default::default(), &export).await;
    created.expect("created");
}

/// What the server's own page shows, without a script.
async fn sent(url: &str) -> Vec<String> {
    let http = reqwest::Client::builder().no_proxy().build();
    let http = http.expect("an HTTP client");
    let page = http.get(url).send().await.expect("an answer");
    let page = page.text().await.expect("a page");
    let rows = page.split("<tr id=\"").skip(1);
    let rows = rows
        .filter_map(|row| row.split_once('>'))
        .map(|(tag, _)| tag);
    let shown = rows.filter(|tag| !tag.ends_with(" hidden"));
    let ids = shown.filter_map(|tag| tag.split_once('"'));
    ids.map(|(id, _)| id.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn order_and_search_are_the_same_with_the_script_and_without() {
    let Some((world, beside)) = world().await else {
        return;
    };
    let flag = format!("--watch-namespaces={},{beside}", world.namespace);
    let served = Served::of(world, &[&flag]).await;
    let browser = served.browser().await;
    browser.goto("/").await;
    browser.until_live().await;
    let all = EXPORTS.len() * 2;
    browser.until_is(&format!("{IDS}.length"), json!(all)).await;
    let waiting = "[...document.querySelectorAll('#exports tbody tr')]
        .every(row => row.dataset.states === 'Failing')";
    browser.until("that all of them fail", waiting).await;
    browser.mark().await;

    let sorts = [
        "", "-cohort", "segment", "-segment", "type", "-state", "members", "-next", "absent",
    ];
    let queries = sorts.map(|sort| (format!("?sort={sort}"), all));
    let text = |text: &str| {
        let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        format!("?sort=-segment&q={text}")
    };
    let searches = [
        (text("οδος"), 2),
        (text("ΟΔΟΣ"), 2),
        (text("STRASSE"), 0),
        (text(" straße "), 2),
        (text("😀"), 2),
        (text("X-Y"), 2),
        (text(&beside), EXPORTS.len()),
        (text(&format!("{beside}/same")), 2),
        // Of what is there twice the last counts.
        ("?sort=segment&q=x&sort=-segment&q=same".to_owned(), 4),
        (format!("?namespace={beside}&namespace="), all),
        ("?state=Failing&sort=-cohort".to_owned(), all),
        ("?state=failing".to_owned(), 0),
    ];
    for (query, count) in queries.into_iter().chain(searches) {
        let sent = sent(&format!("{}/{query}", served.url)).await;
        assert_eq!(sent.len(), count, "{query}: {sent:?}");
        // The page arranges what it has, which is in another order.
        let go = format!(
            "(history.pushState(null, '', {}), dispatchEvent(new PopStateEvent('popstate')))",
            Value::from(query)
        );
        browser.js(&go).await;
        browser.until_is(IDS, json!(sent)).await;
    }
    browser.is_still_marked().await;
    browser.close().await;
}
