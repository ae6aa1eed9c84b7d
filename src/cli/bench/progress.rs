//! A line that says how far the measurement is, on a terminal only.

use crate::testing::load::Sender;
use std::io::{IsTerminal, Write};
use std::time::Duration;
use tokio::time::Instant;

const EVERY: Duration = Duration::from_millis(250);
const WIDTH: usize = 40;

/// The line; it goes to the standard error stream, so that results can be piped.
#[derive(Debug)]
pub(super) struct Progress {
    start: Instant,
    seconds: f64,
    shown: bool,
}

impl Progress {
    pub(super) fn new(seconds: f64) -> Self {
        Self { start: Instant::now(), seconds, shown: std::io::stderr().is_terminal() }
    }

    /// Draws it again and again; never returns.
    pub(super) async fn show(&self, sender: &Sender) {
        if !self.shown {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(EVERY).await;
            let line = bar(self.start.elapsed().as_secs_f64() / self.seconds, sender.accepted());
            let _ = write!(std::io::stderr(), "\r{line}");
        }
    }

    /// Removes it.
    pub(super) fn end(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn bar(share: f64, items: u64) -> String {
    let full = (share.clamp(0.0, 1.0) * WIDTH as f64) as usize;
    format!("[{:<WIDTH$}] {:3.0} %  {items} items", "=".repeat(full), share.clamp(0.0, 1.0) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_stays_within_its_frame() {
        assert_eq!(bar(0.5, 7), format!("[{}{}]  50 %  7 items", "=".repeat(20), " ".repeat(20)));
        assert_eq!(bar(3.0, 7), format!("[{}] 100 %  7 items", "=".repeat(40)));
    }
}
