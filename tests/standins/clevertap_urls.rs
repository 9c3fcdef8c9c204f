//! Getting a presigned URL, and the storage behind it.

use futures::stream;
use mixtap::sandbox::{
    calls::Call,
    clevertap::Expiry,
    faults::{Action, Fault},
};
use serde_json::json;

use crate::{Account, answer, http, sandbox};

#[tokio::test]
async fn the_calls_have_no_version_prefix() {
    let account = Account::new();
    for path in [
        "/1/get_custom_list_segment_url",
        "/1/upload_custom_list_segment_completed",
    ] {
        assert_eq!(answer(account.post(path)).await.0, 404);
    }
}

#[tokio::test]
async fn four_texts_of_401() {
    let account = Account::new();
    let url = sandbox()
        .clevertap_url()
        .join("/get_custom_list_segment_url")
        .unwrap();
    let ask = |headers: &[(&str, &str)]| {
        let request = headers
            .iter()
            .fold(http().post(url.clone()), |request, (name, value)| {
                request.header(*name, *value)
            });
        answer(request)
    };
    let (id, pass) = ("X-CleverTap-Account-Id", "X-CleverTap-Passcode");
    for (headers, text) in [
        (vec![(pass, "pass")], "12 digit account ID mandatory"),
        (vec![(id, account.id.as_str())], "Invalid Credentials"),
        (
            vec![(id, "TEST-000"), (pass, "pass")],
            "Account ID is not valid",
        ),
        (
            vec![(id, account.id.as_str()), (pass, "wrong")],
            "Passcode Invalid",
        ),
    ] {
        assert_eq!(
            ask(&headers).await,
            (401, json!({ "status": "fail", "error": text, "code": 401 }))
        );
    }
}

#[tokio::test]
async fn the_end_of_a_url_is_told_in_two_ways() {
    let account = Account::new();
    let (_, body) = answer(account.post("/get_custom_list_segment_url")).await;
    assert!(
        body["expiry"]
            .as_str()
            .is_some_and(|text| text.ends_with("AM") || text.ends_with("PM"))
    );
    sandbox()
        .clevertap()
        .update_account(&account.id, |settings| settings.expiry = Expiry::Epoch)
        .unwrap();
    let (_, body) = answer(account.post("/get_custom_list_segment_url")).await;
    assert!(
        body["expiryEpoch"]["$date"]
            .as_str()
            .is_some_and(|date| date.ends_with('Z'))
    );
    sandbox().faults().add(
        Fault::new(Action::come_back_later())
            .scope(&account.id)
            .times(1),
    );
    let response = account
        .post("/get_custom_list_segment_url")
        .send()
        .await
        .unwrap();
    assert_eq!(
        response.text().await.unwrap(),
        "URL not generated, Please come back later"
    );
}

#[tokio::test]
async fn the_storage_is_as_picky_as_s3() {
    let account = Account::new();
    let url = account.presigned().await;
    let put = |url: &str| http().put(url);
    let refused = async |request: reqwest::RequestBuilder| {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        assert_eq!(response.headers()["content-type"], "application/xml");
        let text = response.text().await.unwrap();
        (
            status,
            text.split("<Code>")
                .nth(1)
                .unwrap()
                .split("</Code>")
                .next()
                .unwrap()
                .to_owned(),
        )
    };
    let chunks = stream::iter([Ok::<_, std::io::Error>("Type,Identity\n"), Ok("i,a\n")]);
    let chunked = put(&url).body(reqwest::Body::wrap_stream(chunks));
    assert_eq!(refused(chunked).await, (411, "MissingContentLength".into()));
    let signature = (403, "SignatureDoesNotMatch".into());
    assert_eq!(
        refused(put(&url).header("Content-Type", "text/csv").body("x")).await,
        signature
    );
    assert_eq!(refused(account.sign(put(&url)).body("x")).await, signature);
    assert_eq!(
        refused(put(&url).basic_auth("a", Some("b")).body("x")).await,
        signature
    );
    assert_eq!(
        refused(put(&url.replace("Signature=", "Signature=0")).body("x")).await,
        signature
    );
    assert_eq!(put(&url).body("x").send().await.unwrap().status(), 200);
    sandbox().clevertap().expire_urls(&account.id).unwrap();
    assert_eq!(
        refused(put(&url).body("x")).await,
        (403, "AccessDenied".into())
    );
    let count = |status| {
        sandbox()
            .requests()
            .count_answered(&account.id, Call::ListPut, status)
    };
    assert_eq!((count(411), count(403), count(200)), (1, 5, 1));
}

#[tokio::test]
async fn a_missing_content_length_is_refused() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let account = Account::new();
    let url = url::Url::parse(&account.presigned().await).unwrap();
    let host = format!("127.0.0.1:{}", url.port().unwrap());
    let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
    let target = &url[url::Position::BeforePath..];
    let request = format!("PUT {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 411"), "{answer}");
}
