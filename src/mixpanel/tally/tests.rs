use proptest::prelude::*;

use super::*;

fn page(rows: u64) -> Facts {
    Facts {
        rows,
        ..Facts::default()
    }
}

fn first(total: u64, size: u64, rows: u64) -> Facts {
    Facts {
        number: Some(0),
        size: Some(size),
        session: Some("s".to_owned()),
        total: Some(total),
        rows,
    }
}

/// A read whose pages have so many rows, the later ones in the order of their arrival.
fn read(total: u64, size: u64, pages: &[u64], order: &[u64]) -> Result<Tally, Mismatch> {
    let mut tally = Tally::start(first(total, size, pages[0]), TotalCheck::Exact)?;
    for number in order {
        tally.add(*number, &page(pages[*number as usize]))?;
    }
    tally.finish().map(|()| tally)
}

#[test]
fn what_does_not_add_up_is_refused() {
    let in_order = |total, size, pages: &[u64]| {
        let order: Vec<u64> = (1..pages.len() as u64).collect();
        read(total, size, pages, &order).map(|tally| tally.rows())
    };
    assert_eq!(in_order(3, 2, &[2, 1]), Ok(3));
    assert_eq!(in_order(4, 2, &[2, 2]), Ok(4));
    assert_eq!(in_order(0, 2, &[0]), Ok(0));
    // More of the last page is seen by the number of distinct members.
    assert_eq!(in_order(3, 2, &[2, 2]), Ok(4));
    let bad: [(u64, &[u64]); 7] = [
        (3, &[2]),
        (3, &[1, 2]),
        (3, &[2, 0]),
        (0, &[1]),
        (2, &[3]),
        (1, &[0]),
        (4, &[2, 3]),
    ];
    for (total, pages) in bad {
        assert!(in_order(total, 2, pages).is_err(), "{total} {pages:?}");
    }
}

#[test]
fn the_whole_is_held_against_the_total() {
    let tally = |check| {
        let mut tally = Tally::start(first(4, 2, 2), check).unwrap();
        tally.add(1, &page(2)).unwrap();
        tally
    };
    let (exact, pages) = (tally(TotalCheck::Exact), tally(TotalCheck::PageCount));
    assert_eq!(exact.adds_up(4, false), Ok(()));
    assert!(exact.adds_up(3, false).is_err());
    // A total that counts otherwise passes by its pages; a page that came twice never does.
    assert_eq!(pages.adds_up(3, false), Ok(()));
    assert!(pages.adds_up(4, true).is_err() && exact.adds_up(4, true).is_err());
    assert_eq!((exact.page_of(1), exact.page_of(2)), (0, 1));
}

#[test]
fn only_whole_pages_leave_a_doubt() {
    let beyond = |total, pages: &[u64]| {
        let order: Vec<u64> = (1..pages.len() as u64).collect();
        read(total, 2, pages, &order).unwrap().beyond()
    };
    assert_eq!(beyond(0, &[0]), None);
    assert_eq!(beyond(1, &[1]), None);
    assert_eq!(beyond(2, &[2]), Some(1));
    assert_eq!(beyond(3, &[2, 1]), None);
    assert_eq!(beyond(4, &[2, 2]), Some(2));
    // The total speaks of three.
    assert_eq!(beyond(3, &[2, 2]), Some(2));
}

#[test]
fn later_pages_may_be_silent_but_not_contradict() {
    let start = || Tally::start(first(3, 1, 1), TotalCheck::Exact).unwrap();
    let same = Facts {
        number: Some(1),
        ..first(3, 1, 1)
    };
    assert_eq!(start().add(1, &same), Ok(()));
    assert_eq!(start().add(1, &page(1)), Ok(()));
    let bad: [fn(&mut Facts); 4] = [
        |page| page.session = Some("t".into()),
        |page| page.total = Some(4),
        |page| page.size = Some(2),
        |page| page.number = Some(2),
    ];
    for contradict in bad {
        let mut page = page(1);
        contradict(&mut page);
        assert!(start().add(1, &page).is_err(), "{page:?}");
    }
    let untold = Facts {
        total: None,
        ..first(1, 1, 1)
    };
    assert!(Tally::start(untold, TotalCheck::Exact).is_err());
}

proptest! {
    #[test]
    fn whole_reads_pass_in_any_order_and_no_page_can_be_lost(
        (order, last) in (1_u64..9).prop_flat_map(|pages| {
            (Just((1..pages).collect::<Vec<_>>()).prop_shuffle(), 1_u64..=3)
        }),
    ) {
        let mut pages = vec![3; order.len()];
        pages.push(last);
        let total = pages.iter().sum();
        let tally = read(total, 3, &pages, &order);
        prop_assert_eq!(tally.map(|tally| tally.rows()), Ok(total));
        if let Some((_, fewer)) = order.split_last() {
            prop_assert!(read(total, 3, &pages, fewer).is_err());
        }
    }
}
