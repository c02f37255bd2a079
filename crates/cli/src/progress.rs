//! Progress on standard error: bars with the time left on a terminal, one line for each finished piece elsewhere.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// All bars of a command; a clone draws among the same ones.
#[derive(Clone)]
pub struct Progress {
    bars: MultiProgress,
    terminal: bool,
    passing: bool,
}

/// One piece of work.
pub struct Bar {
    drawn: ProgressBar,
    name: String,
    start: Instant,
    terminal: bool,
    passing: bool,
}

/// Lines above the bars that change as work goes on.
pub struct Panel {
    drawn: ProgressBar,
}

impl Progress {
    /// Drawn on standard error.
    pub fn new() -> Self {
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        let target = if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            bars: MultiProgress::with_draw_target(target),
            terminal,
            passing: false,
        }
    }

    /// Among these, bars that leave no line: work that is a small part of what is told anyway.
    pub fn passing(&self) -> Self {
        Self {
            passing: true,
            ..self.clone()
        }
    }

    /// A bar for `length` units of work called `unit`.
    pub fn bar(&self, name: &str, length: u64, unit: &str) -> Bar {
        let template = format!(
            "{{prefix:<26}} {{bar:28.yellow/dim}} {{pos:>5}}/{{len}} {unit} {{msg}} {{elapsed}}, {{eta}} left"
        );
        self.add(name, 0, Some(length), &template)
    }

    /// A bar for `length` units of work of which the first ones were done before.
    pub fn continued(&self, unit: &str, start: u64, length: u64) -> Bar {
        let template = format!(
            "{{pos:>9}}/{{len}} {unit} {{bar:28.yellow/dim}} {{msg}} {{elapsed}}, {{eta}} left"
        );
        self.add(unit, start, Some(length), &template)
    }

    /// A bar for bytes that arrive after those that are kept, of `total` where that is known.
    pub fn bytes(&self, name: &str, kept: u64, total: Option<u64>) -> Bar {
        let template = match total {
            Some(_) => {
                "{prefix:<26} {wide_bar:.yellow/dim} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta} left"
            }
            None => "{prefix:<26} {spinner} {decimal_bytes} {decimal_bytes_per_sec} {elapsed}",
        };
        self.add(name, kept, total, template)
    }

    /// Lines that change, on a terminal: elsewhere there is no such thing.
    pub fn panel(&self) -> Option<Panel> {
        self.terminal.then(|| {
            let style = ProgressStyle::with_template("{msg}").expect("a constant template");
            let drawn = self.bars.add(ProgressBar::no_length().with_style(style));
            Panel { drawn }
        })
    }

    fn add(&self, name: &str, start: u64, length: Option<u64>, template: &str) -> Bar {
        let style = ProgressStyle::with_template(template)
            .expect("a constant template")
            .progress_chars("━━╌");
        let drawn = length.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let drawn = drawn.with_style(style).with_prefix(name.to_owned());
        let drawn = self.bars.add(drawn.with_position(start));
        if start > 0 {
            // Earlier work says nothing about the speed: it is counted once, and its speed forgotten.
            drawn.tick();
            drawn.reset_eta();
        }
        drawn.enable_steady_tick(Duration::from_millis(200));
        Bar {
            drawn,
            name: name.to_owned(),
            start: Instant::now(),
            terminal: self.terminal,
            passing: self.passing,
        }
    }

    /// A line that stays, where bars leave one too.
    pub fn note(&self, line: &str) {
        if !self.passing {
            self.say(line);
        }
    }

    /// A line that stays.
    #[expect(clippy::print_stderr, reason = "progress goes to standard error")]
    pub fn say(&self, line: &str) {
        if self.terminal {
            // Drawing may fail only where there is nothing to draw on.
            let _ = self.bars.println(line);
        } else {
            eprintln!("{line}");
        }
    }
}

impl Bar {
    /// Moves to a position.
    pub fn at(&self, position: u64) {
        self.drawn.set_position(position);
    }

    /// Says something beside the bar.
    pub fn message(&self, message: String) {
        self.drawn.set_message(message);
    }

    /// Leaves one line: what was done and how long it took.
    #[expect(clippy::print_stderr, reason = "progress goes to standard error")]
    pub fn done(&self, result: &str) {
        let seconds = self.start.elapsed().as_secs_f64();
        if self.passing {
            self.drawn.finish_and_clear();
        } else if self.terminal {
            let style =
                ProgressStyle::with_template("{prefix:<26} {msg}").expect("a constant template");
            self.drawn.set_style(style);
            self.drawn
                .finish_with_message(format!("{result} ({seconds:.1} s)"));
        } else {
            eprintln!("{:<26} {result} ({seconds:.1} s)", self.name);
        }
    }
}

impl Panel {
    /// Replaces what is shown.
    pub fn show(&self, lines: String) {
        self.drawn.set_message(lines);
    }
}

impl Drop for Panel {
    /// What was shown last stays on the screen.
    fn drop(&mut self) {
        self.drawn.abandon();
    }
}
