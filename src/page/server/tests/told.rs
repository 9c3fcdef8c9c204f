//! What pages that are open hear.

use tokio::time::{Instant, advance, timeout};

use super::browser::Browser;
use super::*;

/// Long enough for a look at everything, and for telling it.
const A_WHILE: Duration = Duration::from_secs(2);

/// Reads until it shows what is there.
async fn until_right(browser: &mut Browser, shown: &Shown, seed: u64) {
    let right = async {
        while browser.parts != shown.parts() {
            browser.listen().await;
        }
    };
    let right = timeout(A_WHILE, right).await;
    let there = shown.parts();
    let wrong = |(id, html): &(&String, &String)| there.get(*id) != Some(*html);
    let wrong: Vec<_> = browser.parts.iter().filter(wrong).collect();
    assert!(
        right.is_ok(),
        "seed {seed}: {} of {}, wrong: {wrong:#?}",
        browser.parts.len(),
        there.len()
    );
}

/// Whatever changes, and whenever streams are lost: everybody ends with what is there.
#[tokio::test(start_paused = true)]
async fn everybody_ends_with_what_is_there() {
    for seed in 0..30 {
        let mut random = fastrand::Rng::with_seed(seed);
        let shown = Shown::default();
        let page = leading(&shown);
        let telling = tokio::spawn({
            let page = page.clone();
            async move { page.tell().await }
        });
        let mut browsers = [(); 3].map(|()| Browser::new(&page));
        for browser in &mut browsers {
            browser.fetch().await;
            browser.connect().await;
        }
        for step in 0..60 {
            let browser = &mut browsers[random.usize(..2)];
            match random.u8(..10) {
                0..4 => {
                    // Now and then more than is told to who comes back.
                    let many = if random.u8(..8) == 0 { 200 } else { 3 };
                    for _ in 0..random.usize(1..=many) {
                        let name = random.usize(..many + 5).to_string();
                        match random.u8(..4) > 0 {
                            true => shown.put(&name, &format!("<b>{step}</b>")),
                            false => shown.remove(&name),
                        }
                    }
                }
                4 => browser.lose(random.usize(..=100)).await,
                5 => browser.connect().await,
                6 => browser.poll().await,
                7 => browser.read().await,
                _ => advance(Duration::from_millis(random.u64(..900))).await,
            }
        }
        // A look may be so old.
        advance(Duration::from_millis(400)).await;
        browsers[0].poll().await;
        assert_eq!(browsers[0].parts, shown.parts(), "seed {seed}");
        browsers[1].connect().await;
        for browser in &mut browsers[1..] {
            until_right(browser, &shown, seed).await;
        }
        telling.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_another_process_s_page_fetches_all_of_it() {
    let (before, now) = (Shown::default(), Shown::default());
    before.put("gone", "");
    now.put("cart", "");
    let mut browser = Browser::new(&leading(&before));
    browser.fetch().await;
    let (parts, version) = (browser.parts, browser.version);
    let page = leading(&now);
    for polls in [false, true] {
        let mut browser = Browser::new(&page);
        (browser.parts, browser.version) = (parts.clone(), version.clone());
        match polls {
            true => browser.poll().await,
            false => {
                browser.connect().await;
                browser.listen().await;
            }
        }
        assert_eq!((browser.fetched, &browser.parts), (1, &now.parts()));
    }
}

#[tokio::test(start_paused = true)]
async fn who_shows_one_export_hears_of_no_other() {
    let shown = Shown::default();
    let page = leading(&shown);
    let telling = tokio::spawn({
        let page = page.clone();
        async move { page.tell().await }
    });
    let mut browser = Browser::new(&page);
    browser.fetch().await;
    browser.parts.clear();
    browser.only = "growth/cart";
    browser.connect().await;
    for step in 0..4 {
        shown.put("other", &step.to_string());
        shown.put("cart", &format!("stands at {step}"));
        let stands = |browser: &Browser| {
            let state = browser.parts.get("export/growth/cart");
            let state = state.is_some_and(|html| html.contains(&format!("stands at {step}")));
            state && browser.parts["export/growth/cart"].starts_with("<div id=\"state\"")
        };
        let right = async {
            while !stands(&browser) {
                browser.listen().await;
            }
        };
        timeout(A_WHILE, right).await.expect("how it stands");
    }
    assert_eq!(browser.parts.len(), 1);
    shown.remove("other");
    shown.remove("cart");
    let gone = async {
        while !browser.parts.is_empty() {
            browser.listen().await;
        }
    };
    timeout(A_WHILE, gone).await.expect("that it is gone");
    telling.abort();
}

/// By what it hears in the meantime a page knows that the controller is there.
#[tokio::test(start_paused = true)]
async fn a_page_hears_something_though_nothing_changes() {
    let page = leading(&Shown::default());
    let telling = tokio::spawn({
        let page = page.clone();
        async move { page.tell().await }
    });
    let mut browser = Browser::new(&page);
    browser.fetch().await;
    browser.connect().await;
    // What it missed, and that there was a look.
    for _ in 0..2 {
        browser.listen().await;
    }
    for _ in 0..3 {
        let before = Instant::now();
        browser.listen().await;
        // By a clock that moves only where nothing else does.
        let quiet = before.elapsed();
        assert!(quiet > A_WHILE && quiet < IDLE / 2, "{quiet:?}");
    }
    telling.abort();
}
