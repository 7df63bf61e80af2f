//! The words of every problem, as a person reads them: compared with a file that is changed by hand, so that no word changes
//! unnoticed.

use serde_json::{Value, json};
use service::problem::{Facts, Problem, explain, registry};
use std::fmt::Write;

const GOLDEN: &str = include_str!("words.golden");

/// Title and steps of a problem, as the file has them.
fn block(code: &str, title: &str, steps: &[String]) -> String {
    let mut block = format!("{code}: {title}\n");
    for step in steps {
        writeln!(block, "  - {step}").unwrap();
    }
    block
}

/// The title and the steps of an event's problem are in the file, with its code.
pub fn are_golden(problem: &Value) {
    let texts = |steps: &Value| -> Vec<String> { serde_json::from_value(steps.clone()).unwrap() };
    let told = block(
        problem["code"].as_str().unwrap(),
        problem["title"].as_str().unwrap(),
        &texts(&problem["steps"]),
    );
    let mut blocks = GOLDEN.split("\n\n");
    let known = |block: &str| format!("{}\n", block.trim_end()).ends_with(&told);
    assert!(blocks.any(known), "words.golden does not have:\n{told}");
}

/// What facts can name, by which two codes have words of their own.
fn named() -> Vec<Facts> {
    let account = json!({ "qbo_id": "1" });
    let [location, class] =
        ["location", "class"].map(|kind| json!({ "kind": kind, "qbo_id": "1" }));
    [
        json!({ "accounts": [account] }),
        json!({ "dimensions": [location] }),
        json!({ "dimensions": [class] }),
        json!({ "dimensions": [location, class] }),
    ]
    .map(|facts| serde_json::from_value(facts).unwrap())
    .into()
}

#[test]
fn the_words_of_every_problem_are_those_of_the_file() {
    let mut now = GOLDEN
        .lines()
        .take_while(|line| line.starts_with('#'))
        .fold(String::new(), |head, line| head + line + "\n");
    for kind in registry() {
        let code = kind.code.as_str();
        write!(now, "\n# {}\n", kind.meaning).unwrap();
        now += &block(code, &kind.title, &kind.steps);
        let tenant = "ten_01jd5zk8x9e3qr0v7m2c4n6p8t".parse().unwrap();
        let event = "evt_01jd5zk8x9e3qr0v7m2c4n6p8t".parse().unwrap();
        for facts in named() {
            let Problem { title, steps, .. } = explain(tenant, event, kind.code, "", facts);
            if (&title, &steps) != (&kind.title, &kind.steps) {
                write!(now, "\n{}", block(code, &title, &steps)).unwrap();
            }
        }
    }
    assert!(
        now == GOLDEN,
        "words.golden is to be changed where words were; they are now:\n{now}"
    );
}
