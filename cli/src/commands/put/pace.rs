//! How fast messages may come.

use std::str::FromStr;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How far a pace that was not kept up with is made good. Timers are a millisecond wide, so that none at all would be
/// a thousand messages a second at most; and a pause of the input must not let a flood through.
const MADE_GOOD: Duration = Duration::from_millis(10);

/// So many messages a second, at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    each: Duration,
    due: Option<Instant>,
}

impl Pace {
    /// Waits for the turn of the next message.
    pub(super) async fn turn(&mut self) {
        let now = Instant::now();
        let due = self.due.map_or(now, |due| due.max(now.checked_sub(MADE_GOOD).unwrap_or(now)));
        sleep_until(due).await;
        self.due = Some(due + self.each);
    }
}

impl FromStr for Pace {
    type Err = &'static str;

    fn from_str(rate: &str) -> Result<Self, &'static str> {
        let rate: Option<f64> = rate.parse().ok();
        let each =
            rate.filter(|&rate| rate > 0.0).and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok());
        let each = each.ok_or("a number of messages a second above 0, such as 500 or 0.5, is right")?;
        Ok(Self { each, due: None })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, advance};

    use super::Pace;

    #[tokio::test(start_paused = true)]
    async fn messages_keep_the_pace_and_a_pause_lets_no_flood_through() {
        let mut pace: Pace = "2000".parse().unwrap();
        let begun = Instant::now();
        for _ in 0..2001 {
            pace.turn().await;
        }
        let took = begun.elapsed();
        assert!((Duration::from_millis(995)..=Duration::from_millis(1005)).contains(&took), "{took:?}");

        advance(Duration::from_mins(1)).await;
        let begun = Instant::now();
        for _ in 0..1000 {
            pace.turn().await;
        }
        assert!(begun.elapsed() >= Duration::from_millis(485), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_wrong_rate_is_told_what_is_right() {
        for wrong in ["", "0", "-1", "fast", "NaN", "500/s", "1e-30"] {
            assert!(wrong.parse::<Pace>().is_err_and(|told| told.contains("such as 500")), "{wrong}");
        }
        assert_eq!("0.5".parse::<Pace>().unwrap().each, Duration::from_secs(2));
    }
}
