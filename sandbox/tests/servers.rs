//! The private servers, as a stranger would use them: with PostgreSQL's and Redis' own programs, and by killing things.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail where they stand")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use sandbox::servers::{Data, Options, Server, Servers, ServersError};

fn start(options: Options) -> Servers {
    Servers::start(options, &|line| eprintln!("{line}")).unwrap()
}

fn kept(folder: &Path) -> Options {
    Options {
        data: Data::Kept(folder.to_owned()),
        durable: true,
        ..Options::default()
    }
}

/// A folder for kept data which the servers' user can reach.
fn shelf() -> tempfile::TempDir {
    let shelf = tempfile::Builder::new()
        .prefix("tillpost-shelf-")
        .tempdir_in("/tmp")
        .unwrap();
    let passable = std::os::unix::fs::PermissionsExt::from_mode(0o711);
    std::fs::set_permissions(shelf.path(), passable).unwrap();
    shelf
}

fn said_by(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What PostgreSQL answers to `statement`, over the URL the product gets.
fn sql(servers: &Servers, statement: &str) -> String {
    let url = servers.database_url("postgres", "postgres").unwrap();
    said_by(Command::new("psql").args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement, &url]))
}

/// What Redis answers, over the socket of the URL the product gets.
fn redis(servers: &Servers, words: &[&str]) -> String {
    let url = servers.redis_url().unwrap();
    let socket = url.strip_prefix("redis+unix://").unwrap();
    said_by(Command::new("redis-cli").args(["-s", socket]).args(words))
}

/// The processes that have to do with `folder`: named in their arguments, or working in it.
#[cfg(target_os = "linux")]
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let processes = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let arguments = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
            let works_in = std::fs::read_link(entry.path().join("cwd")).unwrap_or_default();
            let concerned =
                arguments.contains(folder) || works_in.to_string_lossy().contains(folder);
            (concerned && entry.path().file_name() != Some(std::process::id().to_string().as_ref()))
                .then_some(arguments)
        });
    processes.collect()
}

/// Elsewhere: by what `ps` says of everyone's arguments.
#[cfg(not(target_os = "linux"))]
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let listed = said_by(Command::new("ps").args(["-axww", "-o", "command="]));
    listed
        .lines()
        .filter(|line| line.contains(folder))
        .map(str::to_owned)
        .collect()
}

/// Waits until `condition` holds; what it says on failure is the last thing seen.
fn eventually<T: std::fmt::Debug>(mut look: impl FnMut() -> T, condition: impl Fn(&T) -> bool) {
    let started = Instant::now();
    loop {
        let seen = look();
        if condition(&seen) {
            return;
        }
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "still {seen:?}"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn both_servers_answer_over_the_given_urls() {
    let servers = start(Options::default());
    assert_eq!(sql(&servers, "select 40 + 2"), "42");
    assert_eq!(redis(&servers, &["SET", "bell", "rung"]), "OK");
    assert_eq!(redis(&servers, &["GET", "bell"]), "rung");
}

#[test]
fn the_database_is_utf8_in_utc_and_reachable_by_socket_only() {
    let servers = start(Options {
        redis: false,
        ..Options::default()
    });
    assert_eq!(sql(&servers, "show server_encoding"), "UTF8");
    assert_eq!(sql(&servers, "show timezone"), "UTC");
    assert_eq!(sql(&servers, "show listen_addresses"), "");
    assert_eq!(
        sql(
            &servers,
            "select rolsuper from pg_roles where rolname = current_user"
        ),
        "t"
    );
}

#[test]
fn another_role_connects_without_a_password() {
    let servers = start(Options {
        redis: false,
        ..Options::default()
    });
    sql(&servers, "create role shop_keeper login");
    sql(&servers, "create database shop");
    let url = servers.database_url("shop_keeper", "shop").unwrap();
    assert_eq!(
        said_by(Command::new("psql").args(["-XAtqc", "select current_user", &url])),
        "shop_keeper"
    );
}

#[test]
fn only_durable_servers_wait_for_the_disk() {
    let fast = start(Options {
        redis: false,
        ..Options::default()
    });
    let durable = start(Options {
        redis: false,
        durable: true,
        ..Options::default()
    });
    assert_eq!(sql(&fast, "show fsync"), "off");
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        assert_eq!(sql(&durable, &format!("show {setting}")), "on");
    }
}

#[test]
fn what_was_not_asked_for_has_no_url() {
    let servers = start(Options {
        postgres: false,
        ..Options::default()
    });
    assert_eq!(servers.database_url("postgres", "postgres"), None);
    assert_eq!(redis(&servers, &["PING"]), "PONG");
}

#[test]
fn dropping_leaves_no_process_and_no_folder() {
    let servers = start(Options::default());
    let folder = servers.folder().to_owned();
    assert!(
        !processes_of(&folder).is_empty(),
        "the search would find them"
    );
    drop(servers);
    assert_eq!(processes_of(&folder), Vec::<String>::new());
    assert!(!folder.exists());
}

#[test]
fn several_servers_live_side_by_side() {
    let all: Vec<Servers> = thread::scope(|scope| {
        let starting: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| start(Options::default())))
            .collect();
        starting
            .into_iter()
            .map(|one| one.join().unwrap())
            .collect()
    });
    for (number, servers) in all.iter().enumerate() {
        sql(
            servers,
            &format!("create table mine as select {number} as number"),
        );
        redis(servers, &["SET", "number", &number.to_string()]);
    }
    for (number, servers) in all.iter().enumerate() {
        assert_eq!(sql(servers, "select number from mine"), number.to_string());
        assert_eq!(redis(servers, &["GET", "number"]), number.to_string());
    }
}

#[test]
fn kept_data_is_found_by_the_next_start() {
    let shelf = shelf();
    let servers = start(kept(shelf.path()));
    sql(&servers, "create table kept as select 'still here' as word");
    redis(&servers, &["SET", "word", "still here"]);
    servers.stop();

    let servers = start(kept(shelf.path()));
    assert_eq!(sql(&servers, "select word from kept"), "still here");
    assert_eq!(redis(&servers, &["GET", "word"]), "still here");
}

#[test]
fn a_crashed_server_comes_back_with_what_was_committed() {
    let servers = start(Options {
        durable: true,
        ..Options::default()
    });
    sql(&servers, "create table kept as select 'still here' as word");
    redis(&servers, &["SET", "word", "forgotten"]);
    let before = sql(&servers, "select pg_postmaster_start_time()");
    servers.crash(Server::Postgres).unwrap();
    servers.crash(Server::Redis).unwrap();
    assert_ne!(sql(&servers, "select pg_postmaster_start_time()"), before);
    assert_eq!(sql(&servers, "select word from kept"), "still here");
    assert_eq!(redis(&servers, &["GET", "word"]), "");
}

#[test]
fn a_server_that_cannot_start_says_why_and_leaves_nothing() {
    let shelf = shelf();
    let servers = start(kept(shelf.path()));
    servers.stop();
    std::fs::write(shelf.path().join("postgres/data/PG_VERSION"), "7\n").unwrap();
    let error = Servers::start(kept(shelf.path()), &|_| ()).unwrap_err();
    let ServersError::NotAnswering {
        server: Server::Postgres,
        said,
    } = error
    else {
        unreachable!("another error: {error:?}")
    };
    assert!(said.contains("incompatible"), "{said}");
    assert_eq!(processes_of(shelf.path()), Vec::<String>::new());
}

/// Set for the process that [`kill_an_owner`] starts: it is to own servers until it is killed.
const OWNER: &str = "TILLPOST_TEST_OWNER_OF";

/// Owns servers on `data`, says where, and waits until it is killed, or its parent is.
fn own_until_killed(data: &str) {
    let data = if data.is_empty() {
        Data::ThrowAway
    } else {
        Data::Kept(data.into())
    };
    let servers = start(Options {
        data,
        ..Options::default()
    });
    sql(&servers, "create table kept as select 'still here' as word");
    println!("\nfolder={}", servers.folder().display());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Starts an owner of servers in a process of its own, kills it with SIGKILL, and gives the folder it had.
fn kill_an_owner(data: &str) -> PathBuf {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "an_owner_killed_leaves_no_process_and_no_folder",
            "--nocapture",
        ])
        .env(OWNER, data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut owner = command.spawn().unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let folder = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("folder=").map(PathBuf::from))
        .unwrap();
    assert!(
        !processes_of(&folder).is_empty(),
        "the servers run before the kill"
    );
    owner.kill().unwrap();
    owner.wait().unwrap();
    folder
}

#[test]
fn an_owner_killed_leaves_no_process_and_no_folder() {
    if let Ok(data) = std::env::var(OWNER) {
        return own_until_killed(&data);
    }
    let folder = kill_an_owner("");
    eventually(
        || (processes_of(&folder), folder.exists()),
        |(left, exists)| left.is_empty() && !exists,
    );
}

#[test]
fn data_kept_by_an_owner_that_was_killed_can_be_taken_over_at_once() {
    let shelf = shelf();
    kill_an_owner(shelf.path().to_str().unwrap());
    let servers = start(kept(shelf.path()));
    assert_eq!(sql(&servers, "select word from kept"), "still here");
}
