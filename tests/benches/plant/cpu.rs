//! What processes have cost, from `/proc`.

use std::collections::HashMap;
use std::fs;

/// Microseconds of one tick of `/proc`: a hundredth of a second, everywhere but on exotic kernels.
const TICK_MICROS: u64 = 10_000;

/// CPU time in microseconds, of processes of ours and their children.
#[derive(Debug, Clone, Copy)]
pub struct Cpu {
    pub worker: u64,
    pub postgres: u64,
    pub redis: u64,
}

impl Cpu {
    /// What they have cost until now.
    pub fn now(worker: u32) -> Self {
        let processes = processes();
        let ours = |process: &&Process| descends(&processes, process.id, std::process::id());
        let named = |name: &str| -> u64 {
            let named = processes.values().filter(|process| process.name == name);
            named.filter(ours).map(Process::micros).sum()
        };
        Self {
            worker: processes.get(&worker).map_or(0, |process| process.own),
            postgres: named("postgres"),
            redis: named("redis-server"),
        }
    }

    pub fn since(self, before: Self) -> Self {
        Self {
            worker: self.worker - before.worker,
            postgres: self.postgres - before.postgres,
            redis: self.redis - before.redis,
        }
    }

    pub fn all(self) -> u64 {
        self.worker + self.postgres + self.redis
    }
}

struct Process {
    id: u32,
    parent: u32,
    name: String,
    own: u64,
    // Of children that have ended.
    ended: u64,
}

impl Process {
    fn micros(&self) -> u64 {
        self.own + self.ended
    }
}

fn processes() -> HashMap<u32, Process> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let (head, tail) = stat.rsplit_once(')')?;
            let fields: Vec<&str> = tail.split_whitespace().collect();
            let ticks = |field: usize| fields.get(field)?.parse::<u64>().ok();
            let process = Process {
                id,
                parent: fields.get(1)?.parse().ok()?,
                name: head.split_once('(')?.1.to_owned(),
                own: (ticks(11)? + ticks(12)?) * TICK_MICROS,
                ended: (ticks(13)? + ticks(14)?) * TICK_MICROS,
            };
            Some((id, process))
        })
        .collect()
}

fn descends(processes: &HashMap<u32, Process>, mut id: u32, from: u32) -> bool {
    while let Some(process) = processes.get(&id) {
        if process.parent == from {
            return true;
        }
        id = process.parent;
    }
    false
}
